"""The order of candidates: a sort key for each kind of policy; the greatest is selected.

semver         version precedence; then the build revision; then the tag written like the image in use; then the name
newest build   build time; then version; then a specific tag before `latest`; then the name
alphabetical   the text; `desc` reversed        numerical   the decimal; `desc` reversed
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from automator.model.tags import ImageFacts
from automator.select.version import Version, parse_version

_EARLIEST_PLAUSIBLE = datetime(2013, 1, 1, tzinfo=UTC)
"""Docker's first release was in March 2013: no image is older."""

Key = tuple[Any, ...]


def build_time(facts: ImageFacts, now: datetime) -> datetime | None:
    """What the image says, if plausible; else the registry's push time; else when its digest was first seen.

    Reproducible builds say the epoch or a fixed date; clocks go wrong.
    """
    created_at = facts.created_at
    if created_at is not None and _EARLIEST_PLAUSIBLE <= created_at <= now:
        return created_at
    return facts.pushed_at or facts.first_seen_at


def version_key(version: Version, tag: str, like: Version | None) -> Key:
    """`like` is the version in use: among equal versions the one written as it is wins."""
    alike = like is not None and (version.prefix, version.precision) == (
        like.prefix,
        like.precision,
    )
    return (*version.key, alike, version.precision, tag)


def newest_key(tag: str, text: str, built_at: datetime) -> Key:
    version = parse_version(text)
    return (built_at, version is not None, version.key if version else (), tag != "latest", tag)


def parse_decimal(text: str) -> Decimal | None:
    """Decimals of any length; not `NaN`, `Infinity` or `1e3`, which Go's ParseFloat would take."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and not set(text) & set("eE_") and text.isascii() else None
