"""When a request is sent again, and how long is waited before. Knows errors, not HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from automator.clock import Clock
from automator.errors import RegistryError, Throttled, Unavailable

Value = TypeVar("Value")

_JITTER = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`attempts` and `total_seconds` both end it. Waits grow from `first_wait_seconds`, with jitter.

    `patience_seconds` is the longest Retry-After that is waited for; a longer one is the caller's to schedule.
    """

    attempts: int = 4
    total_seconds: float = 60.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 10.0
    patience_seconds: float = 10.0

    def is_worthwhile(self, error: BaseException) -> bool:
        """Only what may mend itself soon: no answer, 5xx, and a short 429."""
        if isinstance(error, Throttled):
            pause = error.retry_after
            return pause is None or pause.total_seconds() <= self.patience_seconds
        return isinstance(error, Unavailable)


class Backoff:
    """Pauses that double each time up to the longest, each up to a fifth shorter or longer by chance.

    So many clients that were refused at one moment do not ask again at one moment. `random` is a number from 0 to 1.
    """

    def __init__(
        self, *, first_seconds: float, longest_seconds: float, random: Callable[[], float]
    ) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._random = random
        self._seconds = first_seconds

    def next_seconds(self) -> float:
        seconds = self._seconds
        self._seconds = min(seconds * 2, self._longest_seconds)
        return seconds * (1 + _JITTER * (2 * self._random() - 1))

    def reset(self) -> None:
        self._seconds = self._first_seconds


class _OutOfTime(stop_base):
    """By our clock, and counting the wait that would come next."""

    def __init__(self, deadline_seconds: float, clock: Clock) -> None:
        self._deadline_seconds = deadline_seconds
        self._clock = clock

    def __call__(self, retry_state: RetryCallState) -> bool:
        next_at = self._clock.monotonic_seconds() + retry_state.upcoming_sleep
        return next_at >= self._deadline_seconds


async def retried(
    call: Callable[[], Awaitable[Value]],
    *,
    policy: RetryPolicy,
    clock: Clock,
    is_hopeless: Callable[[], bool],
) -> Value:
    """The first attempt goes without tenacity, whose objects cost more than the rest of a successful request."""

    def is_worthwhile(error: BaseException) -> bool:
        return policy.is_worthwhile(error) and not is_hopeless()

    started = clock.monotonic_seconds()
    try:
        return await call()
    except RegistryError as error:
        if not is_worthwhile(error):
            raise
        failures = [error]

    async def attempt() -> Value:
        if failures:
            raise failures.pop()  # tenacity is told of the first attempt as if it had made it
        return await call()

    retrying = AsyncRetrying(
        sleep=clock.sleep,
        retry=retry_if_exception(is_worthwhile),
        stop=stop_after_attempt(policy.attempts)
        | _OutOfTime(started + policy.total_seconds, clock),
        wait=wait_random_exponential(
            multiplier=policy.first_wait_seconds, max=policy.longest_wait_seconds
        ),
        reraise=True,
    )
    return await retrying(attempt)
