"""A config repo's head as scanned files. Only blobs whose Git id changed are read and parsed again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio.to_thread

from automator.config.models import DialectSettings
from automator.git.mirror import Blob, BlobId, Mirror
from automator.model.field import ImageField, Problem, RepoPath
from automator.model.plan import CommitId
from automator.scan.file import is_manifest_path, scan_file
from automator.scan.workloads import KUSTOMIZATION_NAMES
from automator.survey.manifests import (
    ALL_DIALECTS,
    Across,
    FileReading,
    declared_places,
    fields_of,
    read_across,
    read_file,
)

_SYMLINK = "120000"
_SUBMODULE = "160000"
_FILES_PER_STEP = 200
"""So many files are parsed between two chances to cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """One manifest file: its blob, and what it says."""

    blob: Blob
    reading: FileReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the manifests of one commit hold; `parsed` counts the files read for it, not those known before.

    `context` are the kustomizations outside of the config repo's `paths`: what they override has no effect inside.
    """

    commit: CommitId
    files: Mapping[RepoPath, ReadFile]
    across: Across
    parsed: int
    context: Mapping[RepoPath, ReadFile] = field(default_factory=dict)

    @property
    def readings(self) -> dict[RepoPath, FileReading]:
        """Of the context, too: fields inside of `paths` may be overridden from there."""
        return _readings(self.files) | _readings(self.context)

    @property
    def fields(self) -> list[ImageField]:
        readings = self.readings
        return [
            found for path in self.files for found in fields_of(path, readings[path], self.across)
        ]

    @property
    def problems(self) -> list[Problem]:
        found = [problem for file in self.files.values() for problem in file.reading.problems]
        return sorted([*found, *self.across.problems], key=lambda problem: problem.location)

    @property
    def mistakes(self) -> list[Problem]:
        """What a person should mend."""
        return [problem for problem in self.problems if not problem.note]

    @property
    def skipped(self) -> int:
        return sum(1 for file in self.files.values() if file.reading.scan.skipped)


async def read_snapshot(
    mirror: Mirror,
    commit: CommitId,
    *,
    wanted: Callable[[RepoPath], bool],
    previous: Snapshot | None,
    dialects: DialectSettings = ALL_DIALECTS,
) -> Snapshot:
    """`wanted` says which paths belong to the config repo's `paths`. A symlink is never a manifest: its target is."""
    if previous is not None and previous.commit == commit:
        return previous
    changed: Mapping[RepoPath, Blob | None]
    if previous is None:
        files: dict[RepoPath, ReadFile] = {}
        context: dict[RepoPath, ReadFile] = {}
        changed = await mirror.list_blobs(commit)
    else:
        files, context = dict(previous.files), dict(previous.context)
        changed = await mirror.changed_blobs(previous.commit, commit)
    to_read: dict[RepoPath, Blob] = {}
    outside: dict[RepoPath, Blob] = {}
    for path, blob in changed.items():
        files.pop(path, None)
        context.pop(path, None)
        if blob is not None and _is_manifest(path, blob):
            if wanted(path):
                to_read[path] = blob
            elif path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
                outside[path] = blob
    files |= await _read_files(mirror, to_read, dialects)
    context |= await _read_files(mirror, outside, dialects)
    across = await anyio.to_thread.run_sync(
        read_across, _readings(files), dialects, _readings(context)
    )
    return Snapshot(commit=commit, files=files, across=across, parsed=len(to_read), context=context)


def _readings(files: Mapping[RepoPath, ReadFile]) -> dict[RepoPath, FileReading]:
    return {path: file.reading for path, file in files.items()}


async def declared_outside(
    mirror: Mirror,
    commit: CommitId,
    *,
    wanted: Callable[[RepoPath], bool],
    dialects: DialectSettings,
) -> list[Problem]:
    """Everything declared in manifests that `wanted` leaves out, as having no effect."""
    blobs = {
        path: blob
        for path, blob in (await mirror.list_blobs(commit)).items()
        if _is_manifest(path, blob) and not wanted(path)
    }
    files = await _read_files(mirror, blobs, dialects)
    return [
        Problem(
            location=location,
            message=f"{what} has no effect: the file is outside of `paths`",
            hint="widen the config repo's `paths`, or remove it",
        )
        for file in files.values()
        for what, location in declared_places(file.reading.scan)
    ]


def _is_manifest(path: RepoPath, blob: Blob) -> bool:
    return is_manifest_path(path) and blob.mode not in {_SYMLINK, _SUBMODULE}


async def _read_files(
    mirror: Mirror, blobs: Mapping[RepoPath, Blob], dialects: DialectSettings
) -> dict[RepoPath, ReadFile]:
    """A blob that stands at many paths is fetched once; at most a step's worth of bytes is held."""
    paths_of: dict[BlobId, list[RepoPath]] = {}
    for path, blob in blobs.items():
        paths_of.setdefault(blob.id, []).append(path)
    files: dict[RepoPath, ReadFile] = {}
    step: list[tuple[RepoPath, Blob, bytes]] = []
    async for blob_id, data in mirror.read_blobs(list(paths_of)):
        step += [(path, blobs[path], data) for path in paths_of[blob_id]]
        if len(step) >= _FILES_PER_STEP:
            files |= await anyio.to_thread.run_sync(_read_step, step, dialects)
            step = []
    return files | await anyio.to_thread.run_sync(_read_step, step, dialects)


def _read_step(
    step: list[tuple[RepoPath, Blob, bytes]], dialects: DialectSettings
) -> dict[RepoPath, ReadFile]:
    return {
        path: ReadFile(blob=blob, reading=read_file(scan_file(path, data), dialects))
        for path, blob, data in step
    }
