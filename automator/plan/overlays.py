"""Kustomize `images:` entries: the image fields that each takes the place of, wherever the manifests are built.

Building is kustomize's `accumulateTarget`: resources, then components, which see all that is there already, then the
kustomization's own entries, one after the other. An entry changes the images whose name is its `name`, in
`containers` and `initContainers` of any kind at any depth (kustomize's `filters/imagetag`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from automator.model.field import FieldKey, FileScan, Form, RepoPath
from automator.plan.kustomizations import (
    Entry,
    Files,
    Kustomization,
    Kustomizations,
    find_roots,
    read_kustomizations,
)

_CHANGED_LISTS = frozenset({"containers", "initContainers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlays:
    """Numbers of image fields, in the order of paths and text.

    `reached` are the workloads' image fields that an entry changes, be it the name alone. `overriding` are the entries
    that say the version in place of a field (a workload's, or another entry's) if every root that holds the field has
    one: then editing the field changes nothing that runs.
    """

    reached: Mapping[FieldKey, tuple[FieldKey, ...]] = field(default_factory=dict)
    overriding: Mapping[FieldKey, tuple[FieldKey, ...]] = field(default_factory=dict)


def find_overlays(files: Mapping[RepoPath, FileScan]) -> Overlays:
    paths = sorted(path for path, scan in files.items() if scan.objects)
    objects = [(files[path], found) for path in paths for found in files[path].objects]
    kustomizations = read_kustomizations(objects)
    build = _Build(files, kustomizations)
    ends: dict[FieldKey, set[FieldKey | None]] = {}
    for root in find_roots(files, kustomizations, objects):
        for states in build.build(root).values():
            for place, override in states:
                ends.setdefault(place, set()).add(override)
    overriding: dict[FieldKey, tuple[FieldKey, ...]] = {}
    for place, overrides in sorted(ends.items()):
        keys = [key for key in overrides if key is not None]
        if len(keys) == len(overrides):
            overriding[place] = tuple(sorted(keys))
    reached = {key: tuple(sorted(places)) for key, places in sorted(build.reached.items())}
    return Overlays(reached=reached, overriding=overriding)


_Images = dict[str, set[tuple[FieldKey, FieldKey | None]]]
"""What a kustomization comes to: by the name that an image has now, where it is written, and the entry that says its
version in that place's stead."""


_Step = RepoPath | Entry
"""A file or a folder whose images are added, or an entry that changes those that are there."""


class _Build:
    """What kustomizations come to, each folder built once. `reached` gathers what entries change meanwhile."""

    def __init__(self, files: Files, kustomizations: Kustomizations) -> None:
        self._files = files
        self._kustomizations = kustomizations
        self._begun: set[RepoPath] = set()
        self._built: dict[RepoPath, _Images] = {}
        self.reached: dict[FieldKey, set[FieldKey]] = {}

    def build(self, root: Kustomization) -> _Images:
        """From the inside out, without recursion: nobody bounds how deep kustomizations nest."""
        steps = self._steps(root)
        todo = self._unbuilt(steps)
        while todo:
            folder = todo[-1]
            inner = self._steps(self._kustomizations[folder])
            if folder not in self._begun:
                self._begun.add(folder)
                todo += self._unbuilt(inner)
                continue
            todo.pop()
            if folder not in self._built:
                self._built[folder] = self._run(inner)
        return self._run(steps)

    def _unbuilt(self, steps: Sequence[_Step]) -> list[RepoPath]:
        """The folders that come first. One that is begun is none: where a ring closes, nothing more is in it."""
        return [
            step
            for step in reversed(steps)
            if not isinstance(step, Entry)
            and step in self._kustomizations
            and step not in self._begun
        ]

    def _steps(self, kustomization: Kustomization) -> list[_Step]:
        """What is added and what is changed, in order, its components' steps among it, each component once."""
        steps: list[_Step] = [*kustomization.resources]
        todo: list[_Step] = [*reversed(kustomization.applied)]
        seen: set[RepoPath] = set()
        while todo:
            step = todo.pop()
            if isinstance(step, Entry):
                steps.append(step)
            elif step in self._kustomizations and step not in seen:
                seen.add(step)
                steps += self._kustomizations[step].resources
                todo += reversed(self._kustomizations[step].applied)
        return steps

    def _run(self, steps: Iterable[_Step]) -> _Images:
        images: _Images = {}
        for step in steps:
            if isinstance(step, Entry):
                self._change(step, images)
                continue
            if step not in self._built and step not in self._kustomizations:
                self._built[step] = self._images_in(step)
            for name, states in self._built.get(step, {}).items():
                images.setdefault(name, set()).update(states)
        return images

    def _images_in(self, path: RepoPath) -> _Images:
        images: _Images = {}
        scan = self._files.get(path)
        for number, found in enumerate(scan.fields if scan is not None else ()):
            in_list = found.form is Form.POD_SPEC and found.slot in _CHANGED_LISTS
            if in_list and not found.parts[0].nested:
                images.setdefault(found.image.name, set()).add(((path, number), None))
        return images

    def _change(self, entry: Entry, images: _Images) -> None:
        changed = images.pop(entry.name, set())
        if entry.key is None and entry.versioned:
            return  # what they come to is written in no image field
        states = images.setdefault(entry.new_name, set())
        override = entry.key if entry.versioned else None
        for place, overridden_by in changed:
            states.add((place, override or overridden_by))
            if entry.key is not None and self._is_workloads(place):
                self.reached.setdefault(entry.key, set()).add(place)
        if entry.key is None:
            return
        if entry.versioned:
            states.add((entry.key, None))
        states.update((place, entry.key) for place in entry.replaced)

    def _is_workloads(self, place: FieldKey) -> bool:
        path, number = place
        return self._files[path].fields[number].form is Form.POD_SPEC
