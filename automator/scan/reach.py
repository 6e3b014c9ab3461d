"""How the nodes of a document are reached: by key, through merge keys, each once. Bounded against alias bombs."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Union

import yaml

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
_COST_OF_A_FIELD = 10
UNVISITED = frozenset({"status", "managedFields", "annotations", "labels"})
_LONGEST_NAME = 100
"""How much of a step counts in a container's name: else one long key would stand in the names of all that is below it."""
_MERGED_ENTRIES = 200
"""How far a lookup goes through merge keys: real ones hold a dozen."""


class TooMuch(Exception):
    """Aliases make a document so much larger than its text that reading it would take for ever."""


class Visits:
    """The collections of a document that were visited. Coming back to them is free, for as many entries as the document
    has and some more: once for whoever reads a part of it anew, but not for aliases that multiply.
    """

    def __init__(self, entries_again: int = 100_000) -> None:
        self._left = entries_again
        self._seen: set[int] = set()

    def is_first(self, node: yaml.Node) -> bool:
        first = id(node) not in self._seen
        self._seen.add(id(node))
        return first

    def read(self, node: yaml.ScalarNode) -> None:
        """A scalar that is part of an image, which merge keys may bring to many maps. Raises TooMuch."""
        if not self.is_first(node):
            self._left -= _COST_OF_A_FIELD
            if self._left < 0:
                raise TooMuch

    def enter(self, node: yaml.Node) -> None:
        """Raises TooMuch."""
        if self.is_first(node):
            self._left += 1 + len(node.value)
            return
        self._left -= 1 + len(node.value)
        if self._left < 0:
            raise TooMuch


def get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of `key` in a mapping: its own, else what a merge key (`<<`) brings."""
    if not isinstance(node, yaml.MappingNode):
        return None
    merges = False
    for name, value in node.value:
        if name.value == key:
            return value  # type: ignore[no-any-return]
        merges = merges or name.value == "<<"
    return _get_merged(node, key) if merges else None


def _get_merged(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    for merged in _merged_mappings(node):
        for name, value in merged.value[:_MERGED_ENTRIES]:
            if name.value == key:
                return value  # type: ignore[no-any-return]
    return None


def _merged_mappings(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """The mappings that merge keys bring, the nearest first, in YAML's order: earlier ones win."""
    left, seen, todo = _MERGED_ENTRIES, {id(node)}, list(reversed(_merged_into(node)))
    while todo and left > 0:
        current = todo.pop()
        if id(current) in seen or not isinstance(current, yaml.MappingNode):
            continue
        seen.add(id(current))
        left -= len(current.value)
        yield current
        todo += reversed(_merged_into(current))


def _merged_into(node: yaml.MappingNode) -> list[yaml.Node]:
    merged: list[yaml.Node] = []
    for name, value in node.value[:_MERGED_ENTRIES]:
        if name.tag == _MERGE:
            merged += (
                value.value[:_MERGED_ENTRIES] if isinstance(value, yaml.SequenceNode) else [value]
            )
    return merged


def text_of(node: yaml.Node | None) -> str:
    """A scalar's text; "" for null and for what is no scalar."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag != _NULL else ""


Step = str | tuple[int, yaml.Node]
"""A key of a mapping, or an item of a sequence with its number."""

Path = Union[tuple["Path", Step], None]  # noqa: UP007 - a forward reference
"""How a node is reached from the root of a walk: the way to what holds it, and a step. Shared, so as to cost nothing."""


def walk_mappings(
    node: yaml.Node, visits: Visits, unvisited: AbstractSet[str] = UNVISITED
) -> Iterator[tuple[Path, yaml.MappingNode]]:
    """Every mapping below, once however many aliases lead to it, in the order of the text; not `status`."""
    seen = {id(node)}
    todo: list[tuple[Path, yaml.Node]] = [(None, node)]
    while todo:
        path, current = todo.pop()
        visits.enter(current)
        below: list[tuple[Path, yaml.Node]] = []
        if isinstance(current, yaml.MappingNode):
            yield path, current
            for key, value in current.value:
                if (
                    value.__class__ is not yaml.ScalarNode
                    and id(value) not in seen
                    and key.value.__class__ is str
                    and key.value not in unvisited
                ):
                    seen.add(id(value))
                    below.append(((path, key.value), value))
        elif isinstance(current, yaml.SequenceNode):
            for number, item in enumerate(current.value):
                if item.__class__ is not yaml.ScalarNode and id(item) not in seen:
                    seen.add(id(item))
                    below.append(((path, (number, item)), item))
        below.reverse()
        todo += below


def name_path(path: Path) -> list[str]:
    """`controller`, `image`: an item of a list by its `name`, else by its number."""
    names: list[str] = []
    while path is not None:
        path, step = path
        names.append((step if isinstance(step, str) else _name_item(*step))[:_LONGEST_NAME])
    return names[::-1]


def _name_item(number: int, item: yaml.Node) -> str:
    return text_of(get(item, "name")) or str(number)


def last_key(path: Path) -> str:
    """The nearest key on the way: that of the list, for an item of one. "" at the root."""
    while path is not None:
        path, step = path
        if isinstance(step, str):
            return step
    return ""


def keys_of(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """A mapping's values by key: its own before those that merge keys bring, the first where a key stands twice."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    keys: dict[str, yaml.Node] = {}
    for key, value in node.value:
        keys.setdefault(key.value if isinstance(key, yaml.ScalarNode) else "", value)
    if "<<" in keys:
        for merged in _merged_mappings(node):
            for key, value in merged.value[:_MERGED_ENTRIES]:
                keys.setdefault(key.value if isinstance(key, yaml.ScalarNode) else "", value)
    return keys


def unique_items(node: yaml.Node | None) -> Iterator[tuple[int, yaml.Node]]:
    """The items of a sequence with their numbers, one that aliases repeat once."""
    seen: set[int] = set()
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            if id(item) not in seen:
                seen.add(id(item))
                yield number, item


def count_readers(root: yaml.Node) -> dict[int, int]:
    """How many places of the document read each scalar, by the node's id: more than one where aliases lead to it."""
    readers: dict[int, int] = {}
    seen = {id(root)}
    todo = [root]
    while todo:
        current = todo.pop()
        if isinstance(current, yaml.ScalarNode):
            readers[id(current)] = readers.get(id(current), 0) + 1
            continue
        children = (
            [value for _, value in current.value]
            if isinstance(current, yaml.MappingNode)
            else current.value
        )
        for child in children:
            if isinstance(child, yaml.ScalarNode) or id(child) not in seen:
                seen.add(id(child))
                todo.append(child)
    return readers
