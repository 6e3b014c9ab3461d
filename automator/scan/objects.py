"""Objects that others refer to across files, as flat values: what they mean is the dialects' and the plan's business."""

import yaml

from automator.model.field import ManifestObject, ObjectValue
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan
from automator.scan.reach import Visits, get, text_of

KINDS = frozenset(
    {
        "Application",
        "ApplicationSet",
        "ImagePolicy",
        "ImageRepository",
        "ImageUpdateAutomation",
        "Kustomization",
    }
)
_MOST_VALUES = 10_000
_LONGEST_PATH = 1000
_CHARTS = frozenset({"Application", "ApplicationSet"})
_LARGE = frozenset({"values", "valuesObject"})
"""A chart's values: they may be long, and nobody looks them up here."""


def scan_object_values(scan: DocumentScan, workload: WorkloadId, root: yaml.MappingNode) -> None:
    """An empty map or list has a value too, `{}` or `[]`: to some keys it means another thing than nothing."""
    unread = _LARGE if text_of(get(root, "kind")) in _CHARTS else frozenset()
    values: dict[str, ObjectValue] = {}
    visits = Visits()
    todo: list[tuple[str, yaml.Node]] = [("", root)]
    while todo and len(values) < _MOST_VALUES:
        path, node = todo.pop()
        if isinstance(node, yaml.ScalarNode):
            start, _ = scan.text.scalar_span(scan.document, node)
            values[path] = ObjectValue(text_of(node), scan.location(node, start))
            continue
        visits.enter(node)
        if not node.value:
            empty = "{}" if isinstance(node, yaml.MappingNode) else "[]"
            values[path] = ObjectValue(empty, scan.location(node))
        for key, value in reversed(_pairs(node)):
            if key not in unread and key != "status" and len(path) < _LONGEST_PATH:
                todo.append((f"{path}.{key}" if path else key, value))
    scan.found.objects.append(
        ManifestObject(
            workload=workload,
            api_version=text_of(get(root, "apiVersion")),
            location=scan.location(root),
            values=values,
        )
    )


def _pairs(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
    return [(str(number), value) for number, value in enumerate(node.value)]
