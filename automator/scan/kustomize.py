"""Kustomize: `images:` entries, Argo CD's strings `name=repository:tag`, and patches that name an image.

Entries are those of kustomize's types.Image (`name`, `newName`, `newTag`, `digest`); the strings those of
`kustomize edit set image`.
"""

import re
from dataclasses import replace
from functools import partial

import yaml

from automator.model.field import Form, Role, Span
from automator.model.image import Digest
from automator.model.workload import WorkloadId
from automator.scan.annotations import scan_annotations
from automator.scan.assembly import (
    NotRead,
    read_digest,
    read_literal,
    read_tag,
    report_untouched,
    whole_piece,
)
from automator.scan.found import DocumentScan, Owner, Piece
from automator.scan.podspec import CONTAINER_LISTS, add_reference, is_twice
from automator.scan.reach import get, keys_of, text_of, unique_items
from automator.scan.text import scan_text
from automator.scan.tree import scan_tree
from automator.scan.values import read_image, why_untouched
from automator.scan.workloads import object_workload

_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")
_POINTER = re.compile(r".*/([^/]+)/([0-9]+|-)(?:/image)?|(.*)/image")


def scan_entries(scan: DocumentScan, owner: Owner, images: yaml.Node | None) -> None:
    owner = replace(owner, form=Form.KUSTOMIZE)
    for _, item in unique_items(images):
        if isinstance(item, yaml.ScalarNode):
            _scan_string(scan, owner, item)
            continue
        if is_twice(scan, item):
            continue
        try:
            _scan_entry(scan, owner, item)
        except NotRead as untouched:
            report_untouched(scan, untouched.node, untouched.reason)


def _scan_entry(scan: DocumentScan, owner: Owner, item: yaml.Node) -> None:
    keys = keys_of(item)
    name, _ = read_literal(keys.get("name"))
    new_name, new_name_node = read_literal(keys.get("newName"))
    image = read_image(new_name or name)
    if image is None or not name:
        return
    pieces: list[Piece] = []
    if new_name_node is not None and new_name:
        pieces.append(whole_piece(Role.REPOSITORY, new_name_node))
    tag, digest = read_tag(keys.get("newTag"), pieces)
    digest = _read_digest(keys.get("digest"), pieces) or digest
    if text_of(keys.get("tagSuffix")):
        raise NotRead(keys["tagSuffix"], "a tagSuffix changes what is written here")
    if pieces:
        scan.add_field(owner, name, image.moved_to(tag, digest), pieces)


def _read_digest(node: yaml.Node | None, pieces: list[Piece]) -> Digest | None:
    text, scalar = read_literal(node)
    if scalar is None or not text:
        return None
    pieces.append(whole_piece(Role.DIGEST, scalar))
    return read_digest(scalar, text)


def _scan_string(scan: DocumentScan, owner: Owner, node: yaml.ScalarNode) -> None:
    """`[name=]repository[:tag][@digest]`; only the part behind the `=` is the image."""
    value = text_of(node)
    name, equals, rest = value.partition("=")
    text = (rest if equals else value).strip()
    reason = why_untouched(text)
    if reason is not None:
        report_untouched(scan, node, reason)
        return
    image = read_image(text)
    if image is not None:
        start = value.index(text, len(name) + 1 if equals else 0)
        within = None if text == value else Span(start, start + len(text))
        container = name.strip() if equals else image.name
        scan.add_field(owner, container, image, [Piece(Role.REFERENCE, node, within)])


def scan_operations(scan: DocumentScan, owner: Owner, operations: yaml.Node) -> None:
    """A JSON patch (RFC 6902): a `value` that stands for an image, or for a container."""
    for _, operation in unique_items(operations):
        keys = keys_of(operation)
        pointer = text_of(keys.get("path"))
        found = _POINTER.fullmatch(pointer)
        if found is None or text_of(keys.get("op")) not in {"add", "replace"}:
            continue
        items, number, above = found.groups()
        slot = items if items in CONTAINER_LISTS else ""
        owner = replace(owner, form=Form.KUSTOMIZE, slot=slot)
        place = f"{items}[{number}]"
        value = keys.get("value")
        if not pointer.endswith("/image"):
            image = get(value, "image") if slot else None
            container = text_of(get(value, "name")) or place
        else:
            image = value
            container = place if items else _name_of(above)
        if isinstance(image, yaml.ScalarNode):
            add_reference(scan, owner, container, image)


def _name_of(pointer: str) -> str:
    """`kafka` for `/spec/kafka/image`, as the object that is patched would name it."""
    last = pointer.rpartition("/")[2]
    return "image" if last in {"", "spec"} else last


def scan_patches(scan: DocumentScan, owner: Owner, holder: yaml.Node | None) -> None:
    """Patches that are written in place, as text in a scalar: of either kind."""
    for key in _PATCHES:
        for _, patch in unique_items(get(holder, key)):
            text = get(patch, "patch") if isinstance(patch, yaml.MappingNode) else patch
            target = _target_of(patch, owner)
            scan_text(scan, text, partial(_scan_patch, owner=target))


def _scan_patch(inner: DocumentScan, owner: Owner) -> None:
    root = inner.document.root
    if isinstance(root, yaml.SequenceNode):
        scan_operations(inner, owner, root)
    elif isinstance(root, yaml.MappingNode):
        named = object_workload(root)
        owner = owner if named is None else replace(owner, workload=named)
        if named is not None:
            scan_annotations(inner, named, root)
        scan_tree(inner, replace(owner, form=Form.CUSTOM_RESOURCE), root)


def _target_of(patch: yaml.Node, owner: Owner) -> Owner:
    """Whose images a patch sets, where its `target` names one workload."""
    target = get(patch, "target")
    kind, name = text_of(get(target, "kind")), text_of(get(target, "name"))
    if not kind or not name:
        return owner
    namespace = text_of(get(target, "namespace")) or owner.workload.namespace
    return replace(owner, workload=WorkloadId(namespace, kind.lower(), name))
