"""What a dialect makes of the manifests: something declared for an image field, and what it could not honour."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from automator.model.field import FieldKey, ImageField, Problem, RepoPath
from automator.model.policy import Declared
from automator.model.workload import WorkloadId

ObjectKey = tuple[RepoPath, WorkloadId]
"""A file, and an object in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadReading:
    """Of the annotations of one workload: `declared` stands beside its image fields, None where nothing is said."""

    declared: tuple[Declared | None, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoReading:
    """Of objects and comments that refer to each other across files.

    `fields` are image fields that the scan of a file alone could not name; their numbers go on where those of its
    scan end. `said_by` are the objects whose annotations rule a field that is written elsewhere.
    """

    declared: Mapping[FieldKey, Declared] = field(default_factory=dict)
    fields: Mapping[RepoPath, tuple[ImageField, ...]] = field(default_factory=dict)
    said_by: Mapping[FieldKey, AbstractSet[ObjectKey]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
