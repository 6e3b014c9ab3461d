"""Version ranges with the meaning of Masterminds/semver v3, the library that Flux, Helm and Argo CD use.

    range      = group { "||" group }
    group      = comparison { ("," | " ") comparison }  |  version " - " version
    comparison = [ "=" "!=" ">" "<" ">=" "=>" "<=" "=<" "~" "~>" "^" ] version
    version    = ["v"] part ["." part ["." part]] ["-" pre-release]      part = number | "x" | "X" | "*"

Leading zeros of a number are refused, but read over where a policy reads versions as another tool does: Masterminds
takes `01.2.3`.

A version with a pre-release satisfies a group only if one of the group's comparisons names a pre-release
(Masterminds 3.3 and later), or the policy says `prerelease: true`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import semver

from automator.errors import InvalidExpression
from automator.model.policy import VersionScheme
from automator.select.version import SortKey, Version, prerelease_key


@dataclass(frozen=True, slots=True)
class _Grammar:
    hyphen: re.Pattern[str]
    comparison: re.Pattern[str]


def _make_grammar(number: str) -> _Grammar:
    part = rf"(?:{number}|[xX*])"
    version = (
        rf"v?({part})(?:\.({part}))?(?:\.({part}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
    )
    operator = r"=|!=|>=|=>|<=|=<|>|<|~>|~|\^|"
    return _Grammar(
        hyphen=re.compile(rf"\s*({version})\s+-\s+({version})\s*"),
        comparison=re.compile(rf"\s*({operator})\s*{version}(?=\s*,|\s|$)"),
    )


_OURS = _make_grammar("0|[1-9][0-9]{0,127}")
_PEERS = _make_grammar("[0-9]{1,128}")
_ALIASES = {"=>": ">=", "=<": "<=", "~>": "~", "": "="}

_LOWEST: tuple[tuple[int, int, str], ...] = ()
"""Ranks below every pre-release."""

Bound = tuple[int, int, int, tuple[tuple[int, int, str], ...]]


@dataclass(frozen=True, slots=True)
class _Interval:
    """lower <= version < upper, `None` being no bound; or, `negated`, everything but that."""

    lower: Bound | None
    upper: Bound | None
    negated: bool = False

    def holds(self, key: SortKey) -> bool:
        inside = (self.lower is None or key >= self.lower) and (
            self.upper is None or key < self.upper
        )
        return inside is not self.negated


@dataclass(frozen=True, slots=True)
class _Group:
    intervals: tuple[_Interval, ...]
    names_prerelease: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    groups: tuple[_Group, ...]

    def allows(self, version: Version, *, prerelease: bool) -> bool:
        """`prerelease` lets pre-releases in although no group names one."""
        # A version's key is a bound with the build revision behind it, so the two compare as they are.
        key = version.key
        for group in self.groups:
            if version.prerelease and not (prerelease or group.names_prerelease):
                continue
            for interval in group.intervals:
                if not interval.holds(key):
                    break
            else:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Partial:
    """A version in a range; a missing part or a wildcard is None."""

    major: int | None
    minor: int | None
    patch: int | None
    prerelease: str

    @property
    def floor(self) -> Bound:
        """The lowest version that it stands for. A range without pre-release begins at the release."""
        return (
            self.major or 0,
            self.minor or 0,
            self.patch or 0,
            prerelease_key(self.prerelease) if self.prerelease else prerelease_key(""),
        )

    @property
    def version(self) -> semver.Version:
        return semver.Version(self.major or 0, self.minor or 0, self.patch or 0)

    @property
    def ceiling(self) -> Bound | None:
        """The first version above all that it stands for."""
        if self.major is None:
            return None
        if self.minor is None:
            return _just_below(self.version.bump_major())
        if self.patch is None:
            return _just_below(self.version.bump_minor())
        return (*self.floor[:3], (*self.floor[3], (-1, 0, "")))


def _just_below(version: semver.Version) -> Bound:
    """Below the version and below its pre-releases."""
    return (version.major, version.minor, version.patch, _LOWEST)


@lru_cache(maxsize=4096)
def parse_constraint(text: str, versions: VersionScheme = VersionScheme.AUTOMATOR) -> Constraint:
    """Raises InvalidExpression, whose span counts from the start of `text`."""
    grammar = _OURS if versions is VersionScheme.AUTOMATOR else _PEERS
    groups = []
    start = 0
    for part in text.split("||"):
        groups.append(_parse_group(part, start, grammar))
        start += len(part) + 2
    return Constraint(tuple(groups))


def _parse_group(text: str, offset: int, grammar: _Grammar) -> _Group:
    hyphen = grammar.hyphen.fullmatch(text)
    if hyphen:
        low = _partial(hyphen.groups()[1:5])
        high = _partial(hyphen.groups()[6:10])
        return _Group(
            (_Interval(low.floor, high.ceiling),), bool(low.prerelease or high.prerelease)
        )
    intervals: list[_Interval] = []
    names_prerelease = False
    at = 0
    while at < len(text) and text[at:].strip():
        found = grammar.comparison.match(text, at)
        if found is None:
            raise _bad(text, at, offset)
        operator = _ALIASES.get(found[1], found[1])
        partial = _partial(found.groups()[1:])
        names_prerelease |= bool(partial.prerelease)
        intervals.append(_interval(operator, partial))
        at = found.end()
        separator = re.compile(r"\s*,(?=\s*\S)|\s*").match(text, at)
        assert separator is not None
        at = separator.end()
    if not intervals:
        raise InvalidExpression(
            "an empty range",
            start=offset,
            end=offset + len(text),
            hint="* stands for every version",
        )
    return _Group(tuple(intervals), names_prerelease)


def _bad(text: str, at: int, offset: int) -> InvalidExpression:
    begin = at + len(text[at:]) - len(text[at:].lstrip())
    word = re.compile(r"[^\s,]+|,").match(text, begin)
    end = word.end() if word else len(text)
    return InvalidExpression(
        f"{text[begin:end]!r} is no version range",
        start=offset + begin,
        end=offset + end,
        hint="as in ^1.2, ~1.2.3, >=1 <2 || 3.x",
    )


def _partial(parts: tuple[str | None, ...]) -> _Partial:
    numbers: list[int | None] = []
    for part in parts[:3]:
        wild = part is None or part in "xX*" or (bool(numbers) and numbers[-1] is None)
        numbers.append(None if wild or part is None else int(part))
    return _Partial(numbers[0], numbers[1], numbers[2], parts[3] or "")


def _interval(operator: str, partial: _Partial) -> _Interval:
    if partial.major is None:
        return _Interval(None, None, negated=operator in {"!=", ">", "<"})
    floor, ceiling = partial.floor, partial.ceiling
    intervals = {
        "=": _Interval(floor, ceiling),
        "!=": _Interval(floor, ceiling, negated=True),
        ">": _Interval(ceiling, None),
        ">=": _Interval(floor, None),
        "<": _Interval(None, floor),
        "<=": _Interval(None, ceiling),
        "~": _Interval(floor, _tilde_end(partial)),
        "^": _Interval(floor, _caret_end(partial)),
    }
    return intervals[operator]


def _tilde_end(partial: _Partial) -> Bound:
    """`~1` stays in 1, `~1.2` and `~1.2.3` in 1.2."""
    version = partial.version
    return _just_below(version.bump_major() if partial.minor is None else version.bump_minor())


def _caret_end(partial: _Partial) -> Bound:
    """The leftmost part that is not zero may not change: `^1.2`, `^0.2.3` (stays in 0.2), `^0.0.3`."""
    version = partial.version
    if version.major > 0 or partial.minor is None:
        return _just_below(version.bump_major())
    if version.minor > 0 or partial.patch is None:
        return _just_below(version.bump_minor())
    return _just_below(version.bump_patch())
