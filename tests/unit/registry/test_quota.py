"""What registries tell of the requests left, header by header."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.registry.limits.quota import Quota, parse_quota

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IN_A_MINUTE = str(int(NOW.timestamp()) + 60)
MINUTE = timedelta(minutes=1)


def told(headers):
    return parse_quota(httpx.Headers(headers), NOW)


def quota(limit, remaining, resets_in=None, window=None):
    return Quota(limit=limit, remaining=remaining, resets_in=resets_in, window=window)


TOLD = {
    "Docker Hub": (
        {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"},
        quota(100, 76, window=timedelta(hours=6)),
    ),
    "GitLab, by the time": (
        {
            "RateLimit-Limit": "2000",
            "RateLimit-Name": "throttle_authenticated_web",
            "RateLimit-Observed": "1",
            "RateLimit-Remaining": "1999",
            "RateLimit-Reset": IN_A_MINUTE,
        },
        quota(2000, 1999, resets_in=MINUTE),
    ),
    "GitHub": (
        {
            "X-RateLimit-Limit": "60",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": IN_A_MINUTE,
            "X-RateLimit-Used": "60",
        },
        quota(60, 0, resets_in=MINUTE),
    ),
    "the time in milliseconds": (
        {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": f"{IN_A_MINUTE}000"},
        quota(None, 7, resets_in=MINUTE),
    ),
    "a time that has passed": (
        {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "1500000000"},
        quota(None, 7, resets_in=timedelta(0)),
    ),
    "IETF, separate, with policies": (
        {
            "RateLimit-Limit": "100, 100;w=60",
            "RateLimit-Remaining": "50",
            "RateLimit-Reset": "30",
        },
        quota(100, 50, resets_in=MINUTE / 2, window=MINUTE),
    ),
    "IETF, combined": (
        {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
        quota(100, 50, resets_in=MINUTE / 2, window=MINUTE),
    ),
    "IETF, combined, without a policy": (
        {"RateLimit": '"default";r=50;t=30'},
        quota(None, 50, resets_in=MINUTE / 2),
    ),
    "IETF, the scarcest of two": (
        {
            "RateLimit": '"burst"; r=10; t=1, "daily"; r=5; t=3600',
            "RateLimit-Policy": '"burst";q=20;w=1, "daily";q=1000;w=86400',
        },
        quota(1000, 5, resets_in=timedelta(hours=1), window=timedelta(days=1)),
    ),
    "no more than how many are left": ({"RateLimit-Remaining": "7"}, quota(None, 7)),
    "numbers too big to be meant": (
        {
            "RateLimit-Limit": f"{'9' * 15};w={'9' * 15}",
            "RateLimit-Remaining": "9" * 15,
            "RateLimit-Reset": "999999999",
        },
        quota(10**9, 10**9, resets_in=timedelta(days=1), window=timedelta(days=366)),
    ),
    "a reset that is no number": (
        {"RateLimit-Remaining": "7", "RateLimit-Reset": "soon"},
        quota(None, 7),
    ),
}


@pytest.mark.parametrize(("headers", "expected"), TOLD.values(), ids=TOLD)
def test_a_quota(headers, expected):
    assert told(headers) == expected


NOT_TOLD = {
    "nothing": {},
    "other headers": {"retry-after": "5", "x-ms-ratelimit-remaining-calls-per-second": "9.5"},
    "only a limit": {"RateLimit-Limit": "100"},
    "no number": {"RateLimit-Remaining": "many", "RateLimit-Limit": "100"},
    "less than nothing, which is no limit": {"RateLimit-Remaining": "-1"},
    "of none": {"RateLimit-Limit": "0", "RateLimit-Remaining": "0"},
    "a number of no size": {"RateLimit-Remaining": "9" * 5000},
    "digits that are none": {"RateLimit-Remaining": "²".encode()},
    "combined, of another form": {"RateLimit": "limit=100, remaining=50, reset=5"},
    "combined, empty": {"RateLimit": ""},
    "combined, quotes without end": {"RateLimit": '"""";;;r=;t=,,,'},
}


@pytest.mark.parametrize("headers", NOT_TOLD.values(), ids=NOT_TOLD)
def test_none(headers):
    assert told(headers) is None


NAMES = st.sampled_from(
    [
        *(f"ratelimit{part}" for part in ("", "-policy", "-limit", "-remaining", "-reset")),
        *(f"x-ratelimit-{part}" for part in ("limit", "remaining", "reset")),
    ]
)
PARTS = st.sampled_from([*'"a;,= -', ";r=", ";t=", ";q=", ";w="]) | st.integers(0, 10**20).map(str)
VALUES = st.text() | st.lists(PARTS, max_size=12).map("".join)


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_a_registry_sends_is_a_quota_within_bounds_or_none(headers):
    quota = parse_quota(headers, NOW)
    if quota is not None:
        assert 0 <= quota.remaining <= 10**9
        assert quota.limit is None or 1 <= quota.limit <= 10**9
        assert quota.resets_in is None or timedelta(0) <= quota.resets_in <= timedelta(days=1)
        assert quota.window is None or timedelta(0) < quota.window <= timedelta(days=366)
