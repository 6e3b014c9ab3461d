"""Limits that change while requests wait: no restart, nothing lost."""

from datetime import timedelta

import anyio
import anyio.lowlevel
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automator.errors import Throttled, Unavailable
from automator.registry.limits import HostLimits
from automator.registry.limits.circuit import FAILURES_TO_OPEN
from automator.registry.transport import Answer, Exchange
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio

LISTING = Exchange(
    method="GET", url="https://r.example/v2/a/tags/list", where="r.example/a", body_limit=1
)


async def let_others_run():
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


class SteppedClock(ManualClock):
    """Sleepers wait until the test moves the time."""

    def __init__(self):
        super().__init__()
        self._sleepers = {}

    async def sleep(self, seconds):
        event = anyio.Event()
        self._sleepers[event] = self.monotonic_seconds() + seconds
        try:
            await event.wait()
        finally:
            del self._sleepers[event]

    async def pass_seconds(self, seconds):
        """Wakes each sleeper when it is due."""
        end = self.monotonic_seconds() + seconds
        await let_others_run()
        while due := [at for at in self._sleepers.values() if at <= end + 1e-9]:
            self.advance(max(0, min(due) - self.monotonic_seconds()))
            for event, at in self._sleepers.items():
                if at <= self.monotonic_seconds():
                    event.set()
            await let_others_run()
        self.advance(end - self.monotonic_seconds())


class Requests:
    """As many as are wanted; each stays under way until it is let end."""

    def __init__(self, limits, group):
        self._limits, self._group = limits, group
        self._under_way = []
        self.started = 0

    def want(self, count):
        for _ in range(count):
            self._group.start_soon(self._request)

    async def _request(self):
        async with self._limits.attempt(LISTING):
            self.started += 1
            answered = anyio.Event()
            self._under_way.append(answered)
            await answered.wait()

    @property
    def under_way(self):
        return len(self._under_way)

    async def end(self, count):
        for _ in range(count):
            self._under_way.pop().set()
        await let_others_run()


@pytest.fixture
def clock():
    return SteppedClock()


def make_limits(clock, requests_per_second, max_concurrent):
    return HostLimits(
        host="r.example",
        requests_per_second=requests_per_second,
        max_concurrent=max_concurrent,
        patience_seconds=5,
        clock=clock,
        random=lambda: 0.5,
    )


@pytest.fixture
async def group():
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


async def test_a_lowered_rate_holds_those_that_wait(clock, group):
    limits = make_limits(clock, 10, 100)
    requests = Requests(limits, group)
    requests.want(100)
    await clock.pass_seconds(1)
    assert requests.started == 20
    limits.configure(requests_per_second=1, max_concurrent=100)
    await clock.pass_seconds(10)
    assert requests.started == 30


async def test_a_pause_and_an_open_circuit_stay(clock):
    limits = make_limits(clock, 10, 8)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unavailable, match="broken"):
            async with limits.attempt(LISTING):
                raise Unavailable("broken")
    limits.pause(timedelta(seconds=10))
    limits.configure(requests_per_second=1000, max_concurrent=80)
    assert limits.paused_for == timedelta(seconds=10)
    with pytest.raises(Throttled):
        await limits.wait_for_turn()
    clock.advance(10)
    with pytest.raises(Unavailable, match="in a row"):
        async with limits.attempt(LISTING):
            pass


async def test_a_pause_that_is_waited_for_is_not_cut_short(clock, group):
    limits = make_limits(clock, 10, 8)
    limits.pause(timedelta(seconds=4))
    requests = Requests(limits, group)
    requests.want(20)
    await clock.pass_seconds(3)
    limits.configure(requests_per_second=100, max_concurrent=80)
    await clock.pass_seconds(0.9)
    assert requests.started == 0
    await clock.pass_seconds(0.155)
    assert requests.started == 6


async def test_who_waits_first_goes_first(clock, group):
    limits = make_limits(clock, 0.1, 8)
    order = []

    async def request(name):
        async with limits.attempt(LISTING):
            order.append(name)

    for name in ("burst", "waiting"):
        group.start_soon(request, name)
    await clock.pass_seconds(1)
    clock.advance(9)  # its turn, which it has not heard of
    group.start_soon(request, "late")
    await clock.pass_seconds(100)
    assert order == ["burst", "waiting", "late"]


async def test_many_that_wait_for_a_quota_wait_no_longer_than_their_patience(clock, group):
    limits = make_limits(clock, 1000, 8)
    told = {"ratelimit-limit": "100", "ratelimit-remaining": "4", "ratelimit-reset": "10"}
    outcomes = []

    async def request():
        try:
            async with limits.attempt(LISTING):
                outcomes.append(clock.monotonic_seconds())
        except Throttled as error:
            outcomes.append(error.retry_after.total_seconds())

    async with limits.attempt(LISTING) as attempt:
        attempt.tell(Answer(status=200, headers=httpx.Headers(told), body=b"", redirected=False))
    for _ in range(4):
        group.start_soon(request)
    await clock.pass_seconds(20)
    assert outcomes == pytest.approx([0, 2.5, 5.0, 2.5])  # the last: Throttled for 2.5 s more


async def test_one_that_waits_may_be_cancelled_and_the_next_goes(clock, group):
    limits = make_limits(clock, 0.5, 8)
    requests = Requests(limits, group)
    requests.want(1)
    async with anyio.create_task_group() as impatient:
        Requests(limits, impatient).want(3)
        await clock.pass_seconds(1)
        impatient.cancel_scope.cancel()
    requests.want(1)
    await clock.pass_seconds(1)
    assert requests.started == 2


RATES = st.floats(0.1, 100)
STEPS = st.one_of(
    st.tuples(st.just("request"), st.integers(1, 30)),
    st.tuples(st.just("pass"), st.floats(0, 10)),
    st.tuples(st.just("configure"), RATES),
    st.tuples(st.just("pause"), st.floats(0, 5)),
)


@example(rate=5, steps=[("configure", 0.5), ("request", 5)])
@example(rate=1, steps=[("request", 1), ("configure", 100), ("request", 5)])
@given(rate=RATES, steps=st.lists(STEPS, max_size=25))
async def test_never_more_than_the_burst_and_the_rate_whatever_changes(rate, steps):
    clock = ManualClock()
    limits = make_limits(clock, rate, 8)
    allowed, since = 0.0, 0.0  # what the rates so far have let through by the time `since`
    moments = []  # (how many could have gone by the rate alone, the burst then), of each request

    def settle():
        nonlocal allowed, since
        now = clock.monotonic_seconds()
        allowed, since = allowed + (now - since) * rate, now

    for step, value in steps:
        if step == "request":
            for _ in range(value):
                async with limits.attempt(LISTING):
                    settle()
                    moments.append((allowed, max(1, rate)))
        elif step == "pass":
            clock.advance(value)
        elif step == "configure":
            settle()
            rate = value
            limits.configure(requests_per_second=rate, max_concurrent=8)
        else:
            limits.pause(timedelta(seconds=value))
    for first, (began, burst) in enumerate(moments):
        for count, (ended, _) in enumerate(moments[first:], start=1):
            assert count <= burst + (ended - began) + 1e-6
