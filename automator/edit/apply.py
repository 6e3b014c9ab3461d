"""(bytes, changes) -> bytes: only the characters of the planned image fields change, and that is checked."""

from collections.abc import Iterator, Sequence

from automator.edit.check import check_edited
from automator.errors import EditRefused
from automator.model.field import ImageField, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.yamltext.scalar import quote_if_misread, write_like
from automator.yamltext.splice import splice


def apply_changes(path: RepoPath, data: bytes, changes: Sequence[Change]) -> bytes:
    """Raises EditRefused if an old value is not as expected or anything else would change.

    Two changes of one place (an anchor and its alias) that agree are one edit.
    """
    text = data.decode("utf-8")
    values: dict[Span, str] = {}
    edits: dict[Span, str] = {}
    for change in changes:
        for part, new in _new_values(change.field, change.to):
            if values.setdefault(part.span, new) != new:
                raise EditRefused(
                    f"two changes want {values[part.span]!r} and {new!r} here",
                    location=str(part.location),
                    hint="give both containers the same policy, or write the value twice",
                )
            if new != part.value:
                edits[part.span] = _write(text, part, new)
    edited = splice(text, [(span.start, span.end, new) for span, new in edits.items()])
    planned = {span: values[span] for span in edits}
    check_edited(path, text, edited, planned)
    return edited.encode("utf-8")


def _new_values(field: ImageField, to: ImageReference) -> Iterator[tuple[Part, str]]:
    """What each part of the field is to read as. The name as written stays: only tag and digest move."""
    roles = {part.role for part in field.parts}
    for part in field.parts:
        match part.role:
            case Role.REFERENCE:
                yield part, str(to)
            case Role.TAG if to.tag is not None:
                alone = Role.DIGEST in roles or to.digest is None
                yield part, to.tag if alone else f"{to.tag}@{to.digest}"
            case Role.DIGEST if to.digest is not None:
                yield part, to.digest
            case _:
                yield part, part.value


def _write(text: str, part: Part, new: str) -> str:
    written = text[part.span.start : part.span.end]
    replacement = write_like(written, part.value, new)
    if replacement is None:
        raise EditRefused(
            f"{part.value!r} is written as {written!r}, which cannot be changed without guessing",
            location=str(part.location),
            hint="write the value on one line",
        )
    plain = written[:1] not in {"'", '"', "|", ">"}
    return quote_if_misread(replacement) if plain and part.role is Role.TAG else replacement
