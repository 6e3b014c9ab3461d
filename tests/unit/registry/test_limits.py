from datetime import timedelta

import anyio
import pytest

from automator.errors import NotFound, Throttled, Unavailable
from automator.registry.limits import FAILURES_TO_OPEN, FIRST_COOLDOWN_SECONDS, HostLimits
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock():
    return ManualClock()


def make_limits(clock, **changed):
    settings = {"requests_per_second": 10, "max_concurrent": 2, "patience_seconds": 5} | changed
    return HostLimits(host="r.example", clock=clock, **settings)


async def attempt(limits, error=None):
    async with limits:
        if error is not None:
            raise error


async def fail(limits, times=1):
    for _ in range(times):
        with pytest.raises(Unavailable, match="broken"):
            await attempt(limits, Unavailable("broken"))


async def test_a_second_s_worth_may_go_at_once_and_then_the_rate_holds(clock):
    limits = make_limits(clock)
    for _ in range(10):
        await attempt(limits)
    assert clock.slept == []
    for _ in range(20):
        await attempt(limits)
    assert clock.monotonic_seconds() == pytest.approx(2.0)


async def test_a_slow_rate_is_kept_too(clock):
    limits = make_limits(clock, requests_per_second=0.5)
    for _ in range(3):
        await attempt(limits)
    assert clock.monotonic_seconds() == pytest.approx(4.0)


async def test_no_more_than_so_many_at_a_time(clock):
    limits = make_limits(clock)
    inside, most = 0, 0

    async def request():
        nonlocal inside, most
        async with limits:
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(9):
            group.start_soon(request)
    assert most == 2


async def test_a_short_pause_is_waited_for(clock):
    limits = make_limits(clock)
    limits.pause(timedelta(seconds=4))
    limits.pause(timedelta(seconds=1))
    await attempt(limits)
    assert clock.slept == [4.0]


async def test_a_long_pause_is_reported_at_once_and_ends(clock):
    limits = make_limits(clock)
    limits.pause(timedelta(seconds=60))
    with pytest.raises(Throttled) as caught:
        await attempt(limits)
    assert caught.value.retry_after == timedelta(seconds=60)
    assert clock.slept == []
    clock.advance(60)
    await attempt(limits)


async def test_failures_in_a_row_open_the_circuit(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    with pytest.raises(Unavailable, match=r"^r\.example: the registry has failed 5 times .* 15 s"):
        await attempt(limits)


@pytest.mark.parametrize("answer", [None, NotFound("no such repository")], ids=["success", "404"])
async def test_an_answer_between_them_keeps_it_closed(clock, answer):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN - 1)
    if answer is None:
        await attempt(limits)
    else:
        with pytest.raises(NotFound):
            await attempt(limits, answer)
    await fail(limits, FAILURES_TO_OPEN - 1)
    assert not limits.circuit.is_open


async def test_after_the_cooldown_one_probe_is_let_through_and_closes_it(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    async with limits:
        with pytest.raises(Unavailable, match="in a row"):
            await attempt(limits)
    await attempt(limits)
    assert not limits.circuit.is_open


async def test_a_failed_probe_doubles_the_cooldown(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    await fail(limits)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    with pytest.raises(Unavailable, match="in a row"):
        await attempt(limits)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    await attempt(limits)


async def test_a_cancelled_probe_lets_another_through(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    with anyio.CancelScope() as scope:
        async with limits:
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    await attempt(limits)
    assert not limits.circuit.is_open
