"""What keeps a change from being made now: a lock, an image that is too young, a closed schedule.

Knows nothing of how the change was chosen, and reads no clock: `now` is given.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from automator.model.field import ImageField
from automator.model.plan import Status
from automator.model.policy import Declared, Policy
from automator.model.selection import Selection
from automator.plan.schedule import parse_schedule
from automator.select.order import build_time


class Guard(StrEnum):
    MIN_AGE = "min_age"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`until` is None where no time can be told: a lock, an image of unknown age, a schedule that never opens."""

    status: Status
    reason: str
    until: datetime | None = None


def held(
    policy: Policy,
    selection: Selection | None,
    field: ImageField,
    declared: Declared | None,
    now: datetime,
) -> Held | None:
    """The first guard that holds: a lock before `min_age` before `schedule`."""
    if declared is not None and declared.locked:
        why = f"locked: {declared.locked_reason}" if declared.locked_reason else "locked"
        return Held(status=Status.LOCKED, reason=why)
    if selection is None:
        return None
    return _held_by_age(policy, selection, field, now) or _held_by_schedule(policy, now)


def _held_by_age(
    policy: Policy, selection: Selection, field: ImageField, now: datetime
) -> Held | None:
    """An image whose age cannot be told is held: it may have been pushed a moment ago."""
    if policy.min_age is None:
        return None
    built_at = build_time(selection.facts, now) if selection.facts is not None else None
    if built_at is None:
        image = f"{field.image.name}:{selection.tag}"
        return _held_until(Guard.MIN_AGE, None, f"the age of {image} is known")
    ready_at = built_at + policy.min_age
    return _held_until(Guard.MIN_AGE, ready_at) if now < ready_at else None


def _held_by_schedule(policy: Policy, now: datetime) -> Held | None:
    if policy.schedule is None:
        return None
    schedule = parse_schedule(policy.schedule)
    if schedule.is_open(now):
        return None
    return _held_until(Guard.SCHEDULE, schedule.next_opening(now), "it is changed: it never opens")


def _held_until(guard: Guard, until: datetime | None, otherwise: str = "") -> Held:
    when = otherwise if until is None else format_time(until)
    return Held(status=Status.HELD, reason=f"held: {guard} until {when}", until=until)


def format_time(at: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
