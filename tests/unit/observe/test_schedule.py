"""When image repositories are polled: what changes often, often; nothing in bursts, nothing never."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.model.image import ImageRepository
from automator.observe.schedule import Pace, spread
from automator.store.store import PollState

NOW = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACE = Pace(shortest=MINUTE, longest=10 * MINUTE)


def repositories(count):
    return [ImageRepository("r", f"app{n}") for n in range(count)]


def state(*, polled, changed):
    return PollState(
        polled_at=polled, changed_at=changed, count=1, validator="", doubted_since=None
    )


@pytest.mark.parametrize(
    ("still", "interval"),
    [
        (timedelta(0), MINUTE),
        (timedelta(minutes=9), MINUTE),
        (timedelta(minutes=30), 3 * MINUTE),
        (timedelta(hours=2), 10 * MINUTE),
        (timedelta(days=300), 10 * MINUTE),
        (timedelta(minutes=-5), MINUTE),
    ],
)
def test_a_list_is_polled_after_a_tenth_of_the_time_that_it_stood_still(still, interval):
    assert PACE.interval(state(polled=NOW, changed=NOW - still), NOW) == interval


def test_a_longest_interval_below_the_shortest_is_no_limit():
    pace = Pace(shortest=MINUTE, longest=timedelta(0))
    assert pace.interval(state(polled=NOW, changed=NOW - timedelta(days=9)), NOW) == MINUTE


def test_what_was_polled_meanwhile_has_had_its_turn():
    [one] = repositories(1)
    assert spread([one], NOW, PACE, {one: state(polled=NOW + MINUTE / 60, changed=NOW)}) == []


def test_what_a_wrong_clock_polled_in_the_future_is_due():
    [one] = repositories(1)
    ahead = state(polled=NOW + timedelta(days=300), changed=NOW + timedelta(days=300))
    assert [name for _, name in spread([one], NOW, PACE, {one: ahead})] == [one]


def simulate(age, minutes):
    """The polls of one unchanging image repository, round after round."""
    [one] = repositories(1)
    changed, polled = NOW - age, NOW - MINUTE
    polls = []
    for turn in range(minutes):
        for at, _ in spread(
            [one], NOW + turn * MINUTE, PACE, {one: state(polled=polled, changed=changed)}
        ):
            polls.append(at)
            polled = at
    return polls


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_no_image_repository_is_polled_more_often_than_the_shortest_or_more_seldom_than_the_longest(
    age,
):
    polls = simulate(age, 60)
    gaps = [after - before for before, after in pairwise(polls)]
    assert gaps
    assert all(MINUTE / 2 <= gap <= PACE.longest + MINUTE for gap in gaps)


def test_the_old_cost_a_tenth_of_the_requests_of_the_new():
    assert len(simulate(timedelta(0), 8)) == 8
    assert len(simulate(timedelta(days=30), 100)) == 10
