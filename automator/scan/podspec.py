"""Containers of a pod spec, and image volumes, at any depth of any kind."""

import yaml

from automator.errors import InvalidReference
from automator.model.field import Role
from automator.model.image import ImageReference
from automator.scan.assembly import report_untouched, whole_piece
from automator.scan.found import DocumentScan, Owner
from automator.scan.layouts import is_part_name
from automator.scan.reach import get, text_of, unique_items
from automator.scan.values import why_untouched

CONTAINER_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_VOLUMES = "volumes"
POD_LISTS = CONTAINER_LISTS | {_VOLUMES}

_CORE = "tag:yaml.org,2002:"
_NOT_CORE_TEXT = frozenset({f"{_CORE}binary"})


def scan_pod_list(scan: DocumentScan, owner: Owner, key: str, value: yaml.Node) -> None:
    """`key` is one of POD_LISTS."""
    owner = Owner(owner.workload, owner.form, key)
    for number, item in unique_items(value):
        if not isinstance(item, yaml.MappingNode) or is_twice(scan, item):
            continue
        image = get(item, "image")
        if key == _VOLUMES:
            image = get(image, "reference")
        if image is not None:
            add_reference(scan, owner, text_of(get(item, "name")) or f"{key}[{number}]", image)


def is_twice(scan: DocumentScan, mapping: yaml.Node) -> bool:
    """Which of two keys of one name counts is for nobody to guess. Told, if they are of an image."""
    seen: set[str] = set()
    for key, _ in mapping.value if isinstance(mapping, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen and is_part_name(key.value):
            scan.report(key, f"`{key.value}` stands twice in one map", "remove one of them")
            return True
        seen.add(key.value)
    return False


def add_reference(scan: DocumentScan, owner: Owner, container: str, node: yaml.Node) -> None:
    """A field whose one scalar must hold a whole reference; one that does not is told."""
    if not isinstance(node, yaml.ScalarNode):
        report_untouched(scan, node, "")
        return
    if not node.tag.startswith(_CORE) or node.tag in _NOT_CORE_TEXT:
        scan.report(node, f"{node.value!r} is left alone: its tag {node.tag} is no text's")
        return
    text = text_of(node).strip()
    reason = why_untouched(text)
    if reason is not None:
        report_untouched(scan, node, reason)
        return
    try:
        image = ImageReference.parse(text)
    except InvalidReference as error:
        scan.report(node, error.message, error.hint)
        return
    scan.add_field(owner, container, image, [whole_piece(Role.REFERENCE, node)])
