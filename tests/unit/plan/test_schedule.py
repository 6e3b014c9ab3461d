"""When changes may be made: windows of time, with zones, past midnight, and where clocks change."""

from datetime import UTC, datetime

import pytest

from automator.errors import InvalidExpression
from automator.plan.schedule import parse_schedule


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2024-01-01 was a Monday.
OPEN = [
    ("09:00-17:00", "2024-01-01T09:00", True),
    ("09:00-17:00", "2024-01-01T16:59", True),
    ("09:00-17:00", "2024-01-01T17:00", False),
    ("09:00-17:00", "2024-01-01T08:59", False),
    ("Mon-Fri 09:00-17:00", "2024-01-05T12:00", True),
    ("Mon-Fri 09:00-17:00", "2024-01-06T12:00", False),
    ("mon,wed 9:00-17:00", "2024-01-03T12:00", True),
    ("mon,wed 9:00-17:00", "2024-01-02T12:00", False),
    ("Fri-Mon 09:00-17:00", "2024-01-07T12:00", True),
    ("Fri-Mon 09:00-17:00", "2024-01-03T12:00", False),
    ("22:00-02:00", "2024-01-01T23:00", True),
    ("22:00-02:00", "2024-01-02T01:59", True),
    ("22:00-02:00", "2024-01-02T02:00", False),
    ("Fri 22:00-02:00", "2024-01-06T01:00", True),
    ("Fri 22:00-02:00", "2024-01-05T01:00", False),
    ("09:00-10:00; 15:00-16:00", "2024-01-01T15:30", True),
    ("09:00-10:00; 15:00-16:00", "2024-01-01T12:00", False),
    ("09:00-17:00 Europe/Berlin", "2024-01-01T08:00", True),
    ("09:00-17:00 Europe/Berlin", "2024-07-01T07:00", True),
    ("09:00-17:00 Europe/Berlin", "2024-07-01T15:00", False),
]


@pytest.mark.parametrize(("text", "moment", "expected"), OPEN)
def test_is_open(text, moment, expected):
    assert parse_schedule(text).is_open(at(moment)) is expected


NEXT = [
    ("09:00-17:00", "2024-01-01T08:00", "2024-01-01T09:00"),
    ("09:00-17:00", "2024-01-01T09:00", "2024-01-02T09:00"),
    ("Mon 09:00-17:00", "2024-01-02T09:00", "2024-01-08T09:00"),
    ("Mon 09:00-17:00; Wed 10:00-11:00", "2024-01-02T09:00", "2024-01-03T10:00"),
    ("09:00-17:00 America/New_York", "2024-03-09T20:00", "2024-03-10T13:00"),
]


@pytest.mark.parametrize(("text", "moment", "expected"), NEXT)
def test_next_opening(text, moment, expected):
    assert parse_schedule(text).next_opening(at(moment)) == at(expected)


MISTAKES = [
    ("always", "always"),
    ("", ""),
    ("25:00-26:00", "25:00"),
    ("09:00-17:99", "17:99"),
    ("Mon-Fry 09:00-17:00", "Mon-Fry"),
    ("09:00-17:00 Mars/Olympus", "Mars/Olympus"),
    ("09:00-10:00; soon", " soon"),
]


@pytest.mark.parametrize(("text", "wrong"), MISTAKES)
def test_a_mistake_says_where(text, wrong):
    with pytest.raises(InvalidExpression) as caught:
        parse_schedule(text)
    assert text[caught.value.start : caught.value.end] == wrong
