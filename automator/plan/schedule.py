"""When changes may be made: `Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00`.

    schedule = window { ";" window }
    window   = [days] time "-" time [zone]      days = day { "," day } | day "-" day       zone: UTC by default

A window whose end is not after its start runs past midnight and belongs to the day on which it opens.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from automator.errors import InvalidExpression

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"\s*(?:(?P<days>[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)\s+)?"
    r"(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})(?:\s+(?P<zone>[A-Za-z][\w+/-]*))?\s*"
)
_HINT = "as in Mon-Fri 09:00-17:00 Europe/Berlin"
_LOOK_AHEAD_DAYS = 8


@dataclass(frozen=True, slots=True)
class _Window:
    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo

    def opening_on(self, day: date) -> tuple[datetime, datetime] | None:
        """[from, to) of this window if it opens on that day, in UTC; wall-clock times, also where clocks change."""
        if day.weekday() not in self.days:
            return None
        closes_on = day if self.end > self.start else day + timedelta(days=1)
        opens_at = datetime.combine(day, self.start, self.zone)
        closes_at = datetime.combine(closes_on, self.end, self.zone)
        return opens_at.astimezone(UTC), closes_at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    windows: tuple[_Window, ...]

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._openings(at, days_before=1, days=1))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which a window opens."""
        openings = self._openings(at, days_before=0, days=_LOOK_AHEAD_DAYS)
        return min((start for start, _ in openings if start > at), default=None)

    def _openings(
        self, at: datetime, *, days_before: int, days: int
    ) -> list[tuple[datetime, datetime]]:
        found = []
        for window in self.windows:
            today = at.astimezone(window.zone).date()
            for offset in range(-days_before, days + 1):
                opening = window.opening_on(today + timedelta(days=offset))
                if opening is not None:
                    found.append(opening)
        return found


@lru_cache(maxsize=1024)
def parse_schedule(text: str) -> Schedule:
    """Raises InvalidExpression, whose span counts from the start of `text`."""
    windows = []
    start = 0
    for part in text.split(";"):
        windows.append(_parse_window(part, start))
        start += len(part) + 1
    return Schedule(tuple(windows))


def _parse_window(text: str, offset: int) -> _Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise InvalidExpression(
            f"{text.strip()!r} is no window of time",
            start=offset,
            end=offset + len(text),
            hint=_HINT,
        )

    def refuse(group: str, message: str) -> InvalidExpression:
        begin, end = found.span(group)
        return InvalidExpression(message, start=offset + begin, end=offset + end, hint=_HINT)

    times = {}
    for group in ("start", "end"):
        try:
            hour, _, minute = found[group].partition(":")
            times[group] = time(int(hour), int(minute))
        except ValueError as error:
            raise refuse(group, f"{found[group]!r} is no time of day") from error
    try:
        zone = ZoneInfo(found["zone"] or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refuse("zone", f"{found['zone']!r} is no time zone") from error
    try:
        days = _parse_days(found["days"])
    except ValueError as error:
        raise refuse("days", str(error)) from error
    return _Window(days, times["start"], times["end"], zone)


def _parse_days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        for name in (first, last) if dash else (first,):
            if name not in _DAYS:
                raise ValueError(f"{name!r} is no day of the week")
        begin = _DAYS.index(first)
        length = (_DAYS.index(last) - begin) % 7 if dash else 0
        days |= {(begin + step) % 7 for step in range(length + 1)}
    return frozenset(days)
