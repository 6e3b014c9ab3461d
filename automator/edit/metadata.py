"""Whose a name, an annotation or a label is: the object whose own metadata it, or that of a template in it, stands in."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from automator.edit.check import Parsed
from automator.errors import EditRefused
from automator.model.field import RepoPath, Span
from automator.model.workload import WorkloadId
from automator.scan.document import objects_of
from automator.scan.reach import get
from automator.scan.workloads import DocumentKind, kind_of, object_workload
from automator.yamltext.nodes import Document

_HOLDERS = ("annotations", "labels")
_NAMES = ("name", "generateName")
_NULL = "tag:yaml.org,2002:null"
_STEP = 2
_ALIAS = re.compile(r"\s*:\s*(?P<alias>\*[^\s,\[\]{}]+)")


@dataclass(frozen=True, slots=True)
class Owner:
    """An object's own metadata. `step` is how far its maps are indented; `readers` count how often nodes are read."""

    document: Document
    root: yaml.MappingNode
    metadata: yaml.MappingNode
    step: int
    readers: dict[int, int]

    def check_alone(self, place: str) -> None:
        """Raises EditRefused where an alias or a merge key makes the annotations somebody else's, too."""
        pair = own_pair(self.metadata, "annotations")
        nodes = [self.root, self.metadata, *(pair or ())]
        merged = pair is None and get(self.metadata, "annotations") is not None
        if merged or any(self.readers.get(id(node), 0) > 1 for node in nodes):
            raise EditRefused(
                "these annotations are read through an alias, too",
                location=place,
                hint="write them out where the alias stands",
            )


Owners = dict[tuple[int, int], Owner | None]
"""By line and column of the value; None for a value that aliases give to several."""


def own_pair(mapping: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Not what a merge key brings."""
    return next(((key, value) for key, value in mapping.value if key.value == name), None)


def value_span(text: str, document: Document, key: yaml.Node, value: yaml.Node) -> Span:
    """As written, with anchor and tag. An alias has the marks of what it stands for, which is written before it."""
    behind = key.end_mark.index + document.offset
    if value.start_mark.index >= key.end_mark.index:
        start, end = value.start_mark.index, value.end_mark.index
        return Span(start + document.offset, end + document.offset)
    found = _ALIAS.match(text, behind)
    return Span(found.start("alias"), found.end()) if found else Span(behind, behind)


def is_null(node: yaml.Node) -> bool:
    return bool(node.tag == _NULL)


def find_owners(parsed: Parsed) -> Owners:
    owners: Owners = {}
    for document in parsed.documents:
        if isinstance(document, Document):
            readers = _count_readers(document.root)
            for owner, value in _owned(document, readers):
                place = parsed.text.place_of(document, value)
                at = (place.line, place.column)
                other = owners.setdefault(at, owner)
                if other is None or other.metadata is not owner.metadata:
                    owners[at] = None
    return owners


def find_objects(path: RepoPath, parsed: Parsed) -> Iterator[tuple[WorkloadId, Owner]]:
    """The objects that a scan finds workloads in, as far as they have a name and metadata of their own."""
    for document in parsed.documents:
        if isinstance(document, Document):
            readers = _count_readers(document.root)
            for node in objects_of(document.root):
                owner = _as_owner(document, node, readers)
                workload = object_workload(node)
                if workload and owner and kind_of(path, node) is DocumentKind.OBJECT:
                    yield workload, owner


def _owned(document: Document, readers: dict[int, int]) -> Iterator[tuple[Owner, yaml.Node]]:
    """Every name, and every value in annotations and labels, with its object."""
    seen: set[int] = set()
    todo: list[tuple[yaml.Node, Owner | None]] = [(document.root, None)]
    while todo:
        node, owner = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += [(item, owner) for item in node.value]
        if not isinstance(node, yaml.MappingNode):
            continue
        owner = _as_owner(document, node, readers) or owner
        todo += [(value, owner) for _, value in node.value]
        metadata = get(node, "metadata")
        names = (get(metadata, name) for name in _NAMES)
        if owner is not None:
            yield from ((owner, name) for name in names if isinstance(name, yaml.ScalarNode))
        for holder in _HOLDERS:
            values = get(metadata, holder)
            if owner is not None and isinstance(values, yaml.MappingNode):
                yield from ((owner, value) for _, value in values.value)


def _as_owner(document: Document, node: yaml.MappingNode, readers: dict[int, int]) -> Owner | None:
    metadata = get(node, "metadata")
    if get(node, "kind") is None or not isinstance(metadata, yaml.MappingNode):
        return None
    return Owner(document, node, metadata, _step(metadata), readers)


def _step(metadata: yaml.MappingNode) -> int:
    """How far a block map in the metadata is indented, as its others are."""
    for key, value in metadata.value:
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            step = value.value[0][0].start_mark.column - key.start_mark.column
            return int(step) if step > 0 else _STEP
    return _STEP


def _count_readers(root: yaml.Node) -> dict[int, int]:
    """How many places lead to each node."""
    return Counter(id(node) for node in _reached(root))


def scalar_spans(parsed: Parsed) -> frozenset[Span]:
    """Where scalars are written."""
    return frozenset(
        Span(*parsed.text.scalar_span(document, node))
        for document in parsed.documents
        if isinstance(document, Document)
        for node in _reached(document.root)
        if isinstance(node, yaml.ScalarNode)
    )


def _reached(root: yaml.Node) -> Iterator[yaml.Node]:
    """Each node as often as a place leads to it; what is below it once."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, yaml.ScalarNode) or id(node) in seen:
            continue
        seen.add(id(node))
        for child in node.value:
            todo += child if isinstance(child, tuple) else [child]
