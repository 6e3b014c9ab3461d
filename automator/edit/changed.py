"""The promise about annotations that are changed or taken away, checked: they do, and nothing else reads otherwise."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import yaml

from automator.edit.check import Parsed
from automator.errors import EditRefused
from automator.model.field import RepoPath
from automator.yamltext.nodes import Document

_STRING = "tag:yaml.org,2002:str"
_REPORT = "nothing was written; please report it"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What entries of a map are to read as, by their key; and those that are to be gone, by the id of the key's node."""

    changed: Mapping[str, str]
    gone: AbstractSet[int]


_NOTHING = Wanted({}, frozenset())


def check_changed(
    path: RepoPath, before: Parsed, after: Parsed, wanted: Mapping[int, Wanted]
) -> None:
    """`wanted` tells by the id of a map of `before`. Raises EditRefused."""
    if len(before.documents) != len(after.documents):
        raise _refused(path, "the number of documents would change")
    for old, new in zip(before.documents, after.documents, strict=True):
        if isinstance(old, Document) and isinstance(new, Document):
            _compare(path, old.root, new.root, wanted)
        elif type(old) is not type(new):
            raise _refused(path, "a document would parse no more")


def _compare(
    path: RepoPath, old_root: yaml.Node, new_root: yaml.Node, wanted: Mapping[int, Wanted]
) -> None:
    """Each pair once however many aliases lead to it."""
    seen: set[tuple[int, int]] = set()
    todo = [(old_root, new_root)]
    while todo:
        old, new = todo.pop()
        if (id(old), id(new)) in seen:
            continue
        seen.add((id(old), id(new)))
        if (type(old), old.tag) != (type(new), new.tag):
            raise _refused(path, "the type of a value would change")
        if isinstance(old, yaml.ScalarNode):
            if old.value != new.value:
                raise _refused(path, f"{old.value!r:.80} would become {new.value!r:.80}")
            continue
        todo += _pair_up(path, old, new, wanted.get(id(old), _NOTHING))


def _pair_up(
    path: RepoPath, old: yaml.Node, new: yaml.Node, told: Wanted
) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """What is to read alike in two collections; what is changed is looked at here."""
    kept = [one for one in old.value if not isinstance(one, tuple) or id(one[0]) not in told.gone]
    if len(kept) != len(new.value):
        raise _refused(path, "the structure would change")
    for one, other in zip(kept, new.value, strict=True):
        if not isinstance(one, tuple):
            yield one, other
            continue
        yield one[0], other[0]
        text = told.changed.get(one[0].value) if told.changed else None
        if text is None:
            yield one[1], other[1]
        elif (other[1].tag, other[1].value) != (_STRING, text):
            raise _refused(path, f"{one[0].value} would become {other[1].value!r:.80}")


def _refused(path: RepoPath, what: str) -> EditRefused:
    return EditRefused(f"the edit is refused: {what}", location=path, hint=_REPORT)
