"""A config repo's head as scanned files. Only blobs whose Git id changed are read and parsed again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio.to_thread

from automator.config.declared import read_declared
from automator.git.mirror import Blob, Mirror
from automator.model.field import FileScan, Problem, RepoPath
from automator.model.plan import CommitId
from automator.model.policy import Declared
from automator.model.workload import WorkloadId
from automator.scan.file import is_manifest_path, scan_file

_SYMLINK = "120000"
_SUBMODULE = "160000"
_FILES_PER_STEP = 200
"""So many files are parsed between two chances to cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the manifests of one commit hold; `parsed` counts the files read for it, not those known before."""

    commit: CommitId
    blobs: Mapping[RepoPath, Blob]
    scans: Mapping[RepoPath, FileScan]
    declared: Mapping[WorkloadId, Declared] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    parsed: int = 0

    @property
    def skipped(self) -> int:
        return sum(1 for scan in self.scans.values() if scan.skipped)


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
        blobs, scans = {}, {}
        changed = await mirror.list_blobs(commit)
    else:
        blobs, scans = dict(previous.blobs), dict(previous.scans)
        changed = await mirror.changed_blobs(previous.commit, commit)
    to_read: dict[RepoPath, Blob] = {}
    for path, blob in changed.items():
        blobs.pop(path, None)
        scans.pop(path, None)
        if blob is not None and _is_manifest(path, blob) and wanted(path):
            to_read[path] = blob
    scans |= await _scan_blobs(mirror, to_read)
    declared, problems = await anyio.to_thread.run_sync(_read_annotations, scans)
    return Snapshot(
        commit=commit,
        blobs=blobs | to_read,
        scans=scans,
        declared=declared,
        problems=problems,
        parsed=len(to_read),
    )


def _is_manifest(path: RepoPath, blob: Blob) -> bool:
    return is_manifest_path(path) and blob.mode not in {_SYMLINK, _SUBMODULE}


async def _scan_blobs(mirror: Mirror, blobs: Mapping[RepoPath, Blob]) -> dict[RepoPath, FileScan]:
    """Equal files (one blob at many paths) are read once; at most a step's worth of bytes is held."""
    paths_of: dict[str, list[RepoPath]] = {}
    for path, blob in blobs.items():
        paths_of.setdefault(blob.id, []).append(path)
    scans: dict[RepoPath, FileScan] = {}
    step: list[tuple[RepoPath, bytes]] = []
    async for blob_id, data in mirror.read_blobs(
        list({blob.id: blob.id for blob in blobs.values()})
    ):
        step += [(path, data) for path in paths_of[blob_id]]
        if len(step) >= _FILES_PER_STEP:
            scans |= await anyio.to_thread.run_sync(_scan_step, step)
            step = []
    return scans | await anyio.to_thread.run_sync(_scan_step, step)


def _scan_step(files: list[tuple[RepoPath, bytes]]) -> dict[RepoPath, FileScan]:
    return {path: scan_file(path, data) for path, data in files}


def _read_annotations(
    scans: Mapping[RepoPath, FileScan],
) -> tuple[dict[WorkloadId, Declared], tuple[Problem, ...]]:
    found = [declaration for scan in scans.values() for declaration in scan.declarations]
    declared, problems = read_declared(found)
    refused = [problem for scan in scans.values() for problem in scan.problems]
    return declared, tuple(sorted([*refused, *problems], key=lambda problem: problem.location))
