"""(bytes, changes) -> bytes: only the characters of the planned image fields change, and that is checked."""

from collections.abc import Sequence

from automator.edit.check import Parsed, check_edited
from automator.edit.parts import new_values
from automator.errors import EditRefused
from automator.model.field import Part, RepoPath, Span
from automator.model.plan import Change
from automator.yamltext.scalar import quote_if_misread, write_like
from automator.yamltext.splice import splice


def apply_changes(path: RepoPath, data: bytes, changes: Sequence[Change]) -> bytes:
    """Raises EditRefused if an old value is not as expected or anything else would change.

    Two changes of one place (an anchor and its alias) that agree are one edit.
    """
    planned = _plan_values(path, changes)
    if not planned:
        return data
    before = Parsed.of(_decode(path, data))
    scalars = before.scalars_at({part.span for part, _ in planned})
    replacements: list[tuple[int, int, str]] = []
    for part, new in planned:
        found = scalars.get(part.span)
        if found != part.value:
            raise EditRefused(
                f"{part.value!r} is expected here, but "
                + ("no value begins here" if found is None else f"it reads {found!r}"),
                location=str(part.location),
                hint="the file is not the one that was scanned",
            )
        replacements.append((part.span.start, part.span.end, _write(before.text.text, part, new)))
    edited = splice(before.text.text, replacements)
    check_edited(path, before, edited, {part.span: new for part, new in planned})
    return edited.encode("utf-8")


def _plan_values(path: RepoPath, changes: Sequence[Change]) -> list[tuple[Part, str]]:
    """Each place that is to read as something else, once."""
    wanted: dict[Span, tuple[Part, str]] = {}
    for change in changes:
        for part, new in new_values(change.field, change.to):
            if part.location.path != path:
                raise EditRefused(f"this is no place in {path}", location=str(part.location))
            other = wanted.setdefault(part.span, (part, new))[1]
            if other != new:
                raise EditRefused(
                    f"two changes want {other!r} and {new!r} here",
                    location=str(part.location),
                    hint="give both containers the same policy, or write the value twice",
                )
    return [(part, new) for part, new in wanted.values() if new != part.value]


def _decode(path: RepoPath, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EditRefused(
            f"byte {error.start} is not UTF-8",
            location=path,
            hint="the file is not the one that was scanned",
        ) from error


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
    return quote_if_misread(replacement) if plain else replacement
