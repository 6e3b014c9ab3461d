"""Reads update commits from any clone. The audit log is Git alone: nothing else is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from automator.errors import GitError
from automator.model.plan import CommitId
from automator.plan.message import printable, trailer_word

if TYPE_CHECKING:
    import git

TRAILER = "Image-Update: "

_READERS = 4
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("readers of history")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCommit:
    id: CommitId
    author: str
    at: datetime
    message: str


async def read_log(
    directory: Path, revision: str, *, limit: int, workload: str = ""
) -> list[LoggedCommit]:
    """The newest update commits and actions, newest first; those that name one `workload`, if it is given.

    Raises GitError for what is no clone.
    """
    async with _few_at_once():
        return await anyio.to_thread.run_sync(_read, directory, revision, limit, workload)


def _few_at_once() -> anyio.CapacityLimiter:
    """A long history takes seconds to search, and readers of pages must not take the threads that others need."""
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(anyio.CapacityLimiter(_READERS))
        return _limiter.get()


def _read(directory: Path, revision: str, limit: int, workload: str) -> list[LoggedCommit]:
    import git  # noqa: PLC0415 - GitPython takes longer to import than all of the rest

    try:
        # Opened and closed in one call: GitPython keeps child processes as long as its objects live.
        with git.Repo(directory, search_parent_directories=True) as repo:
            found = repo.iter_commits(
                revision,
                max_count=limit,
                grep=_marks(workload),
                fixed_strings=bool(workload),
            )
            return [logged for commit in found if (logged := _logged(commit)) is not None]
    except (git.GitError, git.NoSuchPathError, ValueError) as error:
        raise GitError(
            f"no history in {directory}", hint="name a clone of a config repo"
        ) from error


def _logged(commit: "git.Commit") -> LoggedCommit | None:
    """None for one of a time that no calendar has: anybody may push such a commit."""
    try:
        return LoggedCommit(
            id=CommitId(commit.hexsha),
            author=str(commit.author),
            at=commit.committed_datetime.astimezone(UTC),
            message=str(commit.message),
        )
    except (OverflowError, ValueError):
        return None


def _marks(workload: str) -> list[str]:
    """What a message that counts has one of: regular expressions; of a workload, plain texts."""
    if not workload:
        return [f"^{TRAILER}", "^Acted-by: "]
    return [f"{TRAILER}{trailer_word(workload)} ", f"Workload: {printable(workload)}"]
