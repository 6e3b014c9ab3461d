"""The order of candidates: a sort key for each kind of policy; the greatest is selected.

semver         version precedence; then the build revision; then the tag written like the image in use; then the name
               (read as other tools do: version precedence; then the tag in use; then one written like it; then the name)
newest build   build time; then version; then a specific tag before `latest`; then the tag in use; then the name
alphabetical   the text; `desc` reversed        numerical   the decimal; `desc` reversed
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from automator.model.tags import ImageFacts
from automator.select.version import Version, parse_version

_EARLIEST_PLAUSIBLE = datetime(2013, 1, 1, tzinfo=UTC)
"""Docker's first release was in March 2013: no image is older."""

_NOT_DECIMAL = frozenset("eE_ \t\n\r\f\v")

Key = tuple[Any, ...]


def build_time(facts: ImageFacts, now: datetime) -> datetime | None:
    """What the image says, if plausible; else the registry's push time; else when its digest was first seen.

    Reproducible builds say the epoch or a fixed date; clocks go wrong. No image is younger than its push: a date in the
    future that comes due does not make it so.
    """
    created_at, there_at = facts.created_at, facts.pushed_at or facts.first_seen_at
    latest = now if there_at is None else min(now, there_at)
    if created_at is not None and _EARLIEST_PLAUSIBLE <= created_at <= latest:
        return created_at
    return there_at


@dataclass(frozen=True, slots=True)
class VersionInUse:
    tag: str
    version: Version

    def is_written_like(self, other: Version) -> bool:
        mine = self.version
        return mine.prefix == other.prefix and mine.precision == other.precision


def version_key(version: Version, tag: str, in_use: VersionInUse | None) -> Key:
    """Among equal versions the one written like the one in use wins."""
    alike = in_use is not None and in_use.is_written_like(version)
    return (*version.key, alike, version.precision, tag)


def peer_key(version: Version, tag: str, in_use: VersionInUse | None) -> Key:
    """Among equal versions the tag in use stays, or the one written like it wins; then the greater text, as in Flux.

    Tags are equal more often here: what stands behind an extracted version (`1.0.0` of `1.0.0-alpine`) says nothing.
    """
    alike = 0
    if in_use is not None and in_use.is_written_like(version):
        alike = 2 if tag == in_use.tag else 1
    return (*version.key, alike, tag)


def newest_key(tag: str, text: str, built_at: datetime, in_use: str | None) -> Key:
    """Of builds of one time, as all are whose own is implausible and that were first met together, the one in use stays:
    a name that is later in the alphabet says nothing.
    """
    version = parse_version(text)
    key = version.key if version else ()
    return (built_at, version is not None, key, tag != "latest", tag == in_use, tag)


def parse_decimal(text: str) -> Decimal | None:
    """Decimals of any length; not `NaN`, `Infinity` or `1e3`, which Go's ParseFloat would take, nor ` 1`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and not set(text) & _NOT_DECIMAL and text.isascii() else None
