"""What one registry host is asked at most: requests per second, at a time, after Retry-After, and while it fails.

    closed --N failures in a row--> open --cooldown over--> one probe --success--> closed
                                     ^                          |
                                     +--------failure-----------+   (each time with a longer cooldown)

Knows nothing of HTTP: it sees that an attempt raised `Unavailable`, and is told of pauses.
"""

from datetime import timedelta
from types import TracebackType

import anyio

from automator.clock import Clock
from automator.errors import RegistryError, Throttled, Unavailable

FAILURES_TO_OPEN = 5
FIRST_COOLDOWN_SECONDS = 15.0
LONGEST_COOLDOWN_SECONDS = 300.0


class Circuit:
    """Counts failures in a row; while it is open, requests are refused without being sent."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._failures = 0
        self._cooldown_seconds = FIRST_COOLDOWN_SECONDS
        self._open_until: float | None = None
        self._probing = False
        self._last_failure = ""

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def admit(self) -> None:
        """Lets everything through while closed, and one probe at a time once the cooldown is over."""
        if self._open_until is None:
            return
        left = self._open_until - self._clock.monotonic_seconds()
        if left > 0 or self._probing:
            raise Unavailable(
                f"the registry has failed {self._failures} times in a row, last: {self._last_failure}",
                location=self._host,
                hint=f"it is asked again in {max(left, 0):.0f} s; nothing else waits for it",
            )
        self._probing = True

    def succeeded(self) -> None:
        self._failures = 0
        self._cooldown_seconds = FIRST_COOLDOWN_SECONDS
        self._open_until = None
        self._probing = False

    def failed(self, error: RegistryError) -> None:
        self._failures += 1
        self._last_failure = error.message
        # Answers to requests that were under way when it opened make the cooldown no longer.
        if self.is_open and not self._probing:
            return
        if self._failures >= FAILURES_TO_OPEN:
            self._open_until = self._clock.monotonic_seconds() + self._cooldown_seconds
            self._cooldown_seconds = min(self._cooldown_seconds * 2, LONGEST_COOLDOWN_SECONDS)
        self._probing = False

    def abandoned(self) -> None:
        """The attempt was cancelled: it says nothing of the registry."""
        self._probing = False


class HostLimits:
    """`async with limits:` around each attempt. Many may be inside at once.

    A pause longer than `patience_seconds` is not waited for: it is raised as Throttled, so that a poll of other
    registries is not held up.
    """

    def __init__(
        self,
        *,
        host: str,
        requests_per_second: float,
        max_concurrent: int,
        patience_seconds: float,
        clock: Clock,
    ) -> None:
        self.circuit = Circuit(host, clock)
        self._host = host
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._interval_seconds = 1 / requests_per_second
        # A second's worth may go at once; then the rate holds.
        self._burst_seconds = max(1.0, self._interval_seconds) - self._interval_seconds
        self._next_at = clock.monotonic_seconds()
        self._paused_until = self._next_at
        self._slots = anyio.Semaphore(max_concurrent, fast_acquire=True)

    def pause(self, duration: timedelta) -> None:
        """No request leaves before `duration` has passed."""
        until = self._clock.monotonic_seconds() + duration.total_seconds()
        self._paused_until = max(self._paused_until, until)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            await self.wait_for_turn()
            self.circuit.admit()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._slots.release()
        if isinstance(error, Unavailable):
            self.circuit.failed(error)
        elif error is None or isinstance(error, RegistryError):
            self.circuit.succeeded()
        else:
            self.circuit.abandoned()

    async def wait_for_turn(self) -> None:
        """For a second request inside the same attempt: it counts, but it needs no slot of its own."""
        now = self._clock.monotonic_seconds()
        while self._paused_until > now:
            left = self._paused_until - now
            if left > self._patience_seconds:
                raise Throttled(
                    "the registry asked to be left alone",
                    retry_after=timedelta(seconds=left),
                    location=self._host,
                    hint=f"it is asked again in {left:.0f} s; lower requests_per_second if this recurs",
                )
            await self._clock.sleep(left)
            now = self._clock.monotonic_seconds()
        # The generic cell rate algorithm: one number holds the bucket.
        due_at = max(self._next_at, now)
        self._next_at = due_at + self._interval_seconds
        if (early := due_at - self._burst_seconds - now) > 0:
            await self._clock.sleep(early)
