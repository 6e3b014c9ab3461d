"""Images at any depth of a tree: containers in lists, and the layouts of charts and custom resources."""

from collections.abc import Mapping, Sequence

import yaml

from automator.model.field import Form
from automator.scan.assembly import add_layout
from automator.scan.found import DocumentScan, Owner
from automator.scan.layouts import find_layouts, is_image_name, is_interesting
from automator.scan.podspec import CONTAINER_LISTS, POD_LISTS, is_twice, scan_pod_list
from automator.scan.reach import Path, get, keys_of, last_key, name_path, text_of

_NAMED_BY_THEIR_HOLDER = frozenset({"container", "script"})
"""Argo Workflows' templates have one of these; the template has the name."""


def scan_tree(
    scan: DocumentScan,
    owner: Owner,
    root: yaml.Node,
    prefix: Sequence[str] = (),
    overriding: str = "",
) -> None:
    """`overriding` is the registry that a chart's `global.imageRegistry` puts in place of the images' own."""
    pods, found = _PodLists(scan, Owner(owner.workload, Form.POD_SPEC)), []
    for path, mapping in scan.walk(root):
        keys = keys_of(mapping)
        if not POD_LISTS.isdisjoint(keys):
            pods.scan(keys)
        if is_interesting(keys) or is_image_name(last_key(path)):
            found.append((path, mapping))
    for path, mapping in found:
        if pods.has(mapping) or is_twice(scan, mapping):
            continue
        # Looked up again: what merge keys bring would be kept for every map that they bring it to.
        for layout in find_layouts(keys_of(mapping), last_key(path)):
            # What a merge key brings into a container is that container's image.
            if not pods.has(layout.repository):
                add_layout(scan, owner, [*prefix, *_names(owner, path)], layout, overriding)


class _PodLists:
    """The containers and volumes that a tree has in lists; their maps and images are nothing else."""

    def __init__(self, scan: DocumentScan, owner: Owner) -> None:
        self._scan = scan
        self._owner = owner
        # A list that aliases bring back under the same key says nothing new, and could do so without end.
        self._met: set[tuple[str, int]] = set()
        self._nodes: set[int] = set()

    def scan(self, keys: Mapping[str, yaml.Node]) -> None:
        for key, value in keys.items():
            if key not in POD_LISTS or not isinstance(value, yaml.SequenceNode):
                continue
            if (key, id(value)) in self._met:
                continue
            self._met.add((key, id(value)))
            scan_pod_list(self._scan, self._owner, key, value)
            self._nodes.update(id(node) for item in value.value for node in _taken(key, item))

    def has(self, node: yaml.Node) -> bool:
        return id(node) in self._nodes


def _taken(key: str, item: yaml.Node) -> list[yaml.Node]:
    """What a pod spec reads of a container or a volume. A chart may write a map there: that is a layout like any other."""
    image = get(item, "image")
    if key not in CONTAINER_LISTS:
        return [image] if image is not None and get(image, "reference") is not None else []
    if isinstance(image, yaml.MappingNode):
        return []
    return [item] if image is None else [item, image]


def _names(owner: Owner, path: Path) -> list[str]:
    """In values the whole way, as a chart's user writes it; in a resource the nearest name."""
    if owner.form is Form.HELM_VALUES or path is None:
        return name_path(path)
    above, step = path
    if isinstance(step, str) and step in _NAMED_BY_THEIR_HOLDER and above is not None:
        step = above[1]
    if isinstance(step, tuple):
        name = text_of(get(step[1], "name"))
        if name:
            return [name]
    names = name_path(path)
    return names[1:] if names[0] == "spec" else names
