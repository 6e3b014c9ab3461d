"""Helm values: in values files, HelmReleases and Argo CD's objects, as YAML, as parameters, and as text in a scalar."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import yaml

from automator.model.field import Form
from automator.scan.assembly import add_layout
from automator.scan.found import DocumentScan, Owner
from automator.scan.kustomize import scan_entries, scan_patches
from automator.scan.layouts import Layout, find_layouts
from automator.scan.reach import UNVISITED, get, keys_of, text_of, unique_items, walk_mappings
from automator.scan.text import scan_text
from automator.scan.tree import scan_tree

_NO_SOURCES = UNVISITED | {"valuesObject"}
"""A chart's values may hold what looks like a source; they are read as values already."""
_PARTS = ("image", "repository", "tag", "registry")


def scan_values(
    scan: DocumentScan, owner: Owner, values: yaml.Node | None, prefix: tuple[str, ...] = ()
) -> None:
    """Every image at any depth. `global.imageRegistry` stands for the registries of the maps that have one."""
    if values is None:
        return
    scan_tree(scan, replace(owner, form=Form.HELM_VALUES), values, prefix, _global_registry(values))


def _global_registry(values: yaml.Node) -> str:
    """`global.imageRegistry`; or `global.image.registry`, where that is no image of its own."""
    scope = get(values, "global")
    image = get(scope, "image")
    shared = get(image, "registry") if get(image, "repository") is None else None
    return text_of(get(scope, "imageRegistry")) or text_of(shared)


def scan_helm_release(scan: DocumentScan, owner: Owner, release: yaml.MappingNode) -> None:
    """Flux's HelmRelease, the first version's and the second's."""
    spec = get(release, "spec")
    values = get(spec, "values")
    placed = _placed_images(release, values)
    before = len(scan.found.fields)
    scan_values(scan, owner, values)
    if placed:
        _replace_by_placed(scan, replace(owner, form=Form.HELM_VALUES), placed, before)
    for _, renderer in unique_items(get(spec, "postRenderers")):
        kustomize = get(renderer, "kustomize")
        scan_entries(scan, owner, get(kustomize, "images"))
        scan_patches(scan, owner, kustomize)


def _placed_images(
    release: yaml.MappingNode, values: yaml.Node | None
) -> dict[str, dict[str, yaml.Node]]:
    """Flux v1's annotations `repository.fluxcd.io/CONTAINER: path`: the scalars by container and part."""
    placed: dict[str, dict[str, yaml.Node]] = {}
    known: dict[int, dict[str, yaml.Node]] = {}
    for key, path in keys_of(get(get(release, "metadata"), "annotations")).items():
        domain, slash, container = key.partition("/")
        part = domain.removesuffix(".fluxcd.io")
        if not slash or part == domain or part not in _PARTS:
            continue
        node = values
        for step in text_of(path).split("."):
            if id(node) not in known:
                known[id(node)] = keys_of(node)
            node = known[id(node)].get(step)
        if node is not None:
            placed.setdefault(container, {})[part] = node
    return placed


def _replace_by_placed(
    scan: DocumentScan, owner: Owner, placed: Mapping[str, dict[str, yaml.Node]], before: int
) -> None:
    """What the annotations place is that container's, under no other name."""
    structural = scan.found.fields[before:]
    del scan.found.fields[before:]
    for container, parts in placed.items():
        named = parts.get("image") or parts.get("repository")
        if named is not None:
            layout = Layout(
                name=container,
                repository=named,
                tag=parts.get("tag"),
                registry=parts.get("registry"),
            )
            add_layout(scan, owner, [], layout)
    taken = {part.span for found in scan.found.fields[before:] for part in found.parts}
    scan.found.fields += [
        found for found in structural if taken.isdisjoint(part.span for part in found.parts)
    ]


def scan_application(scan: DocumentScan, owner: Owner, root: yaml.Node) -> None:
    """Argo CD's Application and ApplicationSet, and the files `.argocd-source-APP.yaml`: sources at any depth."""
    for _, mapping in walk_mappings(root, scan.visits, _NO_SOURCES):
        keys = keys_of(mapping)
        if "kustomize" in keys:
            scan_entries(scan, owner, get(keys["kustomize"], "images"))
            scan_patches(scan, owner, keys["kustomize"])
        if "helm" in keys:
            _scan_helm(scan, owner, keys["helm"])


def _scan_helm(scan: DocumentScan, owner: Owner, helm: yaml.Node) -> None:
    scan_values(scan, owner, get(helm, "valuesObject"))
    scan_values_text(scan, owner, get(helm, "values"))
    _scan_parameters(scan, owner, get(helm, "parameters"))


def scan_values_text(scan: DocumentScan, owner: Owner, text: yaml.Node | None) -> None:
    scan_text(scan, text, lambda inner: scan_values(inner, owner, inner.document.root))


def _scan_parameters(scan: DocumentScan, owner: Owner, parameters: yaml.Node | None) -> None:
    """`{name: controller.image.tag, value: "1.2"}`."""
    named = (
        (text_of(get(item, "name")), get(item, "value")) for _, item in unique_items(parameters)
    )
    _scan_dotted(scan, owner, named)


def _scan_dotted(
    scan: DocumentScan, owner: Owner, named: Iterable[tuple[str, yaml.Node | None]]
) -> None:
    """Values by dotted names: those that share a prefix stand for one map."""
    maps: dict[tuple[str, ...], dict[str, yaml.Node]] = {}
    for name, value in named:
        if name and value is not None:
            *above, key = name.split(".")
            maps.setdefault(tuple(above), {})[key] = value
    owner = replace(owner, form=Form.HELM_VALUES)
    for names, keys in maps.items():
        for layout in find_layouts(keys, names[-1] if names else ""):
            add_layout(scan, owner, list(names), layout)


def scan_chart_object(scan: DocumentScan, owner: Owner, root: yaml.MappingNode) -> None:
    """K3s' HelmChart and HelmChartConfig: values as text, and by dotted names."""
    spec = get(root, "spec")
    scan_values_text(scan, owner, get(spec, "valuesContent"))
    _scan_dotted(scan, owner, keys_of(get(spec, "set")).items())
