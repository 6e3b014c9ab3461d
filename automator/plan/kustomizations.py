"""Kustomizations of a config repo, and the roots: what is built by itself, by hand, by Flux or by Argo CD.

A root is a kustomization that no other one includes, or the one that a Flux Kustomization or an Argo CD Application
points at, with the entries that those add. Knows nothing of what an entry changes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self

from automator.model.field import FieldKey, FileScan, Form, ImageField, ManifestObject, RepoPath
from automator.model.workload import WorkloadId
from automator.scan.workloads import ARGOCD_SOURCE, KUSTOMIZATION_NAMES, KUSTOMIZE_API

_FLUX_API = "kustomize.toolkit.fluxcd.io/"
_ARGOCD_API = "argoproj.io/"
_ARGOCD_SPECS = {"application": "spec", "applicationset": "spec.template.spec"}
_GENERATED_FROM = (".yaml", ".yml")
_TOP = RepoPath("")

Files = Mapping[RepoPath, FileScan]
Objects = Sequence[tuple[FileScan, ManifestObject]]
_Texts = Mapping[str, str]
"""An object's scalars by dotted path, or those below one of its keys; `""` is that key's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Of `images:`. `key` is None if the scan could not read it as an image field (`newTag: ${TAG}`).

    `replaced` are the entries that are gone because a root writes this one over them.
    """

    name: str
    new_name: str
    versioned: bool
    key: FieldKey | None
    replaced: tuple[FieldKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kustomization:
    """`resources` are files and folders, `components` folders. What is not in the config repo adds nothing."""

    resources: tuple[RepoPath, ...]
    components: tuple[RepoPath, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def included(self) -> tuple[RepoPath, ...]:
        return (*self.resources, *self.components)

    @property
    def applied(self) -> tuple[RepoPath | Entry, ...]:
        """To all that the resources come to."""
        return (*self.components, *self.entries)

    def over(self, entries: Iterable[Entry], components: Iterable[RepoPath] = ()) -> Self:
        """As Flux and `kustomize edit` write theirs: an entry over the one of its name, or else at the end."""
        left = {entry.name: entry for entry in entries}
        written = []
        for own in self.entries:
            entry = left.pop(own.name, None)
            gone = own.replaced if own.key is None else (*own.replaced, own.key)
            written.append(own if entry is None else replace(entry, replaced=gone))
        return replace(
            self,
            components=(*self.components, *components),
            entries=(*written, *left.values()),
        )


Kustomizations = Mapping[RepoPath, Kustomization]


def is_kustomize(found: ManifestObject) -> bool:
    """Whether a Kustomization is Kustomize's own, and not Flux's object of that kind."""
    return not found.api_version or found.api_version.startswith(KUSTOMIZE_API)


def read_kustomizations(objects: Objects) -> dict[RepoPath, Kustomization]:
    """Kustomize's own, by their folders."""
    kustomizations: dict[RepoPath, Kustomization] = {}
    for scan, found in objects:
        path, _, name = scan.path.rpartition("/")
        folder = RepoPath(path)
        if name in KUSTOMIZATION_NAMES and is_kustomize(found) and folder not in kustomizations:
            texts = _texts_of(found)
            kustomizations[folder] = Kustomization(
                resources=_resolve_all(folder, texts, "resources", "bases"),
                components=_resolve_all(folder, texts, "components"),
                entries=_Entries(scan, found.workload).read(texts),
            )
    return kustomizations


