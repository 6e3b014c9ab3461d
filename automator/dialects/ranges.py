"""Version ranges as Flux v1 reads them (Masterminds/semver 3.1), written as ours.

They differ in two things. There, a pre-release must be named by every comparison of a group to be let in, here by
one (Masterminds 3.3); a `*` with a suffix names none. And comparisons may stand without anything between them.
"""

import re
from contextlib import suppress
from dataclasses import dataclass

from automator.errors import InvalidExpression
from automator.model.policy import Expression, VersionScheme
from automator.select.expression import parse_expression

_PART = r"(?:[0-9]+|[xX*])"
_VERSION = rf"v?({_PART}(?:\.{_PART}){{0,2}})(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_COMPARISON = re.compile(rf"\s*(=>|=<|>=|<=|!=|~>|=|>|<|~|\^|)\s*{_VERSION}\s*,?")
_HYPHEN = re.compile(rf"\s*{_VERSION}\s+-\s+{_VERSION}\s*")
_ALIASES = {"=>": ">=", "=<": "<=", "~>": "~"}
_WILD = frozenset("xX*")

_OF_RELEASES = {"": "<0.0.0", "=": "<0.0.0", "!=": "*", ">": ">={}", "<=": "<{}"}
"""A comparison with a pre-release, for releases alone. Those that are not here stay as they are."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    operator: str
    version: str
    prerelease: str

    @property
    def admits_prereleases(self) -> bool:
        """`!=` with a whole version does not ask; `*` has none to name."""
        if self.prerelease:
            return self.version[0] not in _WILD
        return self.operator == "!=" and self._is_whole

    @property
    def _is_whole(self) -> bool:
        return self.version.count(".") == 2 and not _WILD & set(self.version)

    @property
    def of_releases(self) -> str:
        if self.prerelease and self._is_whole:
            return _OF_RELEASES.get(self.operator, self.operator + "{}").format(self.version)
        return f"{self.operator}{self.version}"

    def __str__(self) -> str:
        return f"{self.operator}{self.version}{self.prerelease}"


@dataclass(frozen=True, slots=True)
class Range:
    """`in_vain` tells of a pre-release that the range names and yet does not let in."""

    expression: Expression
    in_vain: bool


def parse_range(text: str) -> Range:
    """`text` is what stands behind `semver:`. Raises InvalidExpression, whose span counts from the start of that word."""
    groups = [_parse_group(group) for group in text.split("||")]
    closed = [_names_in_vain(group) for group in groups]
    if not all(groups):
        return Range(_parse(text), in_vain=False)
    if not any(closed):
        # Else it is written more tightly than a range of ours.
        with suppress(InvalidExpression):
            return Range(_parse(text), in_vain=False)
    written = " || ".join(
        " ".join(one.of_releases if shut else str(one) for one in group)
        for group, shut in zip(groups, closed, strict=True)
    )
    return Range(_parse(written), in_vain=any(closed))


def _parse(text: str) -> Expression:
    return parse_expression(f"semver:{text}", VersionScheme.SEMVER)


def _parse_group(text: str) -> list[_Comparison]:
    """Empty for what is no group there either."""
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        low, low_prerelease, high, high_prerelease = hyphen.groups("")
        return [_Comparison(">=", low, low_prerelease), _Comparison("<=", high, high_prerelease)]
    comparisons = []
    at = 0
    while text[at:].strip():
        found = _COMPARISON.match(text, at)
        if found is None:
            return []
        operator, version, prerelease = found.groups("")
        comparisons.append(_Comparison(_ALIASES.get(operator, operator), version, prerelease))
        at = found.end()
    return comparisons


def _names_in_vain(group: list[_Comparison]) -> bool:
    """Whether a comparison that names no pre-release shuts out those that another names."""
    names = any(one.prerelease for one in group)
    return names and not all(one.admits_prereleases for one in group)
