"""A config repo's head as scanned files. Only blobs whose Git id changed are read and parsed again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio.to_thread

from automator.config.declared import read_declared
from automator.git.mirror import Blob, BlobId, Mirror
from automator.model.field import FileScan, ImageField, Problem, RepoPath
from automator.model.plan import CommitId
from automator.model.policy import Declared
from automator.model.workload import WorkloadId
from automator.scan.file import is_manifest_path, scan_file

_SYMLINK = "120000"
_SUBMODULE = "160000"
_FILES_PER_STEP = 200
"""So many files are parsed between two chances to cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """One manifest file: its blob, what the scan found, and the policies that its annotations declare.

    Annotations count in their own file alone: two overlays may hold a workload of one name, and mean different things.
    """

    blob: Blob
    scan: FileScan
    declared: Mapping[WorkloadId, Declared]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the manifests of one commit hold; `parsed` counts the files read for it, not those known before."""

    commit: CommitId
    files: Mapping[RepoPath, ReadFile]
    parsed: int

    @property
    def fields(self) -> list[ImageField]:
        return [field for file in self.files.values() for field in file.scan.fields]

    @property
    def problems(self) -> list[Problem]:
        found = [problem for file in self.files.values() for problem in file.problems]
        return sorted(found, key=lambda problem: problem.location)

    @property
    def skipped(self) -> int:
        return sum(1 for file in self.files.values() if file.scan.skipped)


async def read_snapshot(
    mirror: Mirror,
    commit: CommitId,
    *,
    wanted: Callable[[RepoPath], bool],
    previous: Snapshot | None,
) -> Snapshot:
    """`wanted` says which paths belong to the config repo's `paths`. A symlink is never a manifest: its target is."""
    if previous is not None and previous.commit == commit:
        return previous
    changed: Mapping[RepoPath, Blob | None]
    if previous is None:
        files: dict[RepoPath, ReadFile] = {}
        changed = await mirror.list_blobs(commit)
    else:
        files = dict(previous.files)
        changed = await mirror.changed_blobs(previous.commit, commit)
    to_read: dict[RepoPath, Blob] = {}
    for path, blob in changed.items():
        files.pop(path, None)
        if blob is not None and _is_manifest(path, blob) and wanted(path):
            to_read[path] = blob
    files |= await _read_files(mirror, to_read)
    return Snapshot(commit=commit, files=files, parsed=len(to_read))


def _is_manifest(path: RepoPath, blob: Blob) -> bool:
    return is_manifest_path(path) and blob.mode not in {_SYMLINK, _SUBMODULE}


async def _read_files(mirror: Mirror, blobs: Mapping[RepoPath, Blob]) -> dict[RepoPath, ReadFile]:
    """A blob that stands at many paths is fetched once; at most a step's worth of bytes is held."""
    paths_of: dict[BlobId, list[RepoPath]] = {}
    for path, blob in blobs.items():
        paths_of.setdefault(blob.id, []).append(path)
    files: dict[RepoPath, ReadFile] = {}
    step: list[tuple[RepoPath, Blob, bytes]] = []
    async for blob_id, data in mirror.read_blobs(list(paths_of)):
        step += [(path, blobs[path], data) for path in paths_of[blob_id]]
        if len(step) >= _FILES_PER_STEP:
            files |= await anyio.to_thread.run_sync(_read_step, step)
            step = []
    return files | await anyio.to_thread.run_sync(_read_step, step)


def _read_step(step: list[tuple[RepoPath, Blob, bytes]]) -> dict[RepoPath, ReadFile]:
    return {path: _read_file(path, blob, data) for path, blob, data in step}


def _read_file(path: RepoPath, blob: Blob, data: bytes) -> ReadFile:
    scan = scan_file(path, data)
    declared, mistakes = read_declared(scan.declarations)
    return ReadFile(blob=blob, scan=scan, declared=declared, problems=(*scan.problems, *mistakes))
