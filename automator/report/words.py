"""Spans of time in words, for people. Pure."""

from datetime import timedelta

_TIME_UNITS = (("y", 365 * 86400), ("mo", 30 * 86400), ("d", 86400), ("h", 3600), ("m", 60))


def render_age(span: timedelta) -> str:
    """`3mo`, `16d`: the largest unit says enough."""
    seconds = span.total_seconds()
    for unit, size in _TIME_UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "<1m"
