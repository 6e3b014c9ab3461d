"""A config repo's local mirror: a bare clone of one branch, kept between runs. A cache; deleting it costs a clone.

It is made in a folder beside its own and renamed when complete, so that a killed process leaves no half of it.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NewType

import anyio
import anyio.abc
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

from automator.errors import GitError
from automator.git.access import Remote
from automator.git.run import NETWORK_SECONDS, environment, explain_failure, run_git, try_git
from automator.model.field import RepoPath
from automator.model.plan import CommitId

BlobId = NewType("BlobId", str)

_FETCH = ("-c", "gc.auto=0", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a commit: its mode (`100644`, `120000` for a symlink, ...) and its content's id."""

    mode: str
    id: BlobId


class Mirror:
    def __init__(self, directory: Path, remote: Remote) -> None:
        self.directory = directory
        self.remote = remote
        self._waiting = anyio.Lock()

    async def fetch(self) -> CommitId:
        """The head of the remote's branch, with everything that it needs fetched."""
        async with self.lock():
            if not self._is_ours():
                await self._make()
            try:
                await self._fetch_branch()
            except GitError:
                if await self._is_whole():
                    raise
                await self._make()
                await self._fetch_branch()
        output = await run_git(["rev-parse", "--verify", self.remote.ref], directory=self.directory)
        return CommitId(output.decode().strip())

    async def remote_head(self) -> CommitId | None:
        """The head of the remote's branch, nothing fetched; None if there is no such branch."""
        output = await run_git(
            ["ls-remote", self.remote.url, self.remote.ref],
            extra_env=self.remote.environment(),
            seconds=NETWORK_SECONDS,
        )
        line = output.decode().partition("\t")[0].strip()
        return CommitId(line) if line else None

    async def list_blobs(self, commit: CommitId) -> dict[RepoPath, Blob]:
        output = await run_git(["ls-tree", "-r", "-z", commit], directory=self.directory)
        blobs = {}
        for entry in output.split(b"\0")[:-1]:
            meta, _, path = entry.partition(b"\t")
            mode, _, blob_id = meta.decode().split(" ")
            blobs[_path(path)] = Blob(mode, BlobId(blob_id))
        return blobs

    async def changed_blobs(self, old: CommitId, new: CommitId) -> dict[RepoPath, Blob | None]:
        """What differs between two commits; None for a file that is gone."""
        output = await run_git(
            ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new],
            directory=self.directory,
        )
        parts = iter(output.split(b"\0")[:-1])
        changed: dict[RepoPath, Blob | None] = {}
        for meta, path in zip(parts, parts, strict=True):
            _, mode, _, blob_id, _ = meta.decode().split(" ")
            gone = blob_id.strip("0") == ""
            changed[_path(path)] = None if gone else Blob(mode, BlobId(blob_id))
        return changed

    async def read_blobs(self, ids: Sequence[BlobId]) -> AsyncIterator[tuple[BlobId, bytes]]:
        """The contents, in the order asked for, one at a time from one child process."""
        if not ids:
            return
        process = await anyio.open_process(
            ["git", "cat-file", "--batch"],
            cwd=self.directory,
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        async with process, anyio.create_task_group() as tasks:
            assert process.stdin is not None
            assert process.stdout is not None
            tasks.start_soon(_ask, process.stdin, ids)
            stream = BufferedByteReceiveStream(process.stdout)
            for blob_id in ids:
                header = (await stream.receive_until(b"\n", 200)).decode().split(" ")
                if len(header) != 3:
                    raise GitError(f"the mirror lacks the blob {blob_id}", hint="delete the mirror")
                data = await stream.receive_exactly(int(header[2]) + 1)
                yield blob_id, data[:-1]

    async def maintain(self) -> None:
        """What `git gc --auto` would do behind our back, at a moment of our choice."""
        async with self.lock():
            await run_git(
                ["-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"],
                directory=self.directory,
                seconds=NETWORK_SECONDS,
            )

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """One process at a time changes the mirror; the kernel lets go when the process dies.

        Of ours one waits for the kernel: each that does holds a thread, and the store needs threads, too.
        """
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        path = self.directory.with_name(f"{self.directory.name}.lock")
        async with self._waiting:
            with path.open("w") as file:
                await anyio.to_thread.run_sync(
                    fcntl.flock, file, fcntl.LOCK_EX, abandon_on_cancel=True
                )
                yield

    async def _fetch_branch(self) -> None:
        refspec = f"+{self.remote.ref}:{self.remote.ref}"
        status, _, errors = await try_git(
            [*_FETCH, self.remote.url, refspec],
            directory=self.directory,
            extra_env=self.remote.environment(),
            seconds=NETWORK_SECONDS,
        )
        if status == 0:
            return
        if "couldn't find remote ref" in errors:
            raise GitError(
                f"{self.remote.shown_url} has no branch {self.remote.branch!r}",
                hint="push it, or change `branch` of this config repo",
            )
        raise explain_failure(["fetch"], errors)

    def _is_ours(self) -> bool:
        """Made for this URL and branch, to the end."""
        marker = self.directory / "automator"
        return marker.is_file() and marker.read_text() == self._identity()

    async def _is_whole(self) -> bool:
        """A repository whose objects git can read: asked only when something failed."""
        status, _, _ = await try_git(
            ["fsck", "--connectivity-only", "--no-dangling"], directory=self.directory
        )
        return status == 0

    async def _make(self) -> None:
        fresh = self.directory.with_name(f"{self.directory.name}.new")
        await anyio.to_thread.run_sync(_remove, fresh)
        await run_git(["init", "--quiet", "--bare", str(fresh)])
        (fresh / "automator").write_text(self._identity())
        await anyio.to_thread.run_sync(_remove, self.directory)
        fresh.rename(self.directory)

    def _identity(self) -> str:
        """Which remote this is a mirror of, without saying it: a URL may hold what is secret."""
        return hashlib.sha256(f"{self.remote.url} {self.remote.ref}".encode()).hexdigest()


async def _ask(stdin: anyio.abc.ByteSendStream, ids: Sequence[BlobId]) -> None:
    await stdin.send("".join(f"{blob_id}\n" for blob_id in ids).encode())
    await stdin.aclose()


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)


def _path(raw: bytes) -> RepoPath:
    return RepoPath(raw.decode("utf-8", "surrogateescape"))
