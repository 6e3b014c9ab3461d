"""How a new image is spread over the parts of an image field. What the parts cannot say is refused, never dropped."""

from automator.errors import EditRefused, InvalidReference
from automator.model.field import ImageField, Part, Role
from automator.model.image import Digest, ImageReference


def new_values(field: ImageField, to: ImageReference) -> list[tuple[Part, str]]:
    """What each part of the field is to read as. Raises EditRefused.

    An empty tag stays empty: a chart puts its own version there. An empty digest may be filled.
    """
    _check_reference(field, to)
    parts = {part.role: part for part in field.parts}
    if len(parts) != len(field.parts):
        raise _refused(field, "one part of the image is written in two places")
    if Role.REFERENCE in parts:
        _check_alone(field)
        values = {Role.REFERENCE: str(to)}
    else:
        values = {**_new_name(field, parts, to), **_new_version(field, parts, to)}
    return [(part, values.get(part.role, part.value)) for part in field.parts]


def _check_alone(field: ImageField) -> None:
    for part in field.parts:
        if part.role is not Role.REFERENCE and part.value:
            raise _refused(field, f"the {part.role} is written beside the whole reference")


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
    if repository is None or not repository.value:
        raise _refused(field, f"there is no place for the name {to.name!r}")
    # What stands before the repository may be written anywhere: as long as it stays, only the repository moves.
    before = field.image.name.removesuffix(repository.value)
    follows = field.image.name.endswith(repository.value)
    path = to.name.removeprefix(before)
    if follows and to.name.startswith(before) and path:
        return {Role.REPOSITORY: path}
    if registry is None or not registry.value:
        raise _refused(field, f"there is no place for the registry of {to.name!r}")
    host, slash, path = to.name.partition("/")
    if not slash or not (set(".:") & set(host) or host == "localhost"):
        raise _refused(field, f"{to.name!r} names no registry")
    return {Role.REGISTRY: host, Role.REPOSITORY: path}


def _new_version(field: ImageField, parts: dict[Role, Part], to: ImageReference) -> dict[Role, str]:
    """Tag and digest are one edit: both are written, or neither."""
    if (to.tag, to.digest) == (field.image.tag, field.image.digest):
        return {}
    tag, digest = parts.get(Role.TAG), parts.get(Role.DIGEST)
    if tag is not None and not tag.value:
        tag = None
    pinned = field.image.digest is not None or bool(digest and digest.value)
    if pinned and to.digest is None and not _holds_digest(tag):
        raise _refused(field, f"the digest of the old image would stay beside the tag {to.tag!r}")
    if tag is not None and to.tag is None:
        raise _refused(field, "a tag stands here, and the new image has none")
    if tag is None and to.tag != field.image.tag:
        raise _refused(field, f"there is no place for the tag {to.tag!r}")
    if tag is None and digest is None:
        raise _refused(field, f"there is no place for the digest {to.digest}")
    return _spread_version(field, tag, digest, to)


def _spread_version(
    field: ImageField, tag: Part | None, digest: Part | None, to: ImageReference
) -> dict[Role, str]:
    """A digest stays where it stands: in its own place, or behind the tag."""
    if _holds_digest(tag) and digest is not None:
        if digest.value:
            raise _refused(field, "the digest is written in two places")
        digest = None
    values: dict[Role, str] = {}
    if digest is not None and to.digest is not None:
        values[Role.DIGEST] = _write_digest(field, digest, to.digest)
    if tag is not None:
        beside = digest is not None or to.digest is None
        values[Role.TAG] = f"{to.tag}" if beside else f"{to.tag}@{to.digest}"
    return values


def _holds_digest(tag: Part | None) -> bool:
    return tag is not None and "@" in tag.value


def _write_digest(field: ImageField, part: Part, digest: Digest) -> str:
    """The algorithm may stand elsewhere (`repository: app@sha256`): then only what follows it is written here."""
    if not part.value or ":" in part.value:
        return digest
    algorithm, _, encoded = digest.partition(":")
    if field.image.digest != f"{algorithm}:{part.value}":
        raise _refused(field, f"{part.value!r} is no {algorithm} digest of the old image")
    return encoded


def _refused(field: ImageField, what: str) -> EditRefused:
    return EditRefused(what, location=str(field.location), hint="change this image by hand")
