"""What holds a change, and until when."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from automator.model.plan import Status
from automator.model.policy import Declared
from automator.plan.guards import format_time, held
from tests.unit.plan.making import NEW, NOW, field, policy, selection

DAY = timedelta(days=1)
OFFICE_HOURS = "Mon-Fri 09:00-11:00"
TOMORROW_AT_NINE = datetime(2024, 5, 16, 9, 0, tzinfo=UTC)


def hold(now=NOW, *, declared=None, facts=None, **guards):
    chosen = selection(**({"digest": NEW} | facts if facts is not None else {}))
    return held(policy(**guards), chosen, field(), declared, now)


@pytest.mark.parametrize(
    ("given", "status", "reason", "until"),
    [
        pytest.param(
            {"declared": Declared(locked=True)}, Status.LOCKED, "locked", None, id="locked"
        ),
        pytest.param(
            {"declared": Declared(locked=True, locked_reason="INC-123")},
            Status.LOCKED,
            "locked: INC-123",
            None,
            id="locked, with its reason",
        ),
        pytest.param(
            {"declared": Declared(locked=True), "min_age": DAY, "schedule": OFFICE_HOURS},
            Status.LOCKED,
            "locked",
            None,
            id="a lock stands before the others",
        ),
        pytest.param(
            {"min_age": DAY, "facts": {"created_at": NOW - timedelta(hours=23)}},
            Status.HELD,
            "held: min_age until 2024-05-15T13:00:00Z",
            NOW + timedelta(hours=1),
            id="too young",
        ),
        pytest.param(
            {
                "min_age": DAY,
                "facts": {
                    "created_at": datetime(1970, 1, 1, tzinfo=UTC),
                    "pushed_at": NOW - timedelta(hours=1),
                    "first_seen_at": NOW - 9 * DAY,
                },
            },
            Status.HELD,
            "held: min_age until 2024-05-16T11:00:00Z",
            NOW + timedelta(hours=23),
            id="an implausible creation time: the push time counts",
        ),
        pytest.param(
            {
                "min_age": DAY,
                "facts": {"created_at": NOW + DAY, "first_seen_at": NOW},
            },
            Status.HELD,
            "held: min_age until 2024-05-16T12:00:00Z",
            NOW + DAY,
            id="created in the future, push time unknown: first seen",
        ),
        pytest.param(
            {"min_age": DAY},
            Status.HELD,
            "held: min_age until the age of weaveworksdemos/carts:0.4.9 is known",
            None,
            id="age unknown: no facts",
        ),
        pytest.param(
            {"min_age": DAY, "facts": {}},
            Status.HELD,
            "held: min_age until the age of weaveworksdemos/carts:0.4.9 is known",
            None,
            id="age unknown: facts without times",
        ),
        pytest.param(
            {"schedule": OFFICE_HOURS},
            Status.HELD,
            "held: schedule until 2024-05-16T09:00:00Z",
            TOMORROW_AT_NINE,
            id="schedule closed",
        ),
        pytest.param(
            {"min_age": DAY, "schedule": OFFICE_HOURS, "facts": {"created_at": NOW}},
            Status.HELD,
            "held: min_age until 2024-05-16T12:00:00Z",
            NOW + DAY,
            id="min_age stands before the schedule",
        ),
        pytest.param(
            {"min_age": DAY, "schedule": OFFICE_HOURS, "facts": {"created_at": NOW - DAY}},
            Status.HELD,
            "held: schedule until 2024-05-16T09:00:00Z",
            TOMORROW_AT_NINE,
            id="old enough, but closed",
        ),
    ],
)
def test_held(given, status, reason, until):
    found = hold(**given)
    assert (found.status, found.reason, found.until) == (status, reason, until)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="no guard"),
        pytest.param({"declared": Declared(automated=True)}, id="no lock"),
        pytest.param({"declared": Declared(locked_reason="INC-1")}, id="a reason is no lock"),
        pytest.param({"min_age": DAY, "facts": {"created_at": NOW - DAY}}, id="just old enough"),
        pytest.param({"schedule": "Wed 12:00-13:00"}, id="schedule just open"),
        pytest.param(
            {"schedule": OFFICE_HOURS, "now": TOMORROW_AT_NINE}, id="at the time that was told"
        ),
    ],
)
def test_not_held(given):
    assert hold(**given) is None


def test_without_a_selection_only_a_lock_holds():
    guarded = policy(min_age=DAY, schedule=OFFICE_HOURS)
    assert held(guarded, None, field(), None, NOW) is None
    assert held(guarded, None, field(), Declared(locked=True), NOW).status is Status.LOCKED


def test_times_are_told_in_utc():
    assert (
        format_time(datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=2))))
        == "2024-01-02T01:04:05Z"
    )
