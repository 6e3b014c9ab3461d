"""Where images and policies are written in a manifest: what a scan finds, what an edit rewrites."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from automator.model.image import ImageReference
from automator.model.workload import WorkloadId

RepoPath = NewType("RepoPath", str)
"""A path inside a config repo, with `/`, as Git stores it (bytes that are no UTF-8 are surrogate-escaped)."""


FieldKey = tuple[RepoPath, int]
"""A file, and the number of an image field in it."""


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
    KUSTOMIZE = "kustomize"
    HELM_VALUES = "helm values"
    COMPOSE = "compose"
    CUSTOM_RESOURCE = "custom resource"
    MARKER = "marker"


class Role(StrEnum):
    """Which part of an image reference a scalar holds."""

    REFERENCE = "reference"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TAG = "tag"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One written piece of an image field: `value` is what it reads as, in the role that it has.

    `span` covers its scalar as written in the file, quotes included. Where that scalar holds YAML of its own
    (`helm.values: |`), `nested` leads on: a span in the scalar's value for each level down. `within` is the piece of
    the innermost scalar's value that counts, where it is not the whole (`name=repository:tag`).
    """

    role: Role
    span: Span
    value: str
    location: Location
    nested: tuple[Span, ...] = ()
    within: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageField:
    """A container's image as written, in one scalar or in several.

    `document` counts the documents of the file from 0. `parts` stand in the order of the text; the first gives
    the field's location. `also_read` counts the other places that read the same text through an alias: they move
    with it. `comment` is the policy written behind one of its parts. `slot` is the list of a pod spec that the
    container stands in, as `initContainers`; `managed_by` names another tool that a comment gives it to.
    """

    workload: WorkloadId
    container: str
    form: Form
    image: ImageReference
    document: int
    parts: tuple[Part, ...]
    also_read: int = 0
    comment: "Comment | None" = None
    slot: str = ""
    managed_by: str = ""

    @property
    def location(self) -> Location:
        return self.parts[0].location

    @property
    def holds_version(self) -> bool:
        """False where neither tag nor digest is written: a chart's own default is in use."""
        return any(part.role not in {Role.REPOSITORY, Role.REGISTRY} for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """The policy in a comment `# automator: EXPRESSION`: `text` is the expression, `location` its first character."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A Flux v2 marker: `policy` is `namespace:name`, `part` the marked scalar in the role that the marker gives it.
    A marker of an image field that cannot be read has no policy: it holds the field.

    `field` is the number, in the file's scan, of the image field that the scalar is part of, if it is part of one;
    `group` is the same for all that is marked in one map. `written` is the marker as it stands at `location`.
    """

    policy: str
    part: Part
    document: int
    workload: WorkloadId
    container: str
    location: Location
    group: int
    field: int | None = None
    written: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A policy annotation found on a workload: `key` as written (`automator.dev/policy.carts`), `value` its text.

    `label` tells a label from an annotation (Keel reads both).
    """

    workload: WorkloadId
    key: str
    value: str
    location: Location
    label: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestObject:
    """An object whose own content is needed, not only its image fields: a Kustomization, an ImagePolicy, an Application.

    `values` are its scalars by dotted path (`spec.policy.semver.range`, `resources.0`), each with its place.
    """

    workload: WorkloadId
    api_version: str
    location: Location
    values: Mapping[str, "ObjectValue"]


@dataclass(frozen=True, slots=True)
class ObjectValue:
    text: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a file that could not be used, said with its place, the reason, and what to do.

    A `note` is nobody's mistake: it tells what is left to another tool, or has no meaning here.
    """

    location: Location
    message: str
    hint: str = ""
    note: bool = False

    def __str__(self) -> str:
        then = f" ({self.hint})" if self.hint else ""
        return f"{self.location}: {self.message}{then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileScan:
    """What one file holds. `skipped` says why a whole file was passed over (`binary`, `template`, `encrypted`, ...)."""

    path: RepoPath
    fields: tuple[ImageField, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    markers: tuple[Marker, ...] = ()
    objects: tuple[ManifestObject, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: str = ""
