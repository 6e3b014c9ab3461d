"""How a new image is spread over the parts of an image field. What the parts cannot say is refused, never dropped."""

from automator.errors import EditRefused, InvalidReference
from automator.model.field import ImageField, Part, Role
from automator.model.image import ImageReference


def new_values(field: ImageField, to: ImageReference) -> list[tuple[Part, str]]:
    """What each part of the field is to read as. Raises EditRefused."""
    _check_reference(field, to)
    parts = {part.role: part for part in field.parts}
    if len(parts) != len(field.parts):
        raise _refused(field, "one part of the image is written in two places")
    if Role.REFERENCE in parts:
        return [(parts[Role.REFERENCE], str(to))]
    values = {**_new_name(field, parts, to), **_new_version(field, parts, to)}
    return [(part, values.get(part.role, part.value)) for part in field.parts]


def _check_reference(field: ImageField, to: ImageReference) -> None:
    """A reference put together from pieces (an empty tag, an empty digest) may be none."""
    try:
        parsed = ImageReference.parse(str(to))
    except InvalidReference as error:
        raise _refused(field, error.message) from error
    if parsed != to:
        raise _refused(field, f"{str(to)!r} would not be read as it is meant")


def _new_name(field: ImageField, parts: dict[Role, Part], to: ImageReference) -> dict[Role, str]:
    if to.name == field.image.name:
        return {}
    registry, repository = parts.get(Role.REGISTRY), parts.get(Role.REPOSITORY)
    if repository is None:
        raise _refused(field, f"there is no place for the name {to.name!r}")
    if registry is None:
        # Where the registry is written elsewhere, only what follows it can move.
        before = field.image.name.removesuffix(repository.value)
        if not field.image.name.endswith(repository.value) or not to.name.startswith(before):
            raise _refused(field, f"there is no place for the registry of {to.name!r}")
        return {Role.REPOSITORY: to.name.removeprefix(before)}
    host, slash, path = to.name.partition("/")
    if not slash or not (set(".:") & set(host) or host == "localhost"):
        raise _refused(field, f"{to.name!r} names no registry")
    return {Role.REGISTRY: host, Role.REPOSITORY: path}


def _new_version(field: ImageField, parts: dict[Role, Part], to: ImageReference) -> dict[Role, str]:
    """Tag and digest are one edit: both are written, or neither."""
    if (to.tag, to.digest) == (field.image.tag, field.image.digest):
        return {}
    tag, digest = parts.get(Role.TAG), parts.get(Role.DIGEST)
    if digest is not None and digest.value and to.digest is None:
        raise _refused(field, f"the digest of the old image would stay beside the tag {to.tag!r}")
    if tag is not None and to.tag is None:
        raise _refused(field, "a tag stands here, and the new image has none")
    if tag is None and to.tag != field.image.tag:
        raise _refused(field, f"there is no place for the tag {to.tag!r}")
    if tag is None and digest is None:
        raise _refused(field, f"there is no place for the digest {to.digest}")
    values: dict[Role, str] = {}
    if digest is not None and to.digest is not None:
        values[Role.DIGEST] = to.digest
    if to.tag is not None:
        beside = digest is not None or to.digest is None
        values[Role.TAG] = to.tag if beside else f"{to.tag}@{to.digest}"
    return values


def _refused(field: ImageField, what: str) -> EditRefused:
    return EditRefused(what, location=str(field.location), hint="change this image by hand")
