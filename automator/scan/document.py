"""One YAML document: which forms of image field it has, and whose they are.

`FORMS` is the table of forms: a function for each, called with every entry of every mapping of the document. A new
form is a module with such a function, and a line there.
"""

from collections.abc import Callable, Iterator

import yaml

from automator.model.field import Declaration
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan, get, text_of
from automator.scan.podspec import scan_pod_spec

PREFIX = "automator.dev/"

_UNVISITED = frozenset({"status", "managedFields"})

FormScanner = Callable[[DocumentScan, WorkloadId, str, yaml.Node], None]
"""Called with (scan, workload, key, value) for every entry of every mapping that is visited."""

FORMS: tuple[FormScanner, ...] = (scan_pod_spec,)


def scan_document(scan: DocumentScan) -> None:
    root = scan.document.root
    if not isinstance(root, yaml.MappingNode) or get(root, "sops") is not None:
        return
    _scan_object(scan, root, set())


def _scan_object(scan: DocumentScan, node: yaml.MappingNode, seen: set[int]) -> None:
    """A Kubernetes object, or a List of them."""
    items = get(node, "items")
    if text_of(get(node, "kind")).endswith("List") and isinstance(items, yaml.SequenceNode):
        for item in items.value:
            if isinstance(item, yaml.MappingNode) and id(item) not in seen:
                seen.add(id(item))
                _scan_object(scan, item, seen)
        return
    workload = workload_of(node)
    if workload is None:
        return
    _declare(scan, workload, node)
    for parent in walk_mappings(node, seen):
        _report_duplicates(scan, parent)
        for key, value in parent.value:
            if isinstance(key, yaml.ScalarNode):
                for scanner in FORMS:
                    scanner(scan, workload, key.value, value)


def walk_mappings(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Every mapping below, once however many aliases lead to it, in the order of the text; not `status`."""
    todo = [node]
    while todo:
        current = todo.pop()
        if isinstance(current, yaml.MappingNode):
            yield current
            children = [
                value
                for key, value in current.value
                if not (isinstance(key, yaml.ScalarNode) and key.value in _UNVISITED)
            ]
        elif isinstance(current, yaml.SequenceNode):
            children = current.value
        else:
            continue
        for child in reversed(children):
            if not isinstance(child, yaml.ScalarNode) and id(child) not in seen:
                seen.add(id(child))
                todo.append(child)


def _report_duplicates(scan: DocumentScan, node: yaml.MappingNode) -> None:
    images = [
        key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value == "image"
    ]
    if len(images) > 1:
        scan.report(images[1], "`image` stands twice in one map", "remove one of them")


def _declare(scan: DocumentScan, workload: WorkloadId, node: yaml.MappingNode) -> None:
    """The annotations of the workload, then those of its pod template, wherever that is."""
    places = [get(node, "metadata")]
    template = node
    for key in ("spec", "jobTemplate", "spec", "template"):
        inner = get(template, key)
        if isinstance(inner, yaml.MappingNode):
            template = inner
    if template is not node:
        places.append(get(template, "metadata"))
    for metadata in places:
        annotations = get(metadata, "annotations")
        if not isinstance(annotations, yaml.MappingNode):
            continue
        for key, value in annotations.value:
            if isinstance(key, yaml.ScalarNode) and key.value.startswith(PREFIX):
                _declare_one(scan, workload, key, value)


def _declare_one(
    scan: DocumentScan, workload: WorkloadId, key: yaml.ScalarNode, value: yaml.Node
) -> None:
    if not isinstance(value, yaml.ScalarNode):
        scan.report(value, f"{key.value} is no text", "an annotation's value is a string: quote it")
        return
    start, _ = scan.text.scalar_span(scan.document, value)
    scan.declarations.append(
        Declaration(
            workload=workload,
            key=key.value,
            value=value.value,
            location=scan.location(value, start),
        )
    )


def workload_of(node: yaml.MappingNode) -> WorkloadId | None:
    kind, metadata = text_of(get(node, "kind")), get(node, "metadata")
    name = text_of(get(metadata, "name")) or text_of(get(metadata, "generateName"))
    if not kind or not name:
        return None
    return WorkloadId(text_of(get(metadata, "namespace")) or "default", kind.lower(), name)
