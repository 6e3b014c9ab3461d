"""Flux v2's markers `# {"$imagepolicy": "namespace:name[:name|:tag|:digest]"}`, which name ImagePolicy objects.

As in Flux, the marked scalars alone are written. Where they are all that a change of a structural image field would
write (its tag, its tag and digest, the whole reference), the policy is declared on that field. Otherwise they make a
field of their own, whose image is the ImageRepository's: a version far from any name, or the tag of a mirror of the
image. A structural field that they are part of is then excluded, so that no place is planned twice.

What Flux would do and a change of tag and digest cannot say is told, and held: another image repository is written
there, the digest moves without its tag, the value is no tag. A digest beside a tag stays pinned, also where the
policy reflects none: Flux would leave the old digest beside the new tag.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from automator.dialects.annotations import held
from automator.dialects.flux2_automations import Automations
from automator.dialects.flux2_policies import Objects, Policies, Target
from automator.dialects.reading import RepoReading
from automator.errors import InvalidReference
from automator.model.field import (
    FieldKey,
    FileScan,
    Form,
    ImageField,
    ManifestObject,
    Marker,
    Part,
    Problem,
    RepoPath,
    Role,
)
from automator.model.image import (
    Digest,
    ImageReference,
    ImageRepository,
    is_tag,
    parse_digest,
    parse_repository,
)
from automator.model.policy import Declared
from automator.scan.values import why_untouched

_GROUP = "image.toolkit.fluxcd.io/"
_KINDS = ("imagepolicy", "imagerepository", "imageupdateautomation")
_NAMES = frozenset({Role.REPOSITORY, Role.REGISTRY})
"""The parts that no change of an image writes."""


def read_flux2(files: Mapping[RepoPath, FileScan]) -> RepoReading:
    """The policies of all markers, and the problems of Flux's objects. Files that have neither cost nothing."""
    objects: dict[str, list[ManifestObject]] = {kind: [] for kind in _KINDS}
    marked: list[FileScan] = []
    for scan in files.values():
        if scan.markers:
            marked.append(scan)
        for one in scan.objects:
            if one.workload.kind in objects and one.api_version.startswith(_GROUP):
                objects[one.workload.kind].append(one)
    if not marked and not any(objects.values()):
        return RepoReading()
    policies = Policies(Objects(objects["imagepolicy"]), Objects(objects["imagerepository"]))
    automations = Automations(objects["imageupdateautomation"])
    reader = _MarkerReader(policies, automations)
    for scan in marked:
        reader.read_file(scan)
    policies.report_unused()
    return RepoReading(
        declared=reader.declared,
        fields={path: tuple(fields) for path, fields in reader.fields.items()},
        problems=(*reader.problems, *policies.problems, *automations.problems),
    )


