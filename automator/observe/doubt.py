"""Which complete-looking tag lists are not believed at once. Pure.

A registry under repair, a mirror that has just been emptied, a proxy with a stale page: each answers 200 with a list
that lacks most tags. Such a list is held, and shown, until it has stayed so for an hour: then somebody has cleaned up.
"""

from datetime import datetime, timedelta

from automator.plan.guards import format_time
from automator.store.store import PollState

_BELIEVED_AFTER = timedelta(hours=1)


def doubt_of(known: PollState | None, count: int, now: datetime) -> str:
    """Why a list of `count` tags is not believed; empty if it is. One that lost more than half of its tags is not."""
    if known is None or count * 2 >= known.count:
        return ""
    believed_at = (known.doubted_since or now) + _BELIEVED_AFTER
    if now >= believed_at:
        return ""
    return (
        f"the registry lists {count} tags where it listed {known.count};"
        f" believed at {format_time(believed_at)} if that stays so"
    )
