"""How a scalar is written, and a new value written the same way. Knows nothing of images."""

from functools import lru_cache

import yaml

_RESOLVER = yaml.resolver.Resolver()
_STRING = "tag:yaml.org,2002:str"


@lru_cache(maxsize=4096)
def reads_as_text(value: str) -> bool:
    """False where YAML 1.1 would read the plain scalar as a number, a boolean, a date or null (`1.10`, `yes`)."""
    implicit = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return bool(implicit == _STRING) and not _is_octal_or_exponent(value)


def _is_octal_or_exponent(value: str) -> bool:
    """What YAML 1.2 and Go's parser read as a number though YAML 1.1 does not: `1e3`, `0o17`, `0123`."""
    try:
        float(value)
    except ValueError:
        return value.startswith(("0o", "0x"))
    return True


def write_like(written: str, old: str, new: str) -> str | None:
    """The scalar `written`, which reads as `old`, changed to read as `new`; None if that takes guessing.

    Quotes stay. Where the old value stands literally in the written text, which it does in every style but
    escaped and folded ones, just these characters are replaced.
    """
    if written[:1] in {"'", '"'}:
        quote = written[0]
        if written[1:-1] == old:
            return f"{quote}{new}{quote}"
        return f"{quote}{new}{quote}" if quote == '"' else None
    if written[:1] in {"|", ">"}:
        return written.replace(old.strip(), new, 1) if written.count(old.strip()) == 1 else None
    if written != old:
        return None
    return new


def quote_if_misread(value: str) -> str:
    """For a tag that stands alone: quoted where YAML would not read it as text."""
    return value if reads_as_text(value) else f'"{value}"'
