"""Leaves a failing host alone for a while.

    closed --N failures in a row--> open --cooldown over--> one probe --success--> closed
                                     ^                          |
                                     +--------failure-----------+   (each time with a longer cooldown)

Knows nothing of HTTP: it is told of the outcome of attempts.
"""

from collections.abc import Callable
from enum import StrEnum

from automator.clock import Clock
from automator.errors import RegistryError, Unavailable
from automator.registry.retries import Backoff

FAILURES_TO_OPEN = 5
FIRST_COOLDOWN_SECONDS = 15.0
LONGEST_COOLDOWN_SECONDS = 300.0


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Circuit:
    """Counts failures in a row; while it is open, requests are refused without being sent."""

    def __init__(self, host: str, clock: Clock, random: Callable[[], float]) -> None:
        self.failures = 0
        self._host = host
        self._clock = clock
        self._cooldown = Backoff(
            first_seconds=FIRST_COOLDOWN_SECONDS,
            longest_seconds=LONGEST_COOLDOWN_SECONDS,
            random=random,
        )
        self._open_until: float | None = None
        self._probing = False
        self._last_failure = ""

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    @property
    def state(self) -> CircuitState:
        if self._probing:
            return CircuitState.PROBING
        return CircuitState.OPEN if self.is_open else CircuitState.CLOSED

    def admit(self) -> None:
        """Lets everything through while closed, and one probe at a time once the cooldown is over."""
        if self._open_until is None:
            return
        left = self._open_until - self._clock.monotonic_seconds()
        if left > 0 or self._probing:
            raise Unavailable(
                f"the registry has failed {self.failures} times in a row, last: {self._last_failure}",
                location=self._host,
                hint=f"it is asked again in {max(left, 0):.0f} s; nothing else waits for it",
            )
        self._probing = True

    def succeeded(self) -> None:
        self.failures = 0
        self._cooldown.reset()
        self._open_until = None
        self._probing = False

    def failed(self, error: RegistryError) -> None:
        self.failures += 1
        self._last_failure = error.message
        # Answers to requests that were under way when it opened make the cooldown no longer.
        if self.is_open and not self._probing:
            return
        if self.failures >= FAILURES_TO_OPEN:
            self._open_until = self._clock.monotonic_seconds() + self._cooldown.next_seconds()
        self._probing = False

    def abandoned(self) -> None:
        """The attempt was cancelled: it says nothing of the registry."""
        self._probing = False
