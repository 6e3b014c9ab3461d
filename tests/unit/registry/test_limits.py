"""What one registry host is asked at most, while nothing of its settings changes."""

from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from automator.errors import Denied, NotFound, Throttled, Unavailable
from automator.registry.limits.circuit import FAILURES_TO_OPEN, FIRST_COOLDOWN_SECONDS
from automator.registry.limits.host_limits import LONGEST_BACKOFF_SECONDS, HostLimits
from automator.registry.transport import Exchange
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio

LISTING = Exchange(
    method="GET", url="https://r.example/v2/a/tags/list", where="r.example/a", body_limit=1
)


@pytest.fixture
def clock():
    return ManualClock()


def make_limits(clock, *, random=0.5, **changed):
    settings = {"requests_per_second": 10, "max_concurrent": 2, "patience_seconds": 5} | changed
    return HostLimits(host="r.example", clock=clock, random=lambda: random, **settings)


async def attempt(limits, error=None):
    async with limits.attempt(LISTING):
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


async def test_a_second_request_of_an_attempt_counts_but_needs_no_slot(clock):
    limits = make_limits(clock, requests_per_second=1, max_concurrent=1)
    async with limits.attempt(LISTING):
        await limits.wait_for_turn()
    assert clock.monotonic_seconds() == pytest.approx(1.0)


async def test_no_more_than_so_many_at_a_time(clock):
    limits = make_limits(clock)
    inside, most = 0, 0

    async def request():
        nonlocal inside, most
        async with limits.attempt(LISTING):
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(9):
            group.start_soon(request)
    assert most == 2


# Pauses


async def test_a_short_pause_is_waited_for(clock):
    limits = make_limits(clock)
    limits.pause(timedelta(seconds=4))
    limits.pause(timedelta(seconds=1))
    assert limits.paused_for == timedelta(seconds=4)
    await attempt(limits)
    assert clock.slept == [4.0]
    assert limits.paused_for == timedelta(0)


async def test_a_long_pause_is_reported_at_once_and_ends(clock):
    limits = make_limits(clock)
    limits.pause(timedelta(seconds=60))
    with pytest.raises(Throttled) as caught:
        await attempt(limits)
    assert caught.value.retry_after == timedelta(seconds=60)
    assert clock.slept == []
    clock.advance(60)
    await attempt(limits)


async def test_what_waited_for_the_end_of_a_pause_does_not_leave_in_one_burst(clock):
    limits = make_limits(clock, max_concurrent=50)
    left_at = []

    async def request():
        async with limits.attempt(LISTING):
            left_at.append(clock.monotonic_seconds())

    limits.pause(timedelta(seconds=4))
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(request)
    assert left_at == pytest.approx([4 + number / 10 for number in range(20)])


async def test_a_pause_gives_no_tokens(clock):
    limits = make_limits(clock)
    for _ in range(10):
        await attempt(limits)
    limits.pause(timedelta(seconds=0.05))
    await attempt(limits)
    assert clock.monotonic_seconds() == pytest.approx(0.1)


async def test_refusals_in_a_row_without_a_time_pause_longer_each_time(clock):
    limits = make_limits(clock)
    pauses = []
    for _ in range(10):
        pauses.append(limits.back_off().total_seconds())
        clock.advance(pauses[-1])
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_BACKOFF_SECONDS]


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 0.8), (1.0, 1.2)])
async def test_such_a_pause_is_up_to_a_fifth_shorter_or_longer(clock, random, seconds):
    limits = make_limits(clock, random=random)
    assert limits.back_off() == timedelta(seconds=seconds)


async def test_refusals_of_requests_that_were_under_way_prolong_no_pause(clock):
    limits = make_limits(clock)
    assert [limits.back_off() for _ in range(8)] == [timedelta(seconds=1)] * 8


@pytest.mark.parametrize(
    ("answer", "next_pause"),
    [
        pytest.param(None, 1, id="success"),
        pytest.param(NotFound("no such repository"), 1, id="404"),
        pytest.param(Throttled("429", retry_after=None), 2, id="429"),
        pytest.param(Unavailable("503"), 2, id="503"),
    ],
)
async def test_an_answer_ends_the_row(clock, answer, next_pause):
    limits = make_limits(clock)
    limits.back_off()
    if answer is None:
        await attempt(limits)
    else:
        with pytest.raises(type(answer)):
            await attempt(limits, answer)
    assert limits.back_off() == timedelta(seconds=next_pause)


# The circuit


async def test_failures_in_a_row_open_the_circuit(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    with pytest.raises(Unavailable, match=r"^r\.example: the registry has failed 5 times .* 15 s"):
        await attempt(limits)


@pytest.mark.parametrize("answer", [NotFound("404"), Denied("403")], ids=str)
async def test_an_answer_of_any_meaning_keeps_it_closed(clock, answer):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN - 1)
    with pytest.raises(type(answer)):
        await attempt(limits, answer)
    await fail(limits, FAILURES_TO_OPEN - 1)
    assert not limits.circuit.is_open


async def test_one_probe_at_a_time(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    async with limits.attempt(LISTING):
        with pytest.raises(Unavailable, match="in a row"):
            await attempt(limits)
    await attempt(limits)
    assert not limits.circuit.is_open


async def test_a_cancelled_probe_lets_another_through(clock):
    limits = make_limits(clock)
    await fail(limits, FAILURES_TO_OPEN)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    with anyio.CancelScope() as scope:
        async with limits.attempt(LISTING):
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    await attempt(limits)
    assert not limits.circuit.is_open


async def test_what_is_refused_or_cancelled_keeps_no_slot(clock):
    limits = make_limits(clock, max_concurrent=1)
    await fail(limits, FAILURES_TO_OPEN)
    for _ in range(3):
        with pytest.raises(Unavailable, match="in a row"):
            await attempt(limits)
    limits.pause(timedelta(seconds=60))
    for _ in range(3):
        with pytest.raises(Throttled):
            await attempt(limits)
    clock.advance(60)
    async with limits.attempt(LISTING):
        with anyio.move_on_after(0):
            await attempt(limits)
    await attempt(limits)
