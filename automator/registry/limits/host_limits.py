"""What one registry host is asked at most: requests per second, at a time, of its quotas, and while it is to be left alone.

Outlives the connections: pauses, quotas and the circuit stay when the settings of a host change.
"""

import random as randomness
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

import anyio

from automator.clock import Clock
from automator.errors import RegistryError, Throttled, Unavailable
from automator.registry.limits.allowance import NOTHING_CLAIMED, Allowances, Claim
from automator.registry.limits.circuit import Circuit
from automator.registry.limits.pace import TokenBucket
from automator.registry.limits.quota import Quota
from automator.registry.retries import Backoff
from automator.registry.transport import Answer, Exchange

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 300.0


class HostLimits:
    """`async with limits.attempt(exchange):` around each attempt. Many may be inside at once.

    A pause longer than `patience_seconds` is not waited for: it is raised as Throttled, so that a poll of other
    registries is not held up. `random` is a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        *,
        host: str,
        requests_per_second: float,
        max_concurrent: int,
        patience_seconds: float,
        clock: Clock,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.circuit = Circuit(host, clock, random)
        self._allowances = Allowances(clock=clock, patience_seconds=patience_seconds)
        self._host = host
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._paused_until = clock.monotonic_seconds()
        self._bucket = TokenBucket(requests_per_second, self._paused_until)
        self._backoff = Backoff(
            first_seconds=FIRST_BACKOFF_SECONDS,
            longest_seconds=LONGEST_BACKOFF_SECONDS,
            random=random,
        )
        self._slots = anyio.CapacityLimiter(max_concurrent)
        # First come, first served: only the first waits for the bucket, all others for the first.
        self._queue = anyio.Lock(fast_acquire=True)

    @property
    def requests_per_second(self) -> float:
        return self._bucket.per_second

    @property
    def paused_for(self) -> timedelta:
        """How long no request leaves at all; zero where none is held up."""
        return timedelta(seconds=max(0.0, self._paused_until - self._clock.monotonic_seconds()))

    @property
    def quota(self) -> Quota | None:
        """Of the quotas that the registry tells, the one with the fewest requests left."""
        return self._allowances.scarcest()

    def configure(self, *, requests_per_second: float, max_concurrent: int) -> None:
        """For what is asked from now on. Pauses, quotas and the circuit stay."""
        self._bucket.change(requests_per_second, self._clock.monotonic_seconds())
        self._slots.total_tokens = max_concurrent

    def pause(self, duration: timedelta) -> None:
        """No request leaves before `duration` has passed, and then at the usual rate without a burst."""
        until = self._clock.monotonic_seconds() + duration.total_seconds()
        if until > self._paused_until:
            self._paused_until = until
            self._bucket.hold_until(until)

    def back_off(self) -> timedelta:
        """A pause because the registry asks for fewer requests without a time: longer each time in a row."""
        # Answers to requests that were under way when the pause began make it no longer.
        if not self.paused_for:
            self.pause(timedelta(seconds=self._backoff.next_seconds()))
        return self.paused_for

    def attempt(self, exchange: Exchange) -> "Attempt":
        return Attempt(self, exchange)

    async def claim(self, exchange: Exchange, slot: object) -> Claim:
        """Waits for the quotas without a slot, so that requests of another kind go on; then for the slot and a turn."""
        claim = await self._allowances.take(exchange)
        try:
            await self._take_slot(slot)
        except BaseException:
            claim.give_back()
            raise
        return claim

    async def _take_slot(self, slot: object) -> None:
        try:
            self._slots.acquire_on_behalf_of_nowait(slot)
        except anyio.WouldBlock:
            await self._slots.acquire_on_behalf_of(slot)
        try:
            await self.wait_for_turn()
            self.circuit.admit()
        except BaseException:
            self._slots.release_on_behalf_of(slot)
            raise

    def settle(self, slot: object, error: BaseException | None) -> None:
        self._slots.release_on_behalf_of(slot)
        if isinstance(error, Unavailable):
            self.circuit.failed(error)
        elif error is None or isinstance(error, RegistryError):
            self.circuit.succeeded()
            if not isinstance(error, Throttled):
                self._backoff.reset()
        else:
            self.circuit.abandoned()

    def tell(self, exchange: Exchange, answer: Answer, claim: Claim) -> timedelta | None:
        """Reads the quota that an answer tells; after a 429: how long that quota holds back others like it."""
        return self._allowances.tell(exchange, answer, claim)

    async def wait_for_turn(self) -> None:
        """For a second request inside the same attempt: it counts, but it needs no slot of its own."""
        if self._queue.locked() or self._wait_seconds() > 0:
            async with self._queue:
                while (wait := self._wait_seconds()) > 0:
                    await self._clock.sleep(wait)
                self._bucket.take()
        else:
            self._bucket.take()

    def _wait_seconds(self) -> float:
        now = self._clock.monotonic_seconds()
        left = self._paused_until - now
        if left > self._patience_seconds:
            raise Throttled(
                "the registry asked to be left alone",
                retry_after=timedelta(seconds=left),
                location=self._host,
                hint=f"it is asked again in {left:.0f} s; lower requests_per_second if this recurs",
            )
        return max(left, self._bucket.wait_seconds(now))


class Attempt:
    """One request, from waiting for its turn to its outcome. Is its own slot."""

    __slots__ = ("_claim", "_exchange", "_limits")

    def __init__(self, limits: HostLimits, exchange: Exchange) -> None:
        self._limits = limits
        self._exchange = exchange
        self._claim = NOTHING_CLAIMED

    async def __aenter__(self) -> Self:
        self._claim = await self._limits.claim(self._exchange, self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._limits.settle(self, error)

    def tell(self, answer: Answer) -> timedelta | None:
        """Reads the quota that the answer tells; after a 429: how long that quota holds back others like it."""
        return self._limits.tell(self._exchange, answer, self._claim)
