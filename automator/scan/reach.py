"""How the nodes of a document are reached: by key, through merge keys, each once. Bounded against alias bombs."""

from collections.abc import Iterator

import yaml

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
_UNVISITED = frozenset({"status", "managedFields"})
_MERGED_ENTRIES = 200
"""How far a lookup goes through merge keys: real ones hold a dozen."""


class TooMuch(Exception):
    """Aliases make a document so much larger than its text that reading it would take for ever."""


class Visits:
    """The collections of a document that were visited. Coming back to them is free up to a number of entries."""

    def __init__(self, entries_again: int = 100_000) -> None:
        self._left = entries_again
        self._seen: set[int] = set()

    def enter(self, node: yaml.CollectionNode) -> None:
        """Raises TooMuch."""
        if id(node) not in self._seen:
            self._seen.add(id(node))
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
    """The nearest merged mapping that has the key, in YAML's order: earlier ones win."""
    left, seen, todo = _MERGED_ENTRIES, {id(node)}, list(reversed(_merged_into(node)))
    while todo and left > 0:
        current = todo.pop()
        if id(current) in seen or not isinstance(current, yaml.MappingNode):
            continue
        seen.add(id(current))
        left -= len(current.value)
        for name, value in current.value[:_MERGED_ENTRIES]:
            if name.value == key:
                return value  # type: ignore[no-any-return]
        todo += reversed(_merged_into(current))
    return None


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


def walk_mappings(node: yaml.MappingNode, visits: Visits) -> Iterator[yaml.MappingNode]:
    """Every mapping below, once however many aliases lead to it, in the order of the text; not `status`."""
    seen = {id(node)}
    todo: list[yaml.CollectionNode] = [node]
    while todo:
        current = todo.pop()
        visits.enter(current)
        if isinstance(current, yaml.MappingNode):
            yield current
        for child in reversed(_collections_in(current)):
            if id(child) not in seen:
                seen.add(id(child))
                todo.append(child)


def _collections_in(node: yaml.CollectionNode) -> list[yaml.CollectionNode]:
    if isinstance(node, yaml.SequenceNode):
        return [item for item in node.value if not isinstance(item, yaml.ScalarNode)]
    return [
        value
        for key, value in node.value
        if not isinstance(value, yaml.ScalarNode)
        and not (isinstance(key, yaml.ScalarNode) and key.value in _UNVISITED)
    ]


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
