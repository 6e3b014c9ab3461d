"""Which annotations and comments would say what dialects say of a file's image fields; what has none is left. Pure.

An annotation goes beside the dialect's; a comment takes a Flux v2 marker's place, or comes behind the tag where the
dialect speaks from another file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads

from automator.config.policy_file import format_policy
from automator.edit.annotate import Addition, NewAnnotation, NewComment
from automator.model.field import (
    Declaration,
    ImageField,
    Location,
    Marker,
    Problem,
    Role,
    Span,
)
from automator.model.policy import Declared, Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.plan.kustomizations import is_kustomize
from automator.scan.annotations import OWN_PREFIX
from automator.survey.manifests import FileReading

BY_HAND = "write it by hand"
_VERSION = (Role.TAG, Role.REFERENCE, Role.DIGEST)
CONTAINER_KEY = re.compile(r"policy\.[A-Za-z0-9_.-]{0,55}[A-Za-z0-9]")
"""Kubernetes takes 63 characters of these behind the slash; with another key it would refuse the object."""

_NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is written together or not at all, and the numbers of the fields that it rules."""

    numbers: frozenset[int]
    additions: tuple[Addition, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Of one field: what we say of it already, and what it comes to with what dialects say."""

    native: Declared
    target: Declared

    @property
    def lacks_policy(self) -> bool:
        return self.native.policy is None and self.target.policy is not None

    @property
    def lacks_word(self) -> bool:
        """For the whole workload."""
        return _words(self.native) != _words(self.target)

    @property
    def is_complete(self) -> bool:
        return not self.lacks_policy and not self.lacks_word


def _words(declared: Declared) -> tuple[bool, bool, str]:
    """Not automated, locked, and why. That a field is automated its policy says by itself."""
    unsaid = declared.automated is False
    return unsaid, declared.locked, declared.locked_reason if declared.locked else ""


class MigrationPlan:
    """The steps of one file. `left` tells what is in none of them, by place."""

    def __init__(
        self, reading: FileReading, fields: Sequence[ImageField], said: Sequence[Said]
    ) -> None:
        self.reading = reading
        self.fields = fields
        self.said = said
        self.own = len(reading.scan.fields)
        self.steps: list[Step] = []
        self.left: dict[Location, Problem] = {}
        self._policies_by_name: dict[tuple[WorkloadId, str], set[str]] = {}
        self._fields_at: dict[Span, list[int]] = {}
        for number, found in enumerate(fields[: self.own]):
            policy = said[number].target.policy
            text = "" if policy is None or self._is_held(policy) else format_policy(policy)
            name = found.workload, found.container
            self._policies_by_name.setdefault(name, set()).add(text)
            for part in found.parts:
                self._fields_at.setdefault(part.span, []).append(number)
        self._declared: dict[WorkloadId, list[Declaration]] = {}
        for declaration in reading.scan.declarations:
            self._declared.setdefault(declaration.workload, []).append(declaration)
        self._markers_by_field: dict[int, list[Marker]] = {}
        for marker in reading.scan.markers:
            if marker.field is not None:
                self._markers_by_field.setdefault(marker.field, []).append(marker)

    def make(self) -> None:
        by_workload: dict[WorkloadId, list[int]] = {}
        for number, found in enumerate(self.fields):
            by_workload.setdefault(found.workload, []).append(number)
        for workload, numbers in by_workload.items():
            wanted = [n for n in numbers if not self.said[n].is_complete and self._can_be_said(n)]
            if wanted:
                self._plan_workload(workload, numbers, wanted)

    def leave(self, number: int, why: str, hint: str = BY_HAND) -> None:
        place = self.fields[number].location
        self.left.setdefault(
            place, Problem(location=place, message=f"left as it is: {why}", hint=hint)
        )

    def _can_be_said(self, number: int) -> bool:
        found, policy = self.fields[number], self.said[number].target.policy
        if number >= self.own:
            alone = len(found.parts) == 1 and found.parts[0].role is Role.REFERENCE
            if not alone:
                self.leave(number, "only the marker's policy names its image repository")
            return alone
        if policy is not None and self.said[number].lacks_policy and self._is_held(policy):
            if not self._is_marked_apart(found):
                what, hint = "it is held, for a mistake or for what is missing", "see `check`"
                self.leave(number, what, hint)
            return False
        return True

    def _is_held(self, policy: Policy) -> bool:
        """Where nobody said that it is to be left alone, as Keel's `never` does."""
        return policy.update.kind is PolicyKind.NONE and not any(
            one.location == policy.source and one.value == _NEVER
            for one in self.reading.scan.declarations
        )

    def _is_marked_apart(self, found: ImageField) -> bool:
        """Held, because what its marker writes is a field of its own, which tells for itself."""
        apart = self.fields[self.own :]
        return any(part in other.parts for other in apart for part in found.parts)

    def _plan_workload(
        self, workload: WorkloadId, numbers: Sequence[int], wanted: Sequence[int]
    ) -> None:
        beside = self._place_on(workload)
        own = [number for number in numbers if number < self.own]
        lacking = [number for number in wanted if self.said[number].lacks_word]
        texts, why = self._words_of(own, lacking, beside) if lacking else ({}, "")
        if why:
            for number in lacking:
                self.leave(number, why)
            wanted = [number for number in wanted if number not in lacking]
        wanted = [number for number in wanted if self.said[number].lacks_policy]
        by_annotation = [n for n in wanted if beside is not None and self._fits_annotation(n)]
        if beside is not None:
            self._annotate(workload, beside, own, texts | self._policies(own, by_annotation))
        for number in wanted:
            if number not in by_annotation:
                self._comment(number)

    def _place_on(self, workload: WorkloadId) -> Location | None:
        """A dialect's word on the object. What stands in `commonAnnotations` Kustomize writes on all that it makes."""
        if any(
            one.workload == workload and workload.kind == "kustomization" and is_kustomize(one)
            for one in self.reading.scan.objects
        ):
            return None
        return min(
            (
                declaration.location
                for declaration in self._declared.get(workload, ())
                if not declaration.key.startswith(OWN_PREFIX)
            ),
            default=None,
        )

    def _words_of(
        self, own: Sequence[int], lacking: Sequence[int], beside: Location | None
    ) -> tuple[dict[str, str], str]:
        """The annotations for the workload as a whole, or why they cannot be given."""
        unsaid, locked, reason = words = _words(self.said[lacking[0]].target)
        what = "a lock" if locked else "what is not automated"
        if beside is None:
            return {}, f"{what} cannot be said in a comment"
        if any(_words(self.said[number].target) != words for number in own):
            return {}, f"{what} is for a whole workload, and this is not for all its images"
        texts = {"automated": "false"} if unsaid else {}
        if locked:
            texts["locked"] = "true"
            texts |= {"locked-reason": reason} if reason else {}
        return texts, ""

    def _fits_annotation(self, number: int) -> bool:
        """Not what a marker says, which gives way to a comment; nor what a key cannot say of one container alone."""
        found = self.fields[number]
        named = CONTAINER_KEY.fullmatch(f"policy.{found.container}") is not None
        alike = len(self._policies_by_name[found.workload, found.container]) == 1
        return named and alike and not self._markers_of(number)

    def _policies(self, numbers: Sequence[int], by_annotation: Sequence[int]) -> dict[str, str]:
        """One for all, if it is; else one for each container."""
        texts = {}
        for number in by_annotation:
            policy = self.said[number].target.policy
            assert policy is not None
            texts[f"policy.{self.fields[number].container}"] = format_policy(policy)
        if len(by_annotation) == len(numbers) and len(set(texts.values())) == 1:
            return {"policy": next(iter(texts.values()))}
        return texts

    def _annotate(
        self, workload: WorkloadId, beside: Location, own: Sequence[int], texts: Mapping[str, str]
    ) -> None:
        """What stands there already is not written again."""
        standing = {one.key: one.value for one in self._declared[workload]}
        for name, text in texts.items():
            if standing.get(f"{OWN_PREFIX}{name}", text) != text:
                for number in own:
                    if not self.said[number].is_complete:
                        self.leave(number, f"{OWN_PREFIX}{name} says something else already")
                return
        new = tuple(
            NewAnnotation(beside=beside, key=f"{OWN_PREFIX}{name}", value=text)
            for name, text in texts.items()
            if standing.get(f"{OWN_PREFIX}{name}") != text
        )
        if new:
            self.steps.append(Step(numbers=frozenset(own), additions=new))

    def _comment(self, number: int) -> None:
        found, policy = self.fields[number], self.said[number].target.policy
        assert policy is not None
        if any(part.nested for part in found.parts):
            self.leave(number, "the place is text inside of a scalar")
            return
        markers = self._markers_of(number)
        if any(not _stands_alone(marker) for marker in markers):
            self.leave(number, "another tool reads the marker's comment, too")
            return
        text = f"automator: {format_policy(policy)}"
        part = next((p for p in reversed(found.parts) if p.role in _VERSION), found.parts[-1])
        spans = {part.span}
        additions: list[Addition] = []
        if not markers:
            additions = [NewComment(at=part.location, text=text, behind=part.span)]
        for marker in sorted(markers, key=lambda marker: marker.part.role not in _VERSION):
            written = "" if additions else text
            spans.add(marker.part.span)
            additions.append(NewComment(at=marker.location, text=written, replaces=marker.written))
        ruled = {n for span in spans for n in self._fields_at.get(span, ())}
        self.steps.append(Step(numbers=frozenset({number} | ruled), additions=tuple(additions)))

    def _markers_of(self, number: int) -> list[Marker]:
        if number < self.own:
            return self._markers_by_field.get(number, [])
        return [one for one in self.reading.scan.markers if one.part in self.fields[number].parts]


def _stands_alone(marker: Marker) -> bool:
    """Other keys in its braces are other tools'."""
    return bool(marker.policy) and len(loads(marker.written)) == 1
