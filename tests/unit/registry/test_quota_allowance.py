"""How a quota is obeyed: when the next request may go."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.registry.limits.allowance import Allowance
from automator.registry.limits.quota import Quota

HOUR = timedelta(hours=1)


def sliding(remaining, limit=100):
    """As Docker Hub's: 100 in six hours, so that one comes back each 216 s."""
    return Quota(limit=limit, remaining=remaining, window=6 * HOUR)


def resetting(remaining, seconds, limit=100):
    return Quota(limit=limit, remaining=remaining, resets_in=timedelta(seconds=seconds))


def told(quota, now=0.0):
    allowance = Allowance()
    allowance.tell(quota, 0, now)
    return allowance


def sent(allowance, until, now=0.0):
    """When requests go, each as soon as it may, of as many as would."""
    times = []
    while (now := now + allowance.wait_seconds(now)) <= until:
        allowance.take(now)
        times.append(now)
        if len(times) > 1000:
            break
    return times


def test_before_anything_is_told_nothing_waits():
    assert Allowance().wait_seconds(0.0) == 0
    assert Allowance().quota(0.0) is None


def test_the_last_tenth_of_a_sliding_window_goes_as_fast_as_it_gives_back():
    assert sent(told(sliding(13)), until=1000) == [0, 0, 0, 216, 432, 648, 864]


def test_of_a_sliding_window_that_is_used_up_one_comes_back_at_a_time():
    assert sent(told(sliding(0)), until=1000) == [216, 432, 648, 864]


def test_what_a_sliding_window_gives_back_in_the_meantime_goes_at_once():
    allowance = told(sliding(10))
    assert sent(allowance, until=2160, now=2160.0) == [2160.0] * 10
    assert allowance.quota(2160.0) == sliding(10)


def test_a_sliding_window_gives_back_no_more_than_its_limit():
    allowance = told(sliding(90))
    assert allowance.quota(432.0) == sliding(92)
    assert allowance.quota(1_000_000.0) == sliding(100)


def test_the_last_tenth_before_a_reset_is_spread_evenly():
    assert sent(told(resetting(12, 30)), until=29.9) == pytest.approx(
        [0, 0, *(30 * part / 11 for part in range(1, 11))]
    )


def test_used_up_it_waits_for_the_reset_after_which_nothing_is_known():
    allowance = told(resetting(0, 30), now=100.0)
    assert allowance.quota(110.0) == resetting(0, 20)
    assert allowance.wait_seconds(110.0) == 20
    assert allowance.wait_seconds(130.0) == 0
    assert allowance.quota(130.0) is None


def test_of_a_quota_without_a_limit_the_last_is_used_before_it_waits():
    assert sent(told(resetting(3, 30, limit=None)), until=29) == [0, 0, 0]


def test_where_nothing_tells_when_it_goes_on_it_is_tried():
    assert told(Quota(limit=100, remaining=0)).wait_seconds(0.0) == 0


def test_what_is_told_next_counts():
    allowance = told(resetting(0, 3000))
    allowance.tell(resetting(50, 3000), 0, 1.0)
    assert allowance.wait_seconds(1.0) == 0


def test_what_was_sent_since_is_not_there_any_more():
    allowance = told(resetting(50, 30))
    for _ in range(3):
        allowance.take(0.0)
    allowance.tell(resetting(40, 30), 1, 0.0)  # the answer to the first of three
    assert allowance.quota(0.0) == resetting(38, 30)


def test_a_late_answer_is_believed_only_if_it_tells_of_less():
    allowance = told(resetting(50, 30))
    for _ in range(3):
        allowance.take(0.0)
    allowance.tell(resetting(20, 30), 3, 0.0)
    allowance.tell(resetting(30, 30), 1, 0.0)
    assert allowance.quota(0.0) == resetting(20, 30)
    allowance.tell(resetting(15, 30), 2, 0.0)
    assert allowance.quota(0.0) == resetting(14, 30)


def test_what_was_not_sent_is_given_back():
    allowance = told(resetting(50, 30))
    allowance.take(0.0)
    allowance.give_back()
    assert allowance.quota(0.0) == resetting(50, 30)


@given(
    order=st.permutations(range(8)),
    remaining=st.integers(8, 40),
    quota=st.sampled_from([sliding, lambda remaining: resetting(remaining, 3000)]),
)
def test_in_whatever_order_answers_come_the_count_is_the_registry_s(order, remaining, quota):
    allowance = told(quota(remaining))
    tickets = []
    for _ in range(8):
        allowance.take(0.0)
        tickets.append(allowance.ticket)
    for number in order:
        allowance.tell(quota(remaining - tickets[number]), tickets[number], 0.0)
    assert allowance.quota(0.0).remaining == remaining - 8


@given(
    remaining=st.integers(0, 100),
    seconds=st.integers(1, 10_000),
    gaps=st.lists(st.floats(0, 100), max_size=150),
)
def test_no_more_are_sent_before_the_reset_than_are_left(remaining, seconds, gaps):
    allowance = told(resetting(remaining, seconds))
    now, count = 0.0, 0
    for gap in gaps:
        now += gap
        if now >= seconds:
            break
        if allowance.wait_seconds(now) == 0:
            allowance.take(now)
            count += 1
    assert count <= remaining
