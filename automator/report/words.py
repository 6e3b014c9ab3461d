"""How far behind, and how old: in words, for people. Pure."""

from datetime import datetime, timedelta

_TIME_UNITS = (("y", 365 * 86400), ("mo", 30 * 86400), ("d", 86400), ("h", 3600), ("m", 60))


def render_age(span: timedelta) -> str:
    """`3mo`, `16d`: the largest unit says enough."""
    seconds = span.total_seconds()
    for unit, size in _TIME_UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "<1m"


def age_behind(current_at: datetime | None, latest_at: datetime | None) -> timedelta | None:
    """How much younger the selected image is than the one in use, where both build times are known and it is."""
    if current_at is None or latest_at is None or latest_at <= current_at:
        return None
    return latest_at - current_at


def behind_text(behind: int, age: timedelta | None) -> str:
    """`3mo, 45 versions`; empty for what is not behind."""
    if not behind:
        return ""
    versions = "1 version" if behind == 1 else f"{behind} versions"
    return versions if age is None else f"{render_age(age)}, {versions}"
