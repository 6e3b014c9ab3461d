"""(bytes, changes) -> bytes: only the characters of the planned image fields change, and that is checked.

A text is edited scalar by scalar. Where a scalar holds YAML text of its own, that text is edited first, in the same
way, and what changes there is spelled in the scalar around it, at any depth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from automator.edit.check import Parsed, check_edited
from automator.edit.parts import new_values
from automator.errors import EditRefused
from automator.model.field import Location, Part, RepoPath, Span
from automator.model.plan import Change
from automator.yamltext.respell import Replacement, respell
from automator.yamltext.splice import splice

_STALE = "the file is not the one that was scanned"


@dataclass(frozen=True, slots=True)
class _Edit:
    """A part that is to read as `new`."""

    part: Part
    new: str

    @property
    def way(self) -> tuple[Span, ...]:
        """The scalars that lead to the part, from the file's to the innermost."""
        return (self.part.span, *self.part.nested)

    def refused(self, what: str, hint: str) -> EditRefused:
        return EditRefused(what, location=str(self.part.location), hint=hint)


def apply_changes(path: RepoPath, data: bytes, changes: Sequence[Change]) -> bytes:
    """Raises EditRefused if an old value is not as expected or anything else would change.

    Two changes of one place (an anchor and its alias) that agree are one edit.
    """
    edits = _plan_edits(path, changes)
    if not edits:
        return data
    before = Parsed.of(_decode(path, data))
    return splice(before.text.text, _edit_text(path, before, edits)).encode("utf-8")


def _plan_edits(path: RepoPath, changes: Sequence[Change]) -> list[_Edit]:
    """Each place that is to read as something else, once."""
    wanted: dict[tuple[tuple[Span, ...], Span | None], _Edit] = {}
    for change in changes:
        for part, new in new_values(change.field, change.to):
            edit = _Edit(part, new)
            if part.location.path != path:
                raise EditRefused(f"this is no place in {path}", location=str(part.location))
            other = wanted.setdefault((edit.way, part.within), edit)
            if other.new != new:
                raise edit.refused(
                    f"two changes want {other.new!r} and {new!r} here",
                    "give both containers the same policy, or write the value twice",
                )
    return [edit for edit in wanted.values() if edit.new != edit.part.value]


def _decode(path: RepoPath, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EditRefused(f"byte {error.start} is not UTF-8", location=path, hint=_STALE) from error


def _edit_text(
    path: RepoPath,
    before: Parsed,
    edits: Sequence[_Edit],
    depth: int = 0,
    inside: Location | None = None,
) -> list[Replacement]:
    """What to replace in a text whose scalars stand at `depth` of each edit's way; already checked."""
    groups: dict[Span, list[_Edit]] = {}
    for edit in edits:
        groups.setdefault(edit.way[depth], []).append(edit)
    scalars = before.scalars_at(groups.keys())
    replacements: list[Replacement] = []
    planned: dict[Span, str] = {}
    for span, group in groups.items():
        value = scalars.get(span)
        if value is None:
            raise _stale(group[0], "no value begins here")
        wanted = _edit_value(path, value, group, depth)
        written = before.text.text[span.start : span.end]
        spelled = respell(written, value, wanted)
        if spelled is None:
            raise group[0].refused(
                f"{group[0].part.value!r} is written as {written!r:.80}, which cannot be changed without guessing",
                "write the value on one line",
            )
        replacements += [(span.start + start, span.start + end, new) for start, end, new in spelled]
        planned[span] = splice(value, wanted)
    check_edited(path, before, splice(before.text.text, replacements), planned, inside=inside)
    return replacements


def _edit_value(
    path: RepoPath, value: str, edits: Sequence[_Edit], depth: int
) -> list[Replacement]:
    """What to replace in a scalar's value: its own slices, and what changes in the YAML text that it is."""
    own = [edit for edit in edits if len(edit.way) == depth + 1]
    nested = [edit for edit in edits if len(edit.way) > depth + 1]
    slices = {(_slice_of(edit, value), edit.new) for edit in own}
    wanted = [(span.start, span.end, new) for span, new in slices]
    if nested:
        inside = nested[0].part.location
        wanted += _edit_text(path, Parsed.of(value), nested, depth + 1, inside)
    _check_apart(edits, wanted)
    return wanted


def _slice_of(edit: _Edit, value: str) -> Span:
    whole = Span(0, len(value))
    within = edit.part.within or whole
    found = value[within.start : within.end]
    if found != edit.part.value or within.end > whole.end:
        raise _stale(edit, f"it reads {found!r:.80}")
    return within


def _check_apart(edits: Sequence[_Edit], wanted: Iterable[Replacement]) -> None:
    for before, after in pairwise(sorted(wanted)):
        if after[0] < before[1] or after[:2] == before[:2]:
            raise edits[0].refused(
                f"two changes want {before[2]!r} and {after[2]!r} in places that overlap",
                "give both containers the same policy",
            )


def _stale(edit: _Edit, found: str) -> EditRefused:
    return edit.refused(f"{edit.part.value!r} is expected here, but {found}", _STALE)
