"""Which complete-looking tag lists are not believed at once. Pure.

A registry under repair, a mirror that has just been emptied, a proxy with a stale page: each answers 200 with a list
that lacks most tags. Such a list is held, and shown, until it has stayed so for an hour: then somebody has cleaned up.
"""

from datetime import datetime, timedelta

from automator.plan.guards import format_time
from automator.store.store import PollState

_BELIEVED_AFTER = timedelta(hours=1)


def doubt_of(known: PollState | None, count: int, now: datetime) -> str:
    """Why a list of `count` tags is not believed; empty if it is. One that lost more than half of its tags is not, be
    it in one step or in several within the hour.
    """
    if known is None:
        return ""
    most, _ = _longest(known, now)
    if count * 2 >= most:
        return ""
    believed_at = (known.doubted_since or now) + _BELIEVED_AFTER
    if now >= believed_at:
        return ""
    return (
        f"the registry lists {count} tags where it listed {most};"
        f" believed at {format_time(believed_at)} if that stays so"
    )


def next_peak(known: PollState | None, count: int, now: datetime) -> tuple[int, datetime]:
    """The longest list of the last hour, with a list of `count` tags that is believed now, and when it was in force. One
    that was doubted and has stayed is where it begins anew.
    """
    most, at = (0, now) if known is None else _longest(known, now)
    return (count, now) if count * 2 < most or count >= most else (most, at)


def _longest(known: PollState, now: datetime) -> tuple[int, datetime]:
    """The list that is known, or a longer one that was in its place within the hour."""
    if known.peak_at is None or not now - _BELIEVED_AFTER < known.peak_at <= now:
        return known.count, now
    return max((known.count, now), (known.peak, known.peak_at))
