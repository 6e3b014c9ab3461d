"""A scalar changed in part, in its own style: only the characters that spell what is replaced change."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from automator.yamltext.pieces import BREAKS, Piece, read_pieces
from automator.yamltext.quote import escape
from automator.yamltext.scalar import quote_if_misread, reads_as_text
from automator.yamltext.splice import splice

Replacement = tuple[int, int, str]
"""Characters [start, stop) of a text, and what is to stand there instead."""

# Written alike in plain scalars and in quotes, as nearly every image is.
_HARMLESS = re.compile(r"\w[\w./@+-]*(?::[\w./@+-]+)*", re.ASCII)
# Only an escape in double quotes says it.
_UNPRINTABLE = re.compile(
    rf"[^ -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[{BREAKS}]"
)
_ESCAPED = re.compile(rf'["\\]|{_UNPRINTABLE.pattern}')
# Not one plain scalar: an indicator at its head, a key, a comment, blanks at an end.
_NOT_PLAIN = re.compile(
    rf"""^(?:[-?:](?:[ \t{BREAKS}]|\Z)|[,\[\]{{}}#&*!|>'"%@`]|[ \t{BREAKS}]|\Z)"""
    rf"|:(?:[ \t{BREAKS}]|\Z)|[ \t{BREAKS}](?:\#|\Z)"
)
_STYLES = frozenset({"'", '"', "|", ">"})


def respell(
    written: str, value: str, replacements: Sequence[Replacement]
) -> list[Replacement] | None:
    """What to replace in the scalar `written`, so that its `value` changes by `replacements` and by nothing else.

    None if that takes guessing, or if the style cannot say the new text (a line break outside of double quotes). A
    plain scalar that YAML would not read as text any more is quoted. What surrounds the scalar is not known here (a
    flow map, the first column): the whole text must be parsed again. Raises ValueError if replacements overlap.
    """
    usual = _respell_one_word(written, value, replacements)
    if usual is not None:
        return usual
    reading = read_pieces(written, value)
    spelled = _spell_all(written, reading.pieces, replacements) if reading is not None else None
    if reading is None or spelled is None:
        return None
    new_value, new_written = splice(value, replacements), splice(written, spelled)
    if written[:1] in {"|", ">"} and written[-1] in BREAKS and new_written[-1] not in BREAKS:
        return None  # what follows would be drawn in
    if written[:1] not in _STYLES:
        if new_value != value and not reads_as_text(new_value):
            return [(0, len(written), f'"{_ESCAPED.sub(_escape, new_value)}"')]
        if _NOT_PLAIN.search(new_written):
            return None
    again = read_pieces(new_written, new_value)
    return spelled if again is not None and again.indent == reading.indent else None


def _respell_one_word(
    written: str, value: str, replacements: Sequence[Replacement]
) -> list[Replacement] | None:
    """The whole of a value that is written as it reads, in quotes or not, without a look at its characters."""
    if len(replacements) != 1:
        return None
    start, stop, new = replacements[0]
    if start != 0 or stop != len(value) or not _HARMLESS.fullmatch(new):
        return None
    if written == value != "" and written[0] not in _STYLES:
        return [(0, len(written), quote_if_misread(new))]
    if written in {f"'{value}'", f'"{value}"'}:
        return [(1, len(written) - 1, new)]
    return None


def _spell_all(
    written: str, pieces: Sequence[Piece], replacements: Sequence[Replacement]
) -> list[Replacement] | None:
    starts = [0, *accumulate(len(piece.text) for piece in pieces)]
    spelled: list[Replacement] = []
    for start, stop, new in replacements:
        first = _begin(pieces, starts, start)
        last = first if start == stop else _end(pieces, starts, stop)
        text = _spell(written[:1], new)
        if first is None or last is None or text is None:
            return None
        spelled.append((first, last, text))
    return spelled


def _begin(pieces: Sequence[Piece], starts: Sequence[int], at: int) -> int | None:
    """Where the character `at` of the value is written; None in the midst of an escape or a fold."""
    if not pieces:
        return 1  # between two quotes: no other style can write an empty value
    if at == starts[-1]:
        return pieces[-1].stop
    number = bisect_right(starts, at) - 1
    return _within(pieces[number], at - starts[number])


def _end(pieces: Sequence[Piece], starts: Sequence[int], at: int) -> int | None:
    """Behind the character before `at`: a line that is joined there stays joined."""
    number = bisect_left(starts, at) - 1
    return _within(pieces[number], at - starts[number])


def _within(piece: Piece, offset: int) -> int | None:
    if offset == 0:
        return piece.start
    if offset == len(piece.text):
        return piece.stop
    return piece.start + offset if len(piece.text) == piece.stop - piece.start else None


def _spell(style: str, new: str) -> str | None:
    if style == '"':
        return _ESCAPED.sub(_escape, new)
    if _UNPRINTABLE.search(new):
        return None
    return new.replace("'", "''") if style == "'" else new


def _escape(found: re.Match[str]) -> str:
    return escape(found[0])
