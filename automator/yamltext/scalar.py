"""What a plain scalar reads as: text, or something else that has to be quoted. Knows nothing of images."""

import re
from functools import lru_cache

import yaml

_RESOLVER = yaml.resolver.Resolver()
_STRING = "tag:yaml.org,2002:str"
# What Go's parsers read as a number, a date or a boolean, though PyYAML does not.
_GO_ONLY = re.compile(r"0[oOxXbB][0-9a-fA-F_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[yYnN]")


@lru_cache(maxsize=4096)
def reads_as_text(value: str) -> bool:
    """False where YAML 1.1 would read the plain scalar as a number, a boolean, a date or null (`1.10`, `yes`)."""
    implicit = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return bool(implicit == _STRING) and not _GO_ONLY.fullmatch(value) and not _is_float(value)


def _is_float(value: str) -> bool:
    """`1e3`, `0123`, `nan`: numbers to YAML 1.2, though not all of them to YAML 1.1."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def quote_if_misread(value: str) -> str:
    """A plain scalar, quoted where YAML would not read it as text."""
    return value if reads_as_text(value) else f'"{value}"'
