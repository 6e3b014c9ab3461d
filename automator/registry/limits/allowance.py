"""Obeys the quotas that a registry tells: who may ask now, and when the next may.

A quota that is told with a manifest is one of pulls, and holds back pulls alone (on Docker Hub the HEAD of a manifest
tells it and does not count); any other holds back whatever goes to the host that told it. Of each the last tenth is
spread: evenly over the time until the reset, or one for each that a sliding window gives back. So some are left for
the nodes of the cluster, which pull with the same account or address.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from automator.clock import Clock
from automator.errors import Throttled
from automator.registry.limits.quota import Quota, parse_quota
from automator.registry.protocol import parse_date, parse_retry_after
from automator.registry.transport import Answer, Exchange

_SPREAD_SHARE = 0.1
# However long a window a registry tells, it is tried again after a day, as after any other pause.
_LONGEST_REGAIN_SECONDS = 86400.0
_SHORTEST_WAIT_SECONDS = 1e-6
_WHOLE = 1 - 1e-9


class Allowance:
    """One quota, as last told, less what was let through since. Times are monotonic seconds. Pure.

    Answers do not come in the order of their requests, so each has a ticket: how many were let through when it was
    sent. What an older ticket tells is believed only if it is less.
    """

    def __init__(self) -> None:
        self.ticket = 0
        self._told_ticket = 0
        self._quota = Quota(limit=None, remaining=0)
        self._left = math.inf
        self._told_at = -math.inf
        self._taken_at = -math.inf

    def tell(self, quota: Quota, ticket: int, now: float) -> None:
        left = max(0, quota.remaining - (self.ticket - ticket))
        if ticket < self._told_ticket and left >= self._left_at(now):
            return
        self._told_ticket = max(ticket, self._told_ticket)
        self._quota, self._left, self._told_at = quota, left, now

    def take(self, now: float) -> None:
        self.ticket += 1
        self._left = max(0, self._left_at(now) - 1)
        if self._resets_at is None:
            self._told_at = now
        self._taken_at = now

    def give_back(self) -> None:
        """What was taken was not sent."""
        self._left += 1

    def wait_seconds(self, now: float) -> float:
        """How long until the next may be sent: 0 is now."""
        left = self._left_at(now)
        if left >= _WHOLE and left > (self._quota.limit or 0) * _SPREAD_SHARE:
            return 0
        wait = self._due_at(left, now) - now
        return wait if wait > _SHORTEST_WAIT_SECONDS else 0

    def _due_at(self, left: float, now: float) -> float:
        if self._resets_at is not None:
            if left < _WHOLE:
                return self._resets_at
            # Of n+1 equal parts of the time from the last one to the reset, the first has passed.
            return (self._taken_at * left + self._resets_at) / (left + 1)
        if self._regain_seconds is not None:
            regained_at = now + (1 - left) * self._regain_seconds
            return max(regained_at, self._taken_at + self._regain_seconds)
        return now  # nothing tells when it goes on: it is tried

    def quota(self, now: float) -> Quota | None:
        """As it is by now; None where nothing is known any more."""
        left = self._left_at(now)
        if math.isinf(left):
            return None
        resets_at = self._resets_at
        resets_in = None if resets_at is None else timedelta(seconds=resets_at - now)
        return replace(self._quota, remaining=math.floor(left + 1 - _WHOLE), resets_in=resets_in)

    @property
    def _resets_at(self) -> float | None:
        resets_in = self._quota.resets_in
        return None if resets_in is None else self._told_at + resets_in.total_seconds()

    @property
    def _regain_seconds(self) -> float | None:
        """A window that slides gives back one request each time, if they were spread over it."""
        quota = self._quota
        if quota.window is None or not quota.limit:
            return None
        return min(quota.window.total_seconds() / quota.limit, _LONGEST_REGAIN_SECONDS)

    def _left_at(self, now: float) -> float:
        if self._resets_at is not None:
            return self._left if now < self._resets_at else math.inf
        if self._regain_seconds is None or self._left >= (self._quota.limit or 0):
            return self._left
        regained = (now - self._told_at) / self._regain_seconds
        return min(self._left + regained, self._quota.limit or 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """What was counted for one request, and the ticket of the quota that its answer will tell."""

    counted: Sequence[Allowance] = ()
    ticket: int = 0

    def give_back(self) -> None:
        for allowance in self.counted:
            allowance.give_back()


NOTHING_CLAIMED = Claim()


class Allowances:
    """Every quota of one registry, by the host that is asked and by whether it is one of pulls.

    A wait longer than `patience_seconds` is raised as Throttled, which says when it goes on.
    """

    def __init__(self, *, clock: Clock, patience_seconds: float) -> None:
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._known: dict[tuple[str, bool], Allowance] = {}

    async def take(self, exchange: Exchange) -> Claim:
        if not self._known:
            return NOTHING_CLAIMED
        started = now = self._clock.monotonic_seconds()
        while (wait := self._wait_seconds(exchange, now)) > 0:
            if now + wait - started > self._patience_seconds:
                raise _throttled(exchange, wait)
            await self._clock.sleep(wait)
            now = self._clock.monotonic_seconds()
        counted = self._counted(exchange)
        for allowance in counted:
            allowance.take(now)
        told = self._known.get(_scope_told(exchange))
        return Claim(counted, 0 if told is None else told.ticket)

    def tell(self, exchange: Exchange, answer: Answer, claim: Claim) -> timedelta | None:
        """Reads what an answer tells. After a 429: how long the quota holds back others like it, if that was the reason.

        Where another host has answered, to which the registry redirects, its quota is not the registry's.
        """
        # Times are meant by the registry's own clock, which may be hours off ours.
        its_now = parse_date(answer.headers.get("date", "")) or self._clock.now()
        quota = None if answer.redirected else parse_quota(answer.headers, its_now)
        if quota is None:
            return None
        allowance = self._known.setdefault(_scope_told(exchange), Allowance())
        now = self._clock.monotonic_seconds()
        is_spent = answer.status == 429 and quota.remaining == 0
        if not is_spent or allowance not in self._counted(exchange):
            allowance.tell(quota, claim.ticket, now)
            return None
        pause = parse_retry_after(answer.headers.get("retry-after", ""), its_now)
        if pause is not None:
            quota = replace(quota, resets_in=pause)
        allowance.tell(quota, allowance.ticket, now)
        wait = allowance.wait_seconds(now)
        return timedelta(seconds=wait) if wait > 0 else None

    def scarcest(self) -> Quota | None:
        now = self._clock.monotonic_seconds()
        quotas = [allowance.quota(now) for allowance in self._known.values()]
        known = [quota for quota in quotas if quota is not None]
        return min(known, key=lambda quota: quota.remaining, default=None)

    def _wait_seconds(self, exchange: Exchange, now: float) -> float:
        waits = [allowance.wait_seconds(now) for allowance in self._counted(exchange)]
        return max(waits, default=0)

    def _counted(self, exchange: Exchange) -> list[Allowance]:
        host = urlsplit(exchange.url).netloc
        scopes = [(host, False), (host, True)] if exchange.is_pull else [(host, False)]
        return [self._known[scope] for scope in scopes if scope in self._known]


def _scope_told(exchange: Exchange) -> tuple[str, bool]:
    return urlsplit(exchange.url).netloc, exchange.is_pull or exchange.method == "HEAD"


def _throttled(exchange: Exchange, wait_seconds: float) -> Throttled:
    return Throttled(
        f"the registry allows no more {'pulls' if exchange.is_pull else 'requests'} for now",
        retry_after=timedelta(seconds=wait_seconds),
        location=exchange.where,
        hint=f"it goes on in {wait_seconds:.0f} s; an account, or a paid one, may have a higher limit",
    )
