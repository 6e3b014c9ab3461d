"""A clock that stands still until somebody sleeps: no test waits."""

from datetime import UTC, datetime, timedelta

import anyio.lowlevel


class ManualClock:
    """`sleep` moves the time at once; `slept` is every duration asked for."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._started_at = now
        self._seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._started_at + timedelta(seconds=self._seconds)

    def monotonic_seconds(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
