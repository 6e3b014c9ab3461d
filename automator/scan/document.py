"""One YAML document: which forms of image field it has, and whose they are.

`FORMS` is the table of forms: a function for each, called with every entry of every mapping of the document. A new
form is a module with such a function, and a line there.
"""

from collections.abc import Callable, Iterator

import yaml

from automator.model.field import Declaration
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan
from automator.scan.podspec import scan_pod_spec
from automator.scan.reach import TooMuch, get, text_of, walk_mappings

PREFIX = "automator.dev/"

_TEMPLATE = "emplate"
"""How the keys of pod templates end in every kind: `template`, `podTemplate`, `workerTemplate`."""

FormScanner = Callable[[DocumentScan, WorkloadId, str, yaml.Node], None]
"""Called with (scan, workload, key, value) for every entry of every mapping that is visited."""

FORMS: tuple[FormScanner, ...] = (scan_pod_spec,)


def scan_document(scan: DocumentScan) -> None:
    root = scan.document.root
    try:
        for node in _objects(root):
            workload = workload_of(node)
            if workload is not None:
                _scan_object(scan, workload, node)
    except TooMuch:
        scan.fields.clear()
        scan.declarations.clear()
        scan.report(root, "this document is passed over: its aliases multiply", "write them out")


def _objects(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    """The Kubernetes object that a document is, or those of the List that it is. Not what SOPS signs."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if not isinstance(node, yaml.MappingNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if get(node, "sops") is not None:
            continue
        items = get(node, "items")
        if text_of(get(node, "kind")).endswith("List") and isinstance(items, yaml.SequenceNode):
            todo += reversed(items.value)
        else:
            yield node


def _scan_object(scan: DocumentScan, workload: WorkloadId, node: yaml.MappingNode) -> None:
    declared: set[int] = set()
    _declare(scan, workload, node, declared)
    # A collection that aliases bring back under the same key says nothing new, and could do so without end.
    met: set[tuple[str, int]] = set()
    for parent in walk_mappings(node, scan.visits):
        images = 0
        for key, value in parent.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name: str = key.value
            if name == "image":
                images += 1
                if images == 2:
                    scan.report(key, "`image` stands twice in one map", "remove one of them")
            if not isinstance(value, yaml.ScalarNode):
                if (name, id(value)) in met:
                    continue
                met.add((name, id(value)))
                if name.endswith(_TEMPLATE):
                    _declare(scan, workload, value, declared)
            for scanner in FORMS:
                scanner(scan, workload, name, value)


def _declare(scan: DocumentScan, workload: WorkloadId, node: yaml.Node, declared: set[int]) -> None:
    """The annotations in the metadata of an object or of a template, once if aliases repeat them."""
    annotations = get(get(node, "metadata"), "annotations")
    if not isinstance(annotations, yaml.MappingNode) or id(annotations) in declared:
        return
    declared.add(id(annotations))
    for key, value in annotations.value:
        if isinstance(key, yaml.ScalarNode) and key.value.startswith(PREFIX):
            _declare_one(scan, workload, key, value)


def _declare_one(
    scan: DocumentScan, workload: WorkloadId, key: yaml.ScalarNode, value: yaml.Node
) -> None:
    start = None
    if isinstance(value, yaml.ScalarNode):
        start, _ = scan.text.scalar_span(scan.document, value)
        text = value.value
    else:
        # Declared all the same: a lock that cannot be read must not pass for no lock.
        text = scan.written(value)
        scan.report(value, f"{key.value} is no text", "an annotation's value is a string: quote it")
    scan.declarations.append(
        Declaration(
            workload=workload, key=key.value, value=text, location=scan.location(value, start)
        )
    )


def workload_of(node: yaml.MappingNode) -> WorkloadId | None:
    kind, metadata = text_of(get(node, "kind")), get(node, "metadata")
    name = text_of(get(metadata, "name")) or text_of(get(metadata, "generateName"))
    if not kind or not name:
        return None
    return WorkloadId(text_of(get(metadata, "namespace")) or "default", kind.lower(), name)
