"""One YAML document: what it is, and so which forms of image field to look for, and whose they are.

`_KINDS` is the table of the kinds whose images stand in places of their own; every other kind is a resource, in
which containers and images are found by their shape.
"""

from collections.abc import Callable, Iterator

import yaml

from automator.model.field import Form
from automator.model.workload import WorkloadId
from automator.scan.annotations import scan_annotations, scan_common_annotations
from automator.scan.compose import scan_compose
from automator.scan.found import DocumentScan, Findings, Owner
from automator.scan.helm import (
    scan_application,
    scan_chart_object,
    scan_helm_release,
    scan_values,
)
from automator.scan.kustomize import scan_entries, scan_operations, scan_patches
from automator.scan.objects import KINDS as REFERRED_KINDS
from automator.scan.objects import scan_object_values
from automator.scan.reach import TooMuch, get, text_of, unique_items
from automator.scan.tree import scan_tree
from automator.scan.workloads import DocumentKind, is_sealed, kind_of, workload_of

Scanner = Callable[[DocumentScan, Owner, yaml.MappingNode], None]


def _scan_nothing(scan: DocumentScan, owner: Owner, root: yaml.MappingNode) -> None:
    """Its `image` is a schema's, or says what to poll or to choose, not what runs."""


def _tell_unread(scan: DocumentScan, owner: Owner, root: yaml.MappingNode) -> None:
    what = f"{owner.workload} has no effect here: objects of this kind are not read"
    scan.report(root, what, "annotations of Argo CD Image Updater on an Application are", note=True)


def _scan_flux_kustomization(scan: DocumentScan, owner: Owner, root: yaml.MappingNode) -> None:
    spec = get(root, "spec")
    scan_entries(scan, owner, get(spec, "images"))
    scan_patches(scan, owner, spec)


_ARGOCD, _FLUX_IMAGES = ("argoproj.io/",), ("image.toolkit.fluxcd.io/",)
_KINDS: dict[str, tuple[tuple[str, ...], Scanner]] = {
    "Application": (_ARGOCD, scan_application),
    "ApplicationSet": (_ARGOCD, scan_application),
    "CustomResourceDefinition": (("apiextensions.k8s.io/",), _scan_nothing),
    "HelmChart": (("helm.cattle.io/",), scan_chart_object),
    "HelmChartConfig": (("helm.cattle.io/",), scan_chart_object),
    "HelmRelease": (("helm.", "flux.weave.works/"), scan_helm_release),
    "ImagePolicy": (_FLUX_IMAGES, _scan_nothing),
    "ImageRepository": (_FLUX_IMAGES, _scan_nothing),
    "ImageUpdateAutomation": (_FLUX_IMAGES, _scan_nothing),
    "ImageUpdater": (("argocd-image-updater.argoproj.io/",), _tell_unread),
    "Kustomization": (("kustomize.toolkit.fluxcd.io/",), _scan_flux_kustomization),
}
"""With how their API's versions begin: others have kinds of these names too, as KubeVela an Application."""

_POLICY_ENGINES = ("kyverno.io/", "constraints.gatekeeper.sh/", "policy.sigstore.dev/")
"""Whose objects of any kind say which images may run. What one of them adds to a pod can be marked by a comment."""


def scan_document(scan: DocumentScan, *, declares: bool) -> None:
    """`declares` is false where a look at the file told that no annotation of ours or of a dialect is in it."""
    root = scan.document.root
    try:
        for node in objects_of(root):
            _scan_object(scan, node, declares=declares)
        if isinstance(root, yaml.SequenceNode):
            scan_operations(scan, Owner(workload_of(scan.path, root), Form.KUSTOMIZE), root)
    except TooMuch:
        scan.found = Findings()
        scan.report(root, "this document is passed over: its aliases multiply", "write them out")


def objects_of(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    """The object that a document is, or those of the List that it is. Not what SOPS signs."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if not isinstance(node, yaml.MappingNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if is_sealed(node):
            continue
        items = get(node, "items")
        if text_of(get(node, "kind")).endswith("List") and isinstance(items, yaml.SequenceNode):
            todo += reversed(items.value)
        else:
            yield node


def _scan_object(scan: DocumentScan, node: yaml.MappingNode, *, declares: bool) -> None:
    workload = workload_of(scan.path, node)
    match kind_of(scan.path, node):
        case DocumentKind.OBJECT:
            _scan_kubernetes_object(scan, workload, node, declares=declares)
        case DocumentKind.KUSTOMIZATION:
            if declares:
                scan_common_annotations(scan, workload, node)
            _scan_kustomization(scan, Owner(workload, Form.KUSTOMIZE), node)
        case DocumentKind.COMPOSE:
            scan_compose(scan, Owner(workload, Form.COMPOSE), node)
        case DocumentKind.ARGOCD_SOURCE:
            scan_application(scan, Owner(workload, Form.HELM_VALUES), node)
        case _:
            scan_values(scan, Owner(workload, Form.HELM_VALUES), node)


def _scan_kubernetes_object(
    scan: DocumentScan, workload: WorkloadId, node: yaml.MappingNode, *, declares: bool
) -> None:
    kind = text_of(get(node, "kind"))
    if declares:
        scan_annotations(scan, workload, node)
    if kind in REFERRED_KINDS:
        scan_object_values(scan, workload, node)
    owner = Owner(workload, Form.CUSTOM_RESOURCE)
    _scanner_of(kind, text_of(get(node, "apiVersion")))(scan, owner, node)


def _scanner_of(kind: str, api_version: str) -> Scanner:
    if api_version.startswith(_POLICY_ENGINES):
        return _scan_nothing
    versions, scanner = _KINDS.get(kind, ((), scan_tree))
    known = not api_version or api_version.startswith(versions)
    return scanner if known else scan_tree


def _scan_kustomization(scan: DocumentScan, owner: Owner, node: yaml.MappingNode) -> None:
    scan_object_values(scan, owner.workload, node)
    scan_entries(scan, owner, get(node, "images"))
    scan_patches(scan, owner, node)
    for number, chart in unique_items(get(node, "helmCharts")):
        name = text_of(get(chart, "releaseName")) or text_of(get(chart, "name")) or str(number)
        scan_values(scan, owner, get(chart, "valuesInline"), (name,))
