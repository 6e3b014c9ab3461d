"""Containers of a pod spec, and image volumes, at any depth of any kind."""

import yaml

from automator.model.field import Form
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan, get, text_of

_CONTAINER_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})


def scan_pod_spec(scan: DocumentScan, workload: WorkloadId, key: str, value: yaml.Node) -> None:
    if not isinstance(value, yaml.SequenceNode):
        return
    if key in _CONTAINER_LISTS:
        for number, item in enumerate(value.value):
            _scan_container(scan, workload, item, f"{key}[{number}]")
    elif key == "volumes":
        for number, item in enumerate(value.value):
            reference = get(get(item, "image"), "reference")
            if reference is not None:
                name = text_of(get(item, "name")) or f"{key}[{number}]"
                scan.add_reference(workload, name, Form.POD_SPEC, reference)


def _scan_container(
    scan: DocumentScan, workload: WorkloadId, item: yaml.Node, unnamed: str
) -> None:
    """A container whose `image` stands twice is reported by the walk, and left alone."""
    if not isinstance(item, yaml.MappingNode):
        return
    images = [value for key, value in item.value if key.value == "image"]
    if len(images) == 1:
        scan.add_reference(
            workload, text_of(get(item, "name")) or unnamed, Form.POD_SPEC, images[0]
        )
