"""The promise about annotations, checked: some maps have grown by what was planned, and nothing else reads otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from automator.edit.check import Parsed
from automator.errors import EditRefused
from automator.model.field import RepoPath
from automator.yamltext.nodes import Document

_STRING = "tag:yaml.org,2002:str"
_REPORT = "nothing was written; please report it"

Grown = dict[str, Any]
"""What a map has more than before, at its end: texts, and maps of texts, by key."""


def check_grown(path: RepoPath, before: Parsed, after: Parsed, grown: Mapping[int, Grown]) -> None:
    """`grown` tells by the id of a node of `before`; an empty value becomes a map. Raises EditRefused."""
    _Comparison(path, grown).run(before, after)


class _Comparison:
    """Of a file before and after: each node once, and those that grow by exactly what they are to grow."""

    def __init__(self, path: RepoPath, grown: Mapping[int, Grown]) -> None:
        self._path = path
        self._grown = grown
        self._missing = set(grown)

    def run(self, before: Parsed, after: Parsed) -> None:
        """Raises EditRefused."""
        if len(before.documents) != len(after.documents):
            raise self._refused("the number of documents would change")
        for old, new in zip(before.documents, after.documents, strict=True):
            if isinstance(old, Document) and isinstance(new, Document):
                self._compare(old.root, new.root)
            elif type(old) is not type(new):
                raise self._refused("a document would parse no more")
        if self._missing:
            raise self._refused("an annotation would be missing")

    def _compare(self, old_root: yaml.Node, new_root: yaml.Node) -> None:
        seen: set[tuple[int, int]] = set()
        todo = [(old_root, new_root)]
        while todo:
            old, new = todo.pop()
            if (id(old), id(new)) in seen:
                continue
            seen.add((id(old), id(new)))
            added = self._grown.get(id(old))
            self._missing.discard(id(old))
            if added is not None and isinstance(old, yaml.ScalarNode):
                self._check_added([("annotations", new)], {"annotations": added})
                continue
            if (type(old), old.tag) != (type(new), new.tag):
                raise self._refused("the type of a value would change")
            if isinstance(old, yaml.ScalarNode):
                if old.value != new.value:
                    raise self._refused(f"{old.value!r:.80} would become {new.value!r:.80}")
                continue
            many = len(old.value)
            if len(new.value) < many:
                raise self._refused("the structure would change")
            self._check_added(new.value[many:], added or {})
            for one, other in zip(old.value, new.value[:many], strict=True):
                todo += zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]

    def _check_added(self, pairs: Sequence[Any], expected: Grown) -> None:
        if _read(pairs) != list(expected.items()):
            raise self._refused("the structure would change")

    def _refused(self, what: str) -> EditRefused:
        return EditRefused(f"the edit is refused: {what}", location=self._path, hint=_REPORT)


def _read(pairs: Sequence[Any]) -> list[tuple[str, Any]]:
    """Texts and maps of texts; None for what is neither."""
    read: list[tuple[str, Any]] = []
    for pair in pairs:
        key, value = pair if isinstance(pair, tuple) else ("", pair)
        name = key if isinstance(key, str) else key.value
        if isinstance(value, yaml.MappingNode):
            read.append((name, dict(_read(value.value))))
        else:
            read.append((name, value.value if value.tag == _STRING else None))
    return read
