"""What the passes found last, for whoever looks: health, pages and API. It remembers; it asks nothing."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import anyio

from automator.survey.containers import Survey


@dataclass(slots=True)
class RepoStatus:
    """`commit` is the head last read, empty before the first time; `error` is the last pass's, empty if it worked.

    `passed_at` is the end of the last pass that worked, `retry_at` when one that failed is tried again.
    """

    commit: str = ""
    error: str = ""
    hint: str = ""
    passed_at: datetime | None = None
    retry_at: datetime | None = None
    survey: Survey | None = None


class Board:
    """`version` grows with each news; `closed` is set when the daemon ends, or begins anew with another board."""

    def __init__(self, names: Iterable[str]) -> None:
        self.repos = {name: RepoStatus() for name in names}
        self.version = 1
        self.closed = False
        self._news = anyio.Event()
        self._id = secrets.token_hex(4)

    @property
    def edition(self) -> str:
        """Names what stands here now. No other board has the same, not that of a daemon before this one either."""
        return f"{self._id}-{self.version}"

    @property
    def ready(self) -> bool:
        """Every config repo was read once. One that fails later leaves the others, and the daemon, ready."""
        return all(status.commit for status in self.repos.values())

    def succeed(self, survey: Survey, *, at: datetime) -> None:
        status = self.repos[survey.config_repo]
        status.commit, status.survey = survey.snapshot.commit, survey
        status.error = status.hint = ""
        status.passed_at, status.retry_at = at, None
        self._tell()

    def fail(self, name: str, error: str, hint: str, *, retry_at: datetime) -> None:
        status = self.repos[name]
        status.error, status.hint, status.retry_at = error, hint, retry_at
        self._tell()

    async def wait_for_news(self, after: int, *, at_most_seconds: float) -> int:
        """The version that is not `after`, or `after` when the time is over."""
        with anyio.move_on_after(at_most_seconds):
            while self.version == after and not self.closed:
                await self._news.wait()
        return self.version

    def close(self) -> None:
        """Nobody waits here any longer."""
        self.closed = True
        self._news.set()

    def _tell(self) -> None:
        self.version += 1
        self._news.set()
        self._news = anyio.Event()
