"""Annotations, and labels, that declare what may be updated: ours and those of the dialects, as they are written."""

import re

import yaml

from automator.model.field import Declaration
from automator.model.workload import WorkloadId
from automator.scan.found import DocumentScan
from automator.scan.reach import Path, get, keys_of

OWN_PREFIX = "automator.dev/"
FLUX1_PREFIXES = (
    "fluxcd.io/",
    "filter.fluxcd.io/",
    "flux.weave.works/",
    "repository.fluxcd.io/",
    "image.fluxcd.io/",
    "registry.fluxcd.io/",
    "tag.fluxcd.io/",
)
KEEL_PREFIX = "keel.sh/"
ARGOCD_PREFIX = "argocd-image-updater.argoproj.io/"
_PREFIXES = (OWN_PREFIX, *FLUX1_PREFIXES, KEEL_PREFIX, ARGOCD_PREFIX)
_AS_LABELS = (KEEL_PREFIX, *FLUX1_PREFIXES)
"""Keel reads labels too; Flux v1 did not, which is to be told."""
_WRITTEN = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(map(re.escape, _PREFIXES))})[\w.-]+(?=[\"']?:)"
    r"|(?<=# )automator(?=:)|\$imagepolicy"
)
_MERGE = "<<"
_TEMPLATE = "emplate"
"""How the keys of pod templates end in every kind: `template`, `podTemplate`, `workerTemplate`."""


def mentions_declarations(text: str) -> bool:
    """A quick look at a whole file."""
    return any(prefix in text for prefix in _PREFIXES)


def find_declaration(text: str) -> re.Match[str] | None:
    """The first annotation or comment that seems to declare something, in a text that is not parsed."""
    return _WRITTEN.search(text)


def scan_annotations(scan: DocumentScan, workload: WorkloadId, node: yaml.MappingNode) -> None:
    """In the metadata of an object and of the templates below it; those that aliases repeat once."""
    seen: set[int] = set()
    templates = [mapping for path, mapping in scan.walk(node) if _leads_to_template(path)]
    for holder in (node, *templates):
        metadata = get(holder, "metadata")
        _scan_map(scan, workload, get(metadata, "annotations"), seen, label=False)
        _scan_map(scan, workload, get(metadata, "labels"), seen, label=True)


def _leads_to_template(path: Path) -> bool:
    return path is not None and isinstance(path[1], str) and path[1].endswith(_TEMPLATE)


def scan_common_annotations(
    scan: DocumentScan, workload: WorkloadId, node: yaml.MappingNode
) -> None:
    """Kustomize's `commonAnnotations`, and its own metadata."""
    seen: set[int] = set()
    for annotations in (get(get(node, "metadata"), "annotations"), get(node, "commonAnnotations")):
        _scan_map(scan, workload, annotations, seen, label=False)


def _scan_map(
    scan: DocumentScan,
    workload: WorkloadId,
    annotations: yaml.Node | None,
    seen: set[int],
    *,
    label: bool,
) -> None:
    if not isinstance(annotations, yaml.MappingNode) or id(annotations) in seen:
        return
    seen.add(id(annotations))
    pairs = [
        (key.value, value)
        for key, value in annotations.value
        if isinstance(key, yaml.ScalarNode) and key.value != _MERGE
    ]
    if len(pairs) < len(annotations.value):
        own = {key for key, _ in pairs}
        pairs += [pair for pair in keys_of(annotations).items() if pair[0] not in own]
    for key, value in pairs:
        if key.startswith(_AS_LABELS if label else _PREFIXES):
            _declare(scan, workload, key, value, label=label)
        elif label and key.startswith(OWN_PREFIX):
            scan.report(value, f"{key} is a label: it has no effect", "make it an annotation")


def _declare(
    scan: DocumentScan,
    workload: WorkloadId,
    key: str,
    value: yaml.Node,
    *,
    label: bool,
) -> None:
    start = None
    if isinstance(value, yaml.ScalarNode):
        start, _ = scan.text.scalar_span(scan.document, value)
        text = value.value
    else:
        # Declared all the same: a lock that cannot be read must not pass for no lock.
        text = scan.written(value)
        scan.report(value, f"{key} is no text", "an annotation's value is a string: quote it")
    location = scan.location(value, start)
    scan.found.declarations.append(
        Declaration(workload=workload, key=key, value=text, location=location, label=label)
    )