class _MarkerReader:
    """Gathers what the markers of all files declare."""

    def __init__(self, policies: Policies, automations: Automations) -> None:
        self.declared: dict[FieldKey, Declared] = {}
        self.fields: dict[RepoPath, list[ImageField]] = {}
        self.problems: list[Problem] = []
        self._policies = policies
        self._automations = automations

    def read_file(self, scan: FileScan) -> None:
        for markers in _gather(scan.markers):
            self._read(scan, markers)

    def _read(self, scan: FileScan, markers: Sequence[Marker]) -> None:
        first = markers[0]
        if not first.policy:
            self._hold(scan.path, first)
            return
        structural = None if first.field is None else scan.fields[first.field]
        target = self._target(scan.path, first)
        if target is not None:
            mistakes = _mistakes(markers, target, structural)
            if first.field is not None and (scan.path, first.field) in self.declared:
                what = "this image field is marked for another ImagePolicy already"
                mistakes.append(Problem(location=first.location, message=what, hint="choose one"))
            self.problems += mistakes
            target = None if mistakes else target
        if target is None:
            self._hold(scan.path, first)
        elif all(marker.part.role in _NAMES for marker in markers):
            what = "the name alone is marked, and it is the policy's: nothing is to be written"
            self.problems.append(Problem(location=first.location, message=what, note=True))
        else:
            declared = Declared(
                locked=bool(target.locked_reason),
                locked_reason=target.locked_reason,
                policy=target.policy,
            )
            if first.field is not None and _writes_the_same(markers, target, structural):
                self.declared[scan.path, first.field] = declared
            else:
                self._hold(scan.path, first)
                self._add_field(scan, _field(markers, target, structural), declared)

    def _target(self, path: RepoPath, marker: Marker) -> Target | None:
        """None where the policy holds, or nothing lets Flux write the marker, which is told."""
        target = self._policies.target(marker.policy)
        if target is None:
            what = f"no ImagePolicy {marker.policy} in this config repo"
            self._report(marker, what, self._policies.hint(marker.policy))
            return None
        if not target.image:
            return None
        namespace = marker.policy.partition(":")[0]
        reach = self._automations.reach(path, namespace, target.source)
        if reach.missing:
            self._report(marker, reach.missing, reach.hint)
            return None
        return replace(target, locked_reason=target.locked_reason or reach.locked_reason)

    def _hold(self, path: RepoPath, marker: Marker) -> None:
        """The structural field, if there is one, gets no policy from elsewhere."""
        if marker.field is not None:
            policy = held(marker.policy or "an unreadable marker", marker.location)
            self.declared[path, marker.field] = Declared(policy=policy)

    def _add_field(self, scan: FileScan, made: ImageField, declared: Declared) -> None:
        """Its number goes on where those of the scan end."""
        fields = self.fields.setdefault(scan.path, [])
        self.declared[scan.path, len(scan.fields) + len(fields)] = declared
        fields.append(made)

    def _report(self, marker: Marker, message: str, hint: str) -> None:
        self.problems.append(Problem(location=marker.location, message=message, hint=hint))


def _gather(markers: Sequence[Marker]) -> Iterator[list[Marker]]:
    """What one image is written in: the marked parts of a structural field, or of a map, that name one policy.

    A whole reference stands for itself, and so does each scalar of a map that marks one part twice.
    """
    groups: dict[tuple[object, ...], list[Marker]] = {}
    for marker in markers:
        place = (marker.document, marker.group) if marker.field is None else (marker.field,)
        groups.setdefault((marker.policy, *place), []).append(marker)
    for group in groups.values():
        parts = [marker for marker in group if marker.part.role is not Role.REFERENCE]
        yield from ([marker] for marker in group if marker.part.role is Role.REFERENCE)
        if len({marker.part.role for marker in parts}) == len(parts):
            yield from [parts] if parts else []
        else:
            yield from ([marker] for marker in parts)


def _mistakes(
    markers: Sequence[Marker], target: Target, structural: ImageField | None
) -> list[Problem]:
    found = [_value_mistake(marker, target, structural) for marker in markers]
    if not any(found):
        found = [_digest_mistake(markers, target, structural)]
    return [problem for problem in found if problem is not None]


def _value_mistake(marker: Marker, target: Target, structural: ImageField | None) -> Problem | None:
    """Why the marked scalar cannot be written as its marker says."""
    part = marker.part
    stands = _structural_role(part, structural)
    if stands is not None and stands is not part.role:
        message = f"the marker writes the {part.role} here, where the {stands} stands"
        hint = "mark a name with :name, a tag with :tag, a digest with :digest"
    elif stands is Role.DIGEST and not part.value:
        # An empty one in quotes is a place for a digest.
        return None
    elif not part.value.strip():
        message, hint = f"the {part.role} is empty", f"write the {part.role} in use"
    elif why := why_untouched(part.value):
        message, hint = f"{part.value!r} is left alone: {why}", ""
    else:
        message, hint = _unreadable(part, target, structural)
    return Problem(location=part.location, message=message, hint=hint) if message else None


def _structural_role(part: Part, structural: ImageField | None) -> Role | None:
    for other in structural.parts if structural is not None else ():
        if (other.span, other.nested) == (part.span, part.nested):
            return other.role
    return None


