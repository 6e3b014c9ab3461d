"""Flux v2's objects and markers as a scan finds them, with only what a test is about written out."""

from automator.dialects.flux2 import read_flux2
from automator.model.field import (
    FileScan,
    Form,
    ImageField,
    Location,
    ManifestObject,
    Marker,
    ObjectValue,
    Part,
    Role,
    Span,
)
from automator.model.image import ImageReference
from automator.model.workload import WorkloadId

APP = "flux-system:app"
FILE = "apps/app.yaml"
DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
ROLES = {"": Role.REFERENCE, "name": Role.REPOSITORY, "tag": Role.TAG, "digest": Role.DIGEST}
VALUES = WorkloadId("default", "values", "apps/app")


def flat(value, path=""):
    """As a scan lists the scalars of an object; an empty collection is one."""
    if isinstance(value, dict) and value:
        return {k: v for key, one in value.items() for k, v in flat(one, f"{path}.{key}").items()}
    if isinstance(value, list) and value:
        return {k: v for n, one in enumerate(value) for k, v in flat(one, f"{path}.{n}").items()}
    return {path.removeprefix("."): str(value).lower() if value is True else str(value)}


def make_object(
    kind, key, spec, path="flux/app.yaml", line=1, *, labels=None, group="image.toolkit.fluxcd.io"
):
    """`key` without a namespace is an object whose manifest names none. Values stand below each other from line 10."""
    namespace, colon, name = key.rpartition(":")
    metadata = {"name": name} | ({"namespace": namespace} if colon else {})
    tree = {"metadata": metadata | ({"labels": labels} if labels else {}), "spec": spec}
    return ManifestObject(
        workload=WorkloadId(namespace or "default", kind.lower(), name),
        api_version=f"{group}/v1",
        location=Location(path, line, 1),
        values={
            at: ObjectValue(text, Location(path, number, 5))
            for number, (at, text) in enumerate(flat(tree).items(), line + 9)
        },
    )


def make_policy(key=APP, choice=None, repository="app", **more):
    keywords = {name: more.pop(name) for name in ("path", "line", "labels") if name in more}
    choice = {"semver": {"range": "1.x"}} if choice is None else choice
    spec = {"imageRepositoryRef": {"name": repository}, "policy": choice} | more
    return make_object("ImagePolicy", key, spec, **keywords)


def make_repository(key=APP, image="ghcr.io/org/app", **more):
    keywords = {name: more.pop(name) for name in ("path", "line") if name in more}
    return make_object("ImageRepository", key, {"image": image} | more, **keywords)


def make_automation(key="flux-system:all", path="./apps", **more):
    spec = ({"update": {"path": path}} if path else {}) | more
    return make_object("ImageUpdateAutomation", key, spec, path="flux/automation.yaml")


def make_part(role, value, line=1, path=FILE):
    return Part(
        role=role,
        span=Span(line * 100, line * 100 + len(value)),
        value=value,
        location=Location(path, line, 9),
    )


def make_marker(value, part="", line=1, key=APP, *, field=None, group=0, path=FILE):
    return Marker(
        policy=key,
        part=make_part(ROLES[part], value, line, path),
        document=0,
        workload=VALUES,
        container="marked",
        location=Location(path, line, 30),
        group=group,
        field=field,
    )


def make_field(image, *parts, form=Form.HELM_VALUES, container="app"):
    """`parts` as (role, value, line)."""
    return ImageField(
        workload=VALUES,
        container=container,
        form=form,
        image=ImageReference.parse(image),
        document=0,
        parts=tuple(make_part(*part) for part in parts),
    )


def read(*markers, objects=None, fields=(), path=FILE):
    """What is made of one file with markers, and another with objects."""
    if objects is None:
        objects = [make_policy(), make_repository()]
    files = {
        path: FileScan(path=path, fields=tuple(fields), markers=markers),
        "flux/app.yaml": FileScan(path="flux/app.yaml", objects=tuple(objects)),
    }
    return read_flux2(files)


def mistakes_of(reading):
    return [str(problem) for problem in reading.problems if not problem.note]


def notes_of(reading):
    return [str(problem) for problem in reading.problems if problem.note]
