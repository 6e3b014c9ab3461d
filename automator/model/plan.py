"""What one pass would do: a change for a container, or why it stays as it is; a plan for a config repo."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from automator.model.field import ImageField
from automator.model.image import ImageReference
from automator.model.policy import Policy

CommitId = NewType("CommitId", str)
"""The full hexadecimal name of a Git commit."""


class Status(StrEnum):
    """A container's row in the workloads table."""

    UP_TO_DATE = "up to date"
    UPDATABLE = "updatable"
    LOCKED = "locked"
    HELD = "held"
    NO_POLICY = "no policy"
    NO_MATCH = "no match"
    OVERRIDDEN = "overridden"
    WARMING = "warming"
    REGISTRY_FAILING = "registry failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One container's move from one image to another."""

    field: ImageField
    to: ImageReference
    policy: Policy
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A container that does not move, and why: `up to date`, `locked`, `held: min_age until ...`.

    `target` is where it would go without the guard; `until` is when to look again, if that is known.
    """

    field: ImageField
    status: Status
    reason: str
    policy: Policy | None = None
    target: ImageReference | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All the changes of one config repo at one commit."""

    config_repo: str
    commit: CommitId
    changes: tuple[Change, ...] = ()
