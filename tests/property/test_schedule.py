"""Polls are spread over the interval, steadily."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from automator.model.image import ImageRepository
from automator.observe.schedule import Pace, spread
from automator.store.store import PollState

START = datetime(2024, 1, 1, tzinfo=UTC)
INTERVAL = timedelta(minutes=1)
PACE = Pace(shortest=INTERVAL, longest=INTERVAL)
BEFORE = PollState(
    polled_at=START - INTERVAL, changed_at=START, count=1, validator="", doubted_since=None
)
repositories = st.sets(st.integers(0, 999), max_size=50).map(
    lambda numbers: [ImageRepository("r", f"app{n}") for n in numbers]
)


@given(repositories, repositories)
def test_one_more_repository_does_not_move_the_others(some, more):
    alone = dict(map(reversed, spread(some, START, PACE, dict.fromkeys(some, BEFORE))))
    every = {*some, *more}
    together = dict(map(reversed, spread(every, START, PACE, dict.fromkeys(every, BEFORE))))
    assert {repository: together[repository] for repository in some} == alone


@given(repositories)
def test_every_poll_falls_into_the_round_in_order(some):
    due = spread(some, START, PACE, dict.fromkeys(some, BEFORE))
    assert due == sorted(due)
    assert len(due) == len(some)
    assert all(START <= at < START + INTERVAL for at, _ in due)


@given(repositories)
def test_what_never_was_polled_is_due_at_once(some):
    assert {at for at, _ in spread(some, START, PACE, {})} <= {START}


def test_polls_are_spread_over_the_whole_interval():
    many = [ImageRepository("r", f"app{n}") for n in range(600)]
    due = spread(many, START, PACE, dict.fromkeys(many, BEFORE))
    per_tenth = [sum(1 for at, _ in due if (at - START) // (INTERVAL / 10) == n) for n in range(10)]
    assert min(per_tenth) > 30
