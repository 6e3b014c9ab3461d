"""What registries tell of the requests that are left: the headers of their answers to a Quota. Pure.

    Docker Hub       ratelimit-limit: 100;w=21600   ratelimit-remaining: 76;w=21600
    GitLab           RateLimit-Limit: 2000   RateLimit-Remaining: 1999   RateLimit-Reset: 1760000000 (the time)
    IETF, to 06      RateLimit-Limit: 100, 100;w=60   RateLimit-Remaining: 50   RateLimit-Reset: 30 (seconds)
    IETF, from 08    RateLimit: "default";r=50;t=30   RateLimit-Policy: "default";q=100;w=60
    GitHub           X-RateLimit-Limit: 60   X-RateLimit-Remaining: 59   X-RateLimit-Reset: 1760000000 (the time)

IETF: draft-ietf-httpapi-ratelimit-headers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_LONGEST_RESET = timedelta(days=1)
_LONGEST_WINDOW = timedelta(days=366)
_MOST = 10**9
# Fewer are seconds to wait; more are seconds since 1970; still more, milliseconds since then.
_EPOCH_FROM = 10**9
_EPOCH_MILLISECONDS_FROM = 10**11

_LONGEST_HEADER = 1000

_NUMBER = re.compile(r"[0-9]{1,15}")
_COUNT = re.compile(r"([0-9]{1,15})\s*(?:[;,].*)?")
_WINDOW = re.compile(r";\s*w=([0-9]{1,15})")
_PARAMETER = re.compile(r";\s*([a-z]+)=([0-9]{1,15})(?=\s*(?:;|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`remaining` of `limit` requests are left, until all are again in `resets_in`.

    Where no reset is told but a `window`, it is a sliding one. `limit` is None where it is not told.
    """

    limit: int | None
    remaining: int
    resets_in: timedelta | None = None
    window: timedelta | None = None


def parse_quota(headers: Mapping[str, str], now: datetime) -> Quota | None:
    """The quota that an answer tells; None where it tells none that can be read.

    Of several the one with the fewest requests left. Names of headers are looked up in lower case.
    """
    for name in ("ratelimit", "x-ratelimit"):
        if f"{name}-remaining" in headers:
            return _parse_separate(headers, name, now)
    return _parse_combined(headers) if "ratelimit" in headers else None


def _parse_separate(headers: Mapping[str, str], name: str, now: datetime) -> Quota | None:
    remaining = headers[f"{name}-remaining"]
    limit = headers.get(f"{name}-limit", "")
    left = _parse_count(remaining)
    if left is None:
        return None
    return _quota(
        limit=_parse_count(limit),
        remaining=left,
        resets_in=_parse_reset(headers.get(f"{name}-reset", ""), now),
        window_seconds=_parse_window(limit) or _parse_window(remaining),
    )


def _parse_count(text: str) -> int | None:
    count = _COUNT.fullmatch(text[:_LONGEST_HEADER].strip())
    return None if count is None else int(count[1])


def _parse_window(text: str) -> int | None:
    window = _WINDOW.search(text[:_LONGEST_HEADER])
    return None if window is None else int(window[1])


def _parse_reset(text: str, now: datetime) -> float | None:
    text = text.strip()
    if _NUMBER.fullmatch(text) is None:
        return None
    number = int(text)
    if number < _EPOCH_FROM:
        return number
    seconds = number if number < _EPOCH_MILLISECONDS_FROM else number / 1000
    return max(0.0, seconds - now.timestamp())


def _parse_combined(headers: Mapping[str, str]) -> Quota | None:
    policies = dict(_parse_items(headers.get("ratelimit-policy", "")))
    quotas = [
        _quota(
            limit=policies.get(name, {}).get("q"),
            remaining=parameters["r"],
            resets_in=parameters.get("t"),
            window_seconds=policies.get(name, {}).get("w"),
        )
        for name, parameters in _parse_items(headers["ratelimit"])
        if "r" in parameters
    ]
    known = [quota for quota in quotas if quota is not None]
    return min(known, key=lambda quota: quota.remaining, default=None)


def _parse_items(text: str) -> list[tuple[str, dict[str, int]]]:
    """`"name";r=50;t=30, ...`: each name with its numbers."""
    items = []
    for item in text[:_LONGEST_HEADER].split(","):
        name, semicolon, parameters = item.strip().partition(";")
        numbers = _PARAMETER.findall(semicolon + parameters)
        items.append((name.strip(' "'), {key: int(value) for key, value in numbers}))
    return items


def _quota(
    *,
    limit: int | None,
    remaining: int,
    resets_in: float | None,
    window_seconds: int | None,
) -> Quota | None:
    """Within bounds. A limit of nothing is none: a registry does not allow nothing, but may have no limit."""
    if limit == 0:
        return None
    return Quota(
        limit=None if limit is None else min(limit, _MOST),
        remaining=min(remaining, _MOST),
        resets_in=_duration(resets_in, _LONGEST_RESET),
        window=_duration(window_seconds or None, _LONGEST_WINDOW),
    )


def _duration(seconds: float | None, longest: timedelta) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=min(seconds, longest.total_seconds()))
