"""Where images and policies are written in a manifest: what a scan finds, what an edit rewrites."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from automator.model.image import ImageReference
from automator.model.workload import WorkloadId

RepoPath = NewType("RepoPath", str)
"""A path inside a config repo, with `/`, as Git stores it (bytes that are no UTF-8 are surrogate-escaped)."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Line and column count from 1, in characters, and point at the first character of the value."""

    path: RepoPath
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters [start, end) of the decoded text, a BOM counted as one."""

    start: int
    end: int


class Form(StrEnum):
    """Which form of image field (design, section 4). One member for each form that a scan knows."""

    POD_SPEC = "pod spec"


class Role(StrEnum):
    """Which part of an image reference a scalar holds."""

    REFERENCE = "reference"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TAG = "tag"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One scalar of an image field: `span` covers the scalar as written, quotes included; `value` is what YAML reads."""

    role: Role
    span: Span
    value: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageField:
    """A container's image as written, in one scalar or in several.

    `document` counts the documents of the file from 0. `parts` stand in the order of the text; the first gives
    the field's location. `also_read` counts the other places that read the same text through an alias: they move
    with it.
    """

    workload: WorkloadId
    container: str
    form: Form
    image: ImageReference
    document: int
    parts: tuple[Part, ...]
    also_read: int = 0

    @property
    def location(self) -> Location:
        return self.parts[0].location


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A policy annotation found on a workload: `key` as written (`automator.dev/policy.carts`), `value` its text."""

    workload: WorkloadId
    key: str
    value: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that could not be used, said with its place, the reason, and what to do."""

    location: Location
    message: str
    hint: str = ""

    def __str__(self) -> str:
        then = f" ({self.hint})" if self.hint else ""
        return f"{self.location}: {self.message}{then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileScan:
    """What one file holds. `skipped` says why a whole file was passed over (`binary`, `template`, `encrypted`, ...)."""

    path: RepoPath
    fields: tuple[ImageField, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: str = ""
