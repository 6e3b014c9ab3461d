"""Keeps whoever knocks all the time from filling the log."""

from datetime import timedelta

from automator.clock import Clock


class Quiet:
    """Of each key's reports one goes through `every` so often. The keys are few: names from the configuration."""

    def __init__(self, clock: Clock, *, every: timedelta) -> None:
        self._clock = clock
        self._every_seconds = every.total_seconds()
        self._reported_seconds: dict[str, float] = {}
        self._unreported: dict[str, int] = {}

    def unreported(self, key: str) -> int | None:
        """How many came since the last report; None where this one is not to be reported either."""
        now = self._clock.monotonic_seconds()
        before = self._reported_seconds.get(key)
        if before is not None and now - before < self._every_seconds:
            self._unreported[key] = self._unreported.get(key, 0) + 1
            return None
        self._reported_seconds[key] = now
        return self._unreported.pop(key, 0)
