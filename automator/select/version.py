"""A tag as a version: numbers, pre-release, variant, precision. Knows nothing of ranges or policies.

Ours (`parse_version`): `[v]MAJOR[.MINOR[.PATCH]][-SUFFIX]`. Missing parts are zero, leading zeros are refused. A
suffix is cut at `-` and `.`; the leading pieces that belong to a pre-release word (`rc`, `beta`, ...) are the
pre-release, the rest is the variant. `1.2.3-rc.1-alpine` has both. A suffix that begins with a number (`1.2.3-0`,
`1.2.3-4`) is a pre-release, as SemVer 2.0.0 says.

Other tools' (`parse_semver`, `parse_strict`): `[v]MAJOR[.MINOR[.PATCH]][-PRERELEASE][+BUILD]`, the NewVersion of
Masterminds/semver v3 as Flux v1 and v2 were observed to use it. Leading zeros are read over in the numbers, and
refused in a pre-release.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

# No tag is longer than 128 characters (OCI distribution 1.1), and Python refuses numbers of more than 4300 digits.
_NUMBER = r"(0|[1-9][0-9]{0,127})"
_VERSION = re.compile(rf"(v?){_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:-([0-9A-Za-z._-]+))?")

_ANY_NUMBER = r"([0-9]{1,128})"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"(v?){_ANY_NUMBER}(?:\.{_ANY_NUMBER})?(?:\.{_ANY_NUMBER})?(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_TOO_LARGE = 2**64
"""Masterminds counts in 64 bits without sign: a larger number is no version there."""

# A build's own mark: a commit (7 to 40 hexadecimal digits, some of them numbers) or a date or time (8 digits and more).
_BUILD_MARK = re.compile(r"(?:^|[-_.])(?:(?=[a-f]*[0-9])(?:[0-9a-f]{7,40})|[0-9]{8,14})(?:$|[-_.])")

_PRERELEASE_WORDS = "alpha|beta|rc|pre|preview|prerelease|dev|snapshot|nightly|canary|next|unstable|edge|test|milestone|ea|a|b|m|cr"
_PRERELEASE = re.compile(
    rf"(?:{_PRERELEASE_WORDS})[.-]?[0-9]*(?:\.[0-9A-Za-z]+)*(?=-|$)|[0-9]+(?:\.[0-9A-Za-z-]+)*$",
    re.IGNORECASE,
)
_REVISION = re.compile(r"-r([0-9]+)$")

SortKey = tuple[int, int, int, tuple[tuple[int, int, str], ...], int]

_RELEASE: tuple[tuple[int, int, str], ...] = ((2, 0, ""),)
"""Ranks above every pre-release, whose identifiers begin with 0 (numeric) or 1 (others)."""


@dataclass(frozen=True, slots=True)
class Version:
    """`variant` is without its build revision (`debian-12` of `-debian-12-r3`), which `revision` counts (-1: none)."""

    prefix: str
    major: int
    minor: int
    patch: int
    precision: int
    prerelease: str
    variant: str
    revision: int
    key: SortKey = field(compare=False)


@lru_cache(maxsize=131_072)
def parse_version(tag: str) -> Version | None:
    found = _VERSION.fullmatch(tag)
    if found is None:
        return None
    prefix, major, minor, patch, suffix = found.groups()
    prerelease, variant, revision = _split_suffix(suffix) if suffix else ("", "", -1)
    numbers = int(major), int(minor or 0), int(patch or 0)
    return Version(
        prefix,
        *numbers,
        1 + (minor is not None) + (patch is not None),
        prerelease,
        variant,
        revision,
        (*numbers, prerelease_key(prerelease), revision),
    )


@lru_cache(maxsize=131_072)
def parse_semver(tag: str) -> Version | None:
    """Every suffix is a pre-release, so there is no variant; build metadata is read over."""
    found = _SEMVER.fullmatch(tag)
    if found is None:
        return None
    prefix, major, minor, patch, prerelease = found.groups()
    numbers = int(major), int(minor or 0), int(patch or 0)
    if max(numbers) >= _TOO_LARGE:
        return None
    return Version(
        prefix,
        *numbers,
        1 + (minor is not None) + (patch is not None),
        prerelease or "",
        "",
        -1,
        (*numbers, prerelease_key(prerelease or ""), -1),
    )


def parse_strict(tag: str) -> Version | None:
    """Flux v2: all three numbers must be there."""
    version = parse_semver(tag)
    return version if version is not None and version.precision == 3 else None


def _split_suffix(suffix: str) -> tuple[str, str, int]:
    prerelease, rest = "", suffix
    found = _PRERELEASE.match(suffix)
    if found:
        prerelease, rest = found[0], suffix[found.end() :].lstrip("-")
    revised = _REVISION.search(f"-{rest}")
    if revised is None:
        return prerelease, rest, -1
    return prerelease, rest[: max(0, revised.start() - 1)], int(revised[1])


def prerelease_key(prerelease: str) -> tuple[tuple[int, int, str], ...]:
    """Orders as SemVer 2.0.0, section 11: numbers below words, fewer identifiers below more."""
    if not prerelease:
        return _RELEASE
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in prerelease.split(".")
    )


def looks_immutable(tag: str) -> bool:
    """Whether people take it that such a tag is pushed once: a version of three parts, or one that names its build."""
    version = parse_version(tag)
    return (version is not None and version.precision == 3) or bool(_BUILD_MARK.search(tag))
