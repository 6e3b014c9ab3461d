"""The only source of now, of monotonic time and of sleep; handed to whoever needs them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    def now(self) -> datetime: ...
    def monotonic_seconds(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def elapsed(clock: Clock, began_seconds: float) -> timedelta:
    """The time since a reading of `monotonic_seconds`."""
    return timedelta(seconds=clock.monotonic_seconds() - began_seconds)
