"""Manifests as plain data: what PyYAML's loader gives, with nothing known of places.

Scalars stay as they are written, and those behind which a Flux v2 marker stands know it.
"""

import re
from collections import Counter
from collections.abc import Iterator

import yaml

_GENERATED = re.compile(
    r"do.not.edit|auto.?generated|^\W*generated (by|from)|code generated|generated file|@generated",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_MARKED = re.compile(
    r"""^(?P<before>[^#\n]*?[:-][ ]+)(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s#"']+)"""
    r"""(?P<after>[ \t]+\#[ \t]*\{[^\n]*"\$imagepolicy"[ ]*:[ ]*"(?P<policy>[^":]+:[^":]+)(?::(?P<part>[a-z]+))?"[^\n]*)$""",
    re.MULTILINE | re.VERBOSE,
)


class Marked(str):
    """A scalar with a Flux v2 marker behind it. `named` is what stands as the image's name beside it, once read."""

    __slots__ = ("named", "part", "policy")

    def __new__(cls, value, policy, part):
        made = super().__new__(cls, value)
        made.policy, made.part, made.named = policy, part, None
        return made


class PlainMap(dict):
    """A map that remembers which of its keys stand in it twice."""

    __slots__ = ("doubled",)


class _Loader(yaml.CSafeLoader):
    """Scalars as they are written: `1.10` stays itself. A tag that is not YAML's own makes nothing readable."""


def _load_mapping(loader, node):
    data = PlainMap()
    yield data
    own = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
    data.doubled = {key for key, times in own.items() if times > 1 and key != "<<"}
    loader.flatten_mapping(node)
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else repr(key)
        data[name] = loader.construct_object(value, deep=True)


def _load_marked(loader, _, node):
    value, policy, part = yaml.safe_load(node.value)
    return Marked(value, policy, part)


for _kind in ("int", "float", "bool", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_yaml_str)
_Loader.add_constructor("tag:yaml.org,2002:map", _load_mapping)
_Loader.add_multi_constructor("!marked", _load_marked)
_Loader.add_multi_constructor("", lambda *_: None)


def read_text(data: bytes) -> str | None:
    """None for what is none to read: binary, in another encoding, or generated, as its first comments say.

    Marked values get a tag of their own, which the loader knows.
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in data:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    for line in text.splitlines()[:10]:
        if line.strip() and not line.startswith(("#", "---", "%")):
            break
        if _GENERATED.search(line):
            return None
    text = text.replace("\r\n", "\n")
    return _MARKED.sub(_mark, text) if "$imagepolicy" in text else text


def _mark(found):
    """The value as a scalar of a tag of its own, so that plain data remembers its marker."""
    value = yaml.load(found["value"], yaml.CBaseLoader)
    content = yaml.safe_dump(
        [value, found["policy"], found["part"] or ""], default_flow_style=True, width=10**6
    )
    quoted = content.strip().replace("'", "''")
    return f"{found['before']}!marked '{quoted}'{found['after']}"


def marked_in(data) -> Iterator[Marked]:
    if isinstance(data, Marked):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from marked_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from marked_in(value)


def load_documents(text: str) -> list:
    """All documents of a file; where that fails, of each stretch between `---` those that load."""
    try:
        return list(yaml.load_all(text, _Loader))
    except yaml.YAMLError:
        documents = []
        starts = [0, *(found.start() for found in _SEPARATOR.finditer(text)), len(text)]
        for number, start in enumerate(starts[:-1]):
            try:
                documents += list(yaml.load_all(text[start : starts[number + 1]], _Loader))
            except yaml.YAMLError:
                continue
        return documents


def as_dict(value):
    return value if isinstance(value, dict) else {}


def as_list(value):
    return value if isinstance(value, list) else []


def doubled_in(data):
    return getattr(data, "doubled", set())
