from datetime import timedelta

import pytest

from automator.errors import Denied, NotFound, ProtocolViolation, Throttled, Unavailable
from automator.registry.retries import Backoff, RetryPolicy, retried
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio

POLICY = RetryPolicy(attempts=4, total_seconds=60, patience_seconds=10)


class Call:
    def __init__(self, clock, *outcomes, takes_seconds=0):
        self.clock, self.outcomes, self.takes_seconds = clock, outcomes, takes_seconds
        self.times = 0

    async def __call__(self):
        outcome = self.outcomes[min(self.times, len(self.outcomes) - 1)]
        self.times += 1
        self.clock.advance(self.takes_seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def clock():
    return ManualClock()


async def run(call, policy=POLICY, *, is_hopeless=lambda: False):
    return await retried(call, policy=policy, clock=call.clock, is_hopeless=is_hopeless)


async def test_a_success_waits_for_nothing(clock):
    assert await run(Call(clock, "done")) == "done"
    assert clock.slept == []


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("x"),
        Throttled("x", retry_after=None),
        Throttled("x", retry_after=timedelta(seconds=10)),
    ],
    ids=["unavailable", "throttled", "throttled for a short time"],
)
async def test_what_may_mend_itself_is_tried_again(clock, error):
    call = Call(clock, error, error, "done")
    assert await run(call) == "done"
    assert call.times == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize(
    "error",
    [
        Denied("x"),
        NotFound("x"),
        ProtocolViolation("x"),
        Throttled("x", retry_after=timedelta(seconds=11)),
    ],
    ids=["denied", "not found", "violation", "throttled for long"],
)
async def test_what_will_not_change_soon_is_not(clock, error):
    call = Call(clock, error)
    with pytest.raises(type(error)):
        await run(call)
    assert call.times == 1


async def test_it_ends_after_so_many_attempts_with_the_last_error(clock):
    call = Call(clock, Unavailable("first"), Unavailable("other"))
    with pytest.raises(Unavailable, match="other"):
        await run(call)
    assert call.times == POLICY.attempts
    assert all(0 <= wait <= POLICY.longest_wait_seconds for wait in clock.slept)


async def test_it_ends_after_so_much_time(clock):
    call = Call(clock, Unavailable("x"), takes_seconds=31)
    with pytest.raises(Unavailable):
        await run(call)
    assert call.times == 2


async def test_it_ends_when_the_circuit_opens(clock):
    call = Call(clock, Unavailable("x"))
    with pytest.raises(Unavailable):
        await run(call, is_hopeless=lambda: True)
    assert call.times == 1


def pauses(random, count=5):
    backoff = Backoff(first_seconds=1, longest_seconds=10, random=lambda: random)
    return [backoff.next_seconds() for _ in range(count)]


def test_pauses_double_up_to_the_longest():
    assert pauses(0.5) == [1, 2, 4, 8, 10]


def test_pauses_are_up_to_a_fifth_shorter_or_longer_by_chance():
    assert pauses(0.0) == pytest.approx([0.8, 1.6, 3.2, 6.4, 8])
    assert pauses(1.0) == pytest.approx([1.2, 2.4, 4.8, 9.6, 12])


def test_after_a_reset_pauses_are_short_again():
    backoff = Backoff(first_seconds=1, longest_seconds=10, random=lambda: 0.5)
    backoff.next_seconds()
    backoff.reset()
    assert backoff.next_seconds() == 1
