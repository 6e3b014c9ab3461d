"""Policies: which tags are candidates for a container, how they are ordered, and when a change may be made."""

from dataclasses import dataclass, replace
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


class VersionScheme(StrEnum):
    """How tags are read as versions.

    `automator` knows variants and floating precision. In `semver` every suffix is a pre-release and missing parts are
    zero (Masterminds' NewVersion: Flux v1, Argo CD Image Updater, Keel); `strict` also wants all three parts (Flux v2).
    """

    AUTOMATOR = "automator"
    SEMVER = "semver"
    STRICT = "strict"


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
    """`name` is a policy file's entry, `annotation`, or the dialect's; `source` is where it is written.

    `exclude_matching` are regular expressions that may match anywhere in a tag. `keep_digest`: under `pin_digest`, the digest of the tag in use stays though the tag moved on.
    """

    name: str
    update: Expression
    filter: TagFilter | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_matching: tuple[str, ...] = ()
    platforms: frozenset[Platform] = frozenset()
    prerelease: bool = False
    pin_digest: bool = False
    keep_digest: bool = False
    min_age: timedelta | None = None
    schedule: str | None = None
    allow_downgrade: bool = False
    allow_variant_change: bool = False
    versions: VersionScheme = VersionScheme.AUTOMATOR
    source: Location | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.update}"

    @property
    def unnamed(self) -> "Policy":
        """Without name and place: equal for two that say the same, whoever says it and wherever."""
        return replace(self, name="", source=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An entry of a policy file: the first rule that matches a container gives its policy."""

    match: Match
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the manifests say of one image field, already parsed.

    `automated` is None where nothing is said. `policy` is the nearest of those declared.
    """

    automated: bool | None = None
    locked: bool = False
    locked_reason: str = ""
    policy: Policy | None = None