def find_roots(
    files: Files, kustomizations: Kustomizations, objects: Objects
) -> Iterable[Kustomization]:
    """Each once. Kustomizations that include each other in a ring are below each other: they cannot be built."""
    roots: list[Kustomization] = []
    below: set[RepoPath] = set()
    trees = _Trees(files, kustomizations)
    for scan, found in objects:
        for source in _sources_of(scan, found):
            kustomization = kustomizations.get(source.folder)
            if kustomization is None and source.is_generated:
                kustomization = trees.generate(source.folder)
            if kustomization is not None:
                below.add(source.folder)
                kustomization = kustomization.over(source.entries, source.components)
                if source.parameters in files:
                    kustomization = kustomization.over(_parameters(files[source.parameters]))
                roots.append(kustomization)
    for kustomization in (*kustomizations.values(), *roots):
        below.update(kustomization.included)
    roots += [found for folder, found in kustomizations.items() if folder not in below]
    return dict.fromkeys(roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A folder that an object of Flux or Argo CD has built, with what it adds to the kustomization there.

    `is_generated` if a folder without a kustomization gets one; `parameters` is the file with more entries.
    """

    folder: RepoPath
    entries: tuple[Entry, ...]
    components: tuple[RepoPath, ...]
    is_generated: bool = False
    parameters: RepoPath = _TOP


def _sources_of(scan: FileScan, found: ManifestObject) -> Iterator[_Source]:
    if found.api_version.startswith(_FLUX_API):
        yield from _flux_source(scan, found)
    elif found.api_version.startswith(_ARGOCD_API) and found.workload.kind in _ARGOCD_SPECS:
        yield from _argocd_sources(scan, found)


def _flux_source(scan: FileScan, found: ManifestObject) -> Iterator[_Source]:
    """Another kind of source than a Git repository is no config repo. What names none and no path is a patch."""
    spec = _below(_texts_of(found), "spec")
    kind = spec.get("sourceRef.kind", "")
    folder = _resolve(_TOP, spec.get("path", ""))
    if folder is not None and (kind == "GitRepository" or (not kind and "path" in spec)):
        yield _Source(
            folder=folder,
            entries=_Entries(scan, found.workload).read(spec),
            components=_resolve_all(folder, spec, "components"),
            is_generated=True,
        )


def _argocd_sources(scan: FileScan, found: ManifestObject) -> Iterator[_Source]:
    """A source without a path is a chart."""
    spec = _below(_texts_of(found), _ARGOCD_SPECS[found.workload.kind])
    entries = _Entries(scan, found.workload)
    for source in (_below(spec, "source"), *_items(spec, "sources")):
        kustomize = _below(source, "kustomize")
        own = entries.read(kustomize)
        folder = _resolve(_TOP, source.get("path", ""))
        if folder is not None and "path" in source:
            yield _Source(
                folder=folder,
                entries=own,
                components=_resolve_all(folder, kustomize, "components"),
                parameters=_join(folder, f"{ARGOCD_SOURCE}{found.workload.name}.yaml"),
            )


class _Trees:
    """The kustomizations that Flux generates for folders without one, of all the manifests below."""

    def __init__(self, files: Files, kustomizations: Kustomizations) -> None:
        self._kustomizations = kustomizations
        self._files = files
        self._paths: list[RepoPath] = []
        self._generated: dict[RepoPath, Kustomization] = {}

    def generate(self, folder: RepoPath) -> Kustomization:
        if folder not in self._generated:
            self._generated[folder] = Kustomization(resources=self._resources(folder))
        return self._generated[folder]

    def _resources(self, folder: RepoPath) -> tuple[RepoPath, ...]:
        """A resource that another one of the tree includes is there already: twice, kustomize refuses it."""
        self._paths = self._paths or sorted(self._files)
        prefix = _join(folder, "")
        found: dict[RepoPath, None] = {}
        for path in islice(self._paths, bisect_left(self._paths, prefix), None):
            if not path.startswith(prefix):
                break
            if path.endswith(_GENERATED_FROM):
                found[self._nested(path, len(prefix))] = None
        again = {
            path
            for nested in found
            if nested in self._kustomizations
            for path in self._kustomizations[nested].included
        }
        return tuple(path for path in found if path not in again)

    def _nested(self, path: RepoPath, start: int) -> RepoPath:
        """The outermost folder with a kustomization on the way to the file, or the file."""
        while (slash := path.find("/", start)) >= 0:
            folder = RepoPath(path[:slash])
            if folder in self._kustomizations:
                return folder
            start = slash + 1
        return path


class _Entries:
    """The entries of one object, each with the image field that the scan made of it."""

    def __init__(self, scan: FileScan, workload: WorkloadId) -> None:
        self._keys: dict[str, list[FieldKey]] = {}
        for number, found in enumerate(scan.fields):
            if found.workload == workload and _is_entry(found):
                self._keys.setdefault(found.container, []).append((scan.path, number))

    def read(self, texts: _Texts) -> tuple[Entry, ...]:
        entries = map(self._read, _items(texts, "images"))
        return tuple(entry for entry in entries if entry.name)

    def _read(self, item: _Texts) -> Entry:
        """`{name, newName, newTag, digest}`, or Argo CD's `[name=]repository[:tag][@digest]`."""
        if "" in item:
            before, equals, behind = item[""].strip().partition("=")
            new_name, versioned = _split(behind if equals else before)
            name = before.strip() if equals else new_name
        else:
            said = {**_below(item, "<<"), **item}
            name = said.get("name", "").strip()
            new_name = said.get("newName", "").strip() or name
            versioned = bool(said.get("newTag") or said.get("digest"))
        keys = self._keys.get(name)
        key = keys.pop(0) if keys else None
        return Entry(name=name, new_name=new_name, versioned=versioned, key=key)


def _parameters(scan: FileScan) -> Iterator[Entry]:
    """Of a file `.argocd-source-APP.yaml`."""
    for number, found in enumerate(scan.fields):
        if _is_entry(found):
            image = found.image
            yield Entry(
                name=found.container,
                new_name=image.name,
                versioned=image.tag is not None or image.digest is not None,
                key=(scan.path, number),
            )


def _is_entry(found: ImageField) -> bool:
    """Not the image of a patch, which is written as text in a scalar."""
    return found.form is Form.KUSTOMIZE and not found.parts[0].nested


def _split(reference: str) -> tuple[str, bool]:
    """Its name, and whether a tag or a digest follows; also of one that is not written literally."""
    head, slash, last = reference.strip().partition("@")[0].rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    return name, name != reference.strip()


def _texts_of(found: ManifestObject) -> dict[str, str]:
    return {key: value.text for key, value in found.values.items()}


def _below(texts: _Texts, key: str) -> dict[str, str]:
    prefix = f"{key}."
    return {path[len(prefix) :]: text for path, text in texts.items() if path.startswith(prefix)}


def _items(texts: _Texts, key: str) -> Iterable[dict[str, str]]:
    """Of a list, in its order."""
    items: dict[str, dict[str, str]] = {}
    for path, text in _below(texts, key).items():
        number, _, rest = path.partition(".")
        items.setdefault(number, {})[rest] = text
    return items.values()


def _resolve_all(folder: RepoPath, texts: _Texts, *keys: str) -> tuple[RepoPath, ...]:
    """The paths that stand in lists. A URL is no path of any file."""
    written = [item.get("", "") for key in keys for item in _items(texts, key)]
    paths = [_resolve(folder, path) for path in written if path and not path.startswith("/")]
    return tuple(path for path in paths if path is not None)


def _resolve(folder: RepoPath, path: str) -> RepoPath | None:
    """None for what is outside of the config repo."""
    segments = folder.split("/") if folder else []
    for segment in path.split("/"):
        if segment == "..":
            if not segments:
                return None
            segments.pop()
        elif segment not in {"", "."}:
            segments.append(segment)
    return RepoPath("/".join(segments))


def _join(folder: RepoPath, name: str) -> RepoPath:
    return RepoPath(f"{folder}/{name}" if folder else name)
