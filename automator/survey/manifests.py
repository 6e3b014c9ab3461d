"""What the manifests of a config repo say together: image fields, what is declared for each, and how overlays join them.

A file is read once for each content of it (`read_file`); what files say of each other is put together for each
commit (`read_across`). Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from operator import itemgetter
from types import MappingProxyType

from automator.config.declared import read_comment, read_native
from automator.config.models import DialectSettings
from automator.dialects.argocd import read_argocd
from automator.dialects.flux1 import read_flux1
from automator.dialects.flux2 import read_flux2
from automator.dialects.keel import KEEL_PREFIXES, read_keel
from automator.dialects.reading import ObjectKey, WorkloadReading
from automator.model.field import (
    Declaration,
    FieldKey,
    FileScan,
    ImageField,
    Location,
    Problem,
    RepoPath,
)
from automator.model.policy import Declared, Policy
from automator.model.workload import WorkloadId
from automator.plan.match import combine_declared, is_ruled
from automator.plan.overlays import Overlays, find_overlays
from automator.scan.annotations import FLUX1_PREFIXES, OWN_PREFIX
from automator.survey.idle import hidden, tell_idle, words_without_image

ALL_DIALECTS = DialectSettings()

WorkloadReader = Callable[[Sequence[Declaration], Sequence[ImageField]], WorkloadReading]
Readers = Sequence[tuple[tuple[str, ...], WorkloadReader]]
"""Each with the prefixes of the annotations that it reads."""

_OURS = "automator's own annotation or comment"
_NATIVE: Readers = [((OWN_PREFIX,), read_native)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """A file's scan, and what it declares for its image fields by itself: in our words, and in a dialect's.

    Annotations count in their own file alone: two overlays may hold a workload of one name, and mean different things.
    """

    scan: FileScan
    native: tuple[Declared | None, ...] = ()
    dialect: tuple[Declared | None, ...] = ()
    problems: tuple[Problem, ...] = ()
    idle: tuple[Declaration, ...] = ()
    """What is said of all images of an object that has none in this file."""

    @property
    def declared_problems(self) -> tuple[Problem, ...]:
        """Those of what the file declares, not of how it is written: they stand behind the scan's."""
        return self.problems[len(self.scan.problems) :]

    def native_of(self, number: int) -> Declared | None:
        """Of an image field; nothing of one that the file could not name by itself."""
        return self.native[number] if number < len(self.native) else None

    def combined(self, number: int, across: Declared | None) -> Declared | None:
        """The nearest first: our own word, that of other files (`across`), a dialect's in this file."""
        dialect = self.dialect[number] if number < len(self.dialect) else None
        return combine_declared(self.native_of(number), across, dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """What files say of each other. `fields` are those that no file could name by itself."""

    declared: Mapping[FieldKey, Declared] = field(default_factory=dict)
    fields: Mapping[RepoPath, tuple[ImageField, ...]] = field(default_factory=dict)
    overlays: Overlays = field(default_factory=Overlays)
    problems: tuple[Problem, ...] = ()


def read_file(scan: FileScan, dialects: DialectSettings) -> FileReading:
    if not scan.declarations and not any(found.comment for found in scan.fields):
        return FileReading(scan=scan, problems=scan.problems)
    readers: list[tuple[tuple[str, ...], WorkloadReader]] = []
    if dialects.flux_v1:
        readers.append((FLUX1_PREFIXES, read_flux1))
    if dialects.keel:
        readers.append((KEEL_PREFIXES, read_keel))
    native, problems = _read_workloads(scan.declarations, scan.fields, _NATIVE)
    dialect, more = _read_workloads(scan.declarations, scan.fields, readers)
    problems += more
    for number, found in enumerate(scan.fields):
        if found.comment is not None:
            policy, mistakes = read_comment(found.comment)
            native[number] = replace(native[number] or Declared(), policy=policy)
            problems += mistakes
    problems += hidden(native, dialect, _OURS)
    return FileReading(
        scan=scan,
        native=tuple(native),
        dialect=tuple(dialect),
        problems=(*scan.problems, *problems),
        idle=words_without_image(scan),
    )


def _hidden_across(
    files: Mapping[RepoPath, FileReading], declared: Mapping[FieldKey, Declared]
) -> Iterator[Problem]:
    """What other files say of a field stands between our own word and its own file's dialects."""
    for (path, number), said in sorted(declared.items(), key=itemgetter(0)):
        reading = files[path]
        if number >= len(reading.native):
            continue
        place = reading.scan.fields[number].location
        # One ImagePolicy rules many fields: what is told of one is told there.
        here = replace(said, policy=said.policy and replace(said.policy, source=place))
        yield from hidden([reading.native[number]], [here], _OURS)
        if not is_ruled(reading.native[number]):
            yield from hidden([said], [reading.dialect[number]])


def _read_workloads(
    declarations: Sequence[Declaration], fields: Sequence[ImageField], readers: Readers
) -> tuple[list[Declared | None], list[Problem]]:
    """Each reader sees all that one workload declares under its prefixes, and all the workload's image fields."""
    declared: list[Declared | None] = [None] * len(fields)
    problems: list[Problem] = []
    numbers: dict[WorkloadId, list[int]] = {}
    for number, found in enumerate(fields):
        numbers.setdefault(found.workload, []).append(number)
    by_workload: dict[WorkloadId, list[Declaration]] = {}
    for declaration in declarations:
        by_workload.setdefault(declaration.workload, []).append(declaration)
    for workload, own in by_workload.items():
        theirs = numbers.get(workload, [])
        for prefixes, reader in readers:
            said = [declaration for declaration in own if declaration.key.startswith(prefixes)]
            if not said:
                continue
            reading = reader(said, [fields[number] for number in theirs])
            problems += reading.problems
            problems += hidden([declared[number] for number in theirs], reading.declared)
            for number, word in zip(theirs, reading.declared, strict=True):
                declared[number] = combine_declared(declared[number], word)
    return declared, problems


def read_across(
    files: Mapping[RepoPath, FileReading],
    dialects: DialectSettings,
    context: Mapping[RepoPath, FileReading] = MappingProxyType({}),
) -> Across:
    """`context` are kustomizations that are never written, and yet override what is."""
    scans = {path: reading.scan for path, reading in files.items()}
    declared: dict[FieldKey, Declared] = {}
    fields: dict[RepoPath, tuple[ImageField, ...]] = {}
    problems: list[Problem] = []
    overlays = find_overlays(scans | {path: one.scan for path, one in context.items()})
    said_by: Mapping[FieldKey, AbstractSet[ObjectKey]] = {}
    if dialects.flux_v2:
        flux2 = read_flux2(scans)
        declared.update(flux2.declared)
        fields.update(flux2.fields)
        problems += flux2.problems
    if dialects.argocd_image_updater:
        argocd = read_argocd(scans)
        problems += argocd.problems
        for key, said in argocd.declared.items():
            declared[key] = _with(declared.get(key), said)
        said_by = argocd.said_by
    for path, made in fields.items():
        for key, guard in _guards(scans[path], made):
            declared[key] = _with(declared.get(key), guard)
    for key, objects in said_by.items():
        for word in _own_words_of(objects, scans, scans[key[0]].fields[key[1]]):
            problems += hidden([word], [declared[key]])
            declared[key] = _with(word, declared[key])
    problems += _hidden_across(files, declared)
    ruling = set().union(*said_by.values())
    ruling |= {(path, found.workload) for path, made in fields.items() for found in made}
    idle = (word for reading in files.values() for word in reading.idle)
    problems += tell_idle(idle, ruling)
    return Across(declared=declared, fields=fields, overlays=overlays, problems=tuple(problems))


def _with(nearer: Declared | None, said: Declared) -> Declared:
    return combine_declared(nearer, said) or said


def _guards(scan: FileScan, made: Sequence[ImageField]) -> Iterator[tuple[FieldKey, Declared]]:
    """The locks of workloads hold for the fields, too, that only a marker names; their policies are the marker's."""
    native, _ = _read_workloads(scan.declarations, made, _NATIVE)
    for number, said in enumerate(native, start=len(scan.fields)):
        if said is not None and said.locked:
            yield (scan.path, number), Declared(locked=True, locked_reason=said.locked_reason)


def _own_words_of(
    objects: Iterable[ObjectKey], scans: Mapping[RepoPath, FileScan], found: ImageField
) -> Iterator[Declared]:
    """Our annotations of objects hold for the fields, too, that a dialect's annotations there rule in other places."""
    for path, workload in sorted(objects):
        said = [one for one in scans[path].declarations if one.workload == workload]
        moved = replace(found, workload=workload)
        (native,), _ = _read_workloads(said, [moved], _NATIVE)
        if native is not None:
            yield native


def declared_places(scan: FileScan) -> Iterator[tuple[str, Location]]:
    """Each annotation, comment and marker of a file, with its place."""
    for declaration in scan.declarations:
        yield declaration.key, declaration.location
    for found in scan.fields:
        if found.comment is not None:
            yield "this comment", found.comment.location
    for marker in scan.markers:
        yield f"the marker of {marker.policy}" if marker.policy else "this marker", marker.location


def fields_of(path: RepoPath, reading: FileReading, across: Across) -> tuple[ImageField, ...]:
    """All of a file's, in the numbers that keys use."""
    more = across.fields.get(path)
    return (*reading.scan.fields, *more) if more else reading.scan.fields


def field_at(key: FieldKey, files: Mapping[RepoPath, FileReading], across: Across) -> ImageField:
    path, number = key
    return fields_of(path, files[path], across)[number]


def declared_for(
    key: FieldKey, files: Mapping[RepoPath, FileReading], across: Across
) -> Declared | None:
    """The nearest first: our own word, that of other files, the file's dialect; then what an entry's workloads say."""
    said = _declared_at(key, files, across)
    reached = across.overlays.reached.get(key, ())
    if is_ruled(said) or not reached:
        return said
    return combine_declared(said, _agreed([_declared_at(k, files, across) for k in reached]))


def _declared_at(
    key: FieldKey, files: Mapping[RepoPath, FileReading], across: Across
) -> Declared | None:
    path, number = key
    return files[path].combined(number, across.declared.get(key))


def _agreed(said: Sequence[Declared | None]) -> Declared:
    """What all the workloads that an entry reaches say alike. A lock of one is a lock; a disagreement is none's policy."""
    alike = len({_rule(declared) for declared in said}) == 1
    first = said[0] if alike else None
    lock = next((one for one in said if one is not None and one.locked), Declared())
    return replace(first or Declared(), locked=lock.locked, locked_reason=lock.locked_reason)


def _rule(declared: Declared | None) -> tuple[bool | None, Policy | None]:
    """What is declared, whoever says it and wherever."""
    if declared is None:
        return None, None
    return declared.automated, declared.policy and declared.policy.unnamed
