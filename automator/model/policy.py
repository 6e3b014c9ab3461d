"""Policies: which tags are candidates for a container, how they are ordered, and when a change may be made."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from automator.model.field import Location
from automator.model.image import Platform


class PolicyKind(StrEnum):
    SEMVER = "semver"
    GLOB = "glob"
    REGEX = "regex"
    LATEST = "latest"
    DIGEST = "digest"
    ALPHABETICAL = "alphabetical"
    NUMERICAL = "numerical"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Expression:
    """`kind:argument`; `text` is what was written. `none` excludes a container from updates."""

    kind: PolicyKind
    argument: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class TagFilter:
    """A regular expression that a whole tag must match; `extract` builds from its groups what is ordered instead."""

    pattern: str
    extract: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Shell patterns; a policy applies where all of them match. `image` is matched in the written and canonical form."""

    path: str = "**"
    namespace: str = "*"
    workload: str = "*"
    container: str = "*"
    image: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`name` is a policy file's entry, or `annotation`; `source` is where it is written."""

    name: str
    update: Expression
    filter: TagFilter | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    platforms: frozenset[Platform] = frozenset()
    prerelease: bool = False
    pin_digest: bool = False
    min_age: timedelta | None = None
    schedule: str | None = None
    allow_downgrade: bool = False
    allow_variant_change: bool = False
    source: Location | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.update}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An entry of a policy file: the first rule that matches a container gives its policy."""

    match: Match
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the annotations of one workload say, already parsed.

    `automated` is None where nothing is said. `policy` is for all containers, `containers` for one each and nearer.
    """

    automated: bool | None = None
    locked: bool = False
    locked_reason: str = ""
    policy: Policy | None = None
    containers: tuple[tuple[str, Policy], ...] = ()