def _unreadable(part: Part, target: Target, structural: ImageField | None) -> tuple[str, str]:
    """A message and a hint, both empty for a value that reads as what it is marked for."""
    try:
        match part.role:
            case Role.TAG:
                tag, at, digest = part.value.partition("@")
                if not is_tag(tag):
                    return f"{part.value!r} is no tag", "mark a whole image without :tag"
                if at:
                    parse_digest(digest)
                return "", ""
            case Role.DIGEST:
                parse_digest(part.value)
                return "", ""
            case Role.REFERENCE:
                name = ImageReference.parse(part.value).name
            case _:
                name = part.value
        repository = parse_repository(name)
    except InvalidReference as error:
        return error.message, error.hint
    wanted = parse_repository(target.image)
    # A repository beside its registry, which is written elsewhere, is part of the name.
    if wanted in (repository, _repository(structural)):
        return "", ""
    return (
        f"the marker's policy is for {target.image}, the image is {name}",
        "names are not rewritten: change it by hand, or the ImageRepository",
    )


def _repository(structural: ImageField | None) -> ImageRepository | None:
    return structural.image.repository if structural is not None else None


def _digest_mistake(
    markers: Sequence[Marker], target: Target, structural: ImageField | None
) -> Problem | None:
    """Tag and digest move together, or not at all."""
    marked = {marker.part.role: marker for marker in markers}
    digest = marked.get(Role.DIGEST)
    if digest is not None and not target.policy.pin_digest:
        what = f"ImagePolicy {digest.policy} reflects no digest"
        hint = "spec.digestReflectionPolicy: Always, or IfNotPresent"
        return Problem(location=digest.location, message=what, hint=hint)
    if digest is not None and Role.TAG not in marked:
        what = "the digest is marked without its tag"
        hint = "mark the tag with :tag, or the whole image"
        return Problem(location=digest.location, message=what, hint=hint)
    for part in _unmarked(markers, structural):
        if part.role is Role.DIGEST and part.value and Role.TAG in marked:
            what = "this digest is not marked: it would stay beside the new tag"
            return Problem(location=part.location, message=what, hint="mark it with :digest")
    return None


def _unmarked(markers: Sequence[Marker], structural: ImageField | None) -> list[Part]:
    places = {(marker.part.span, marker.part.nested) for marker in markers}
    parts = structural.parts if structural is not None else ()
    return [part for part in parts if (part.span, part.nested) not in places]


def _writes_the_same(
    markers: Sequence[Marker], target: Target, structural: ImageField | None
) -> bool:
    """Whether a change of the structural field writes what Flux writes: the marked scalars, for the same image."""
    return _repository(structural) == parse_repository(target.image) and all(
        part.role in _NAMES or (part.role is Role.DIGEST and not target.policy.pin_digest)
        for part in _unmarked(markers, structural)
    )


def _field(markers: Sequence[Marker], target: Target, structural: ImageField | None) -> ImageField:
    parts = tuple(sorted((marker.part for marker in markers), key=lambda part: part.location))
    image = _image({part.role: part.value for part in parts}, target, structural)
    if structural is not None:
        return replace(structural, form=Form.MARKER, image=image, parts=parts)
    first = markers[0]
    return ImageField(
        workload=first.workload,
        container=first.container,
        form=Form.MARKER,
        image=image,
        document=first.document,
        parts=parts,
    )


def _image(
    values: Mapping[Role, str], target: Target, structural: ImageField | None
) -> ImageReference:
    """The name as it is written, if it is; else as the ImageRepository writes it."""
    if Role.REFERENCE in values:
        return ImageReference.parse(values[Role.REFERENCE])
    name = values.get(Role.REPOSITORY, target.image)
    if structural is not None and _repository(structural) == parse_repository(target.image):
        name = structural.image.name
    tag, _, digest = values[Role.TAG].partition("@")
    digest = values.get(Role.DIGEST, digest)
    return ImageReference(name, tag, Digest(digest) if digest else None)
