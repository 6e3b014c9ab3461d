"""Containers of a pod spec, and image volumes, at any depth of any kind."""

import yaml

from automator.model.field import Form
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan
from automator.scan.reach import get, text_of

_CONTAINER_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})


def scan_pod_spec(scan: DocumentScan, workload: WorkloadId, key: str, value: yaml.Node) -> None:
    if key not in _CONTAINER_LISTS and key != "volumes":
        return
    if not isinstance(value, yaml.SequenceNode):
        return
    seen: set[int] = set()
    for number, item in enumerate(value.value):
        if not isinstance(item, yaml.MappingNode) or id(item) in seen:
            continue
        seen.add(id(item))
        image = get(get(item, "image"), "reference") if key == "volumes" else _container_image(item)
        if image is not None:
            name = text_of(get(item, "name")) or f"{key}[{number}]"
            scan.add_reference(workload, name, Form.POD_SPEC, image)


def _container_image(item: yaml.MappingNode) -> yaml.Node | None:
    """A container whose `image` stands twice is reported by the walk, and left alone."""
    own = sum(1 for key, _ in item.value if key.value == "image")
    return get(item, "image") if own <= 1 else None
