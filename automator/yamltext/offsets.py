"""Where the characters of a scalar's value are written."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from automator.yamltext.pieces import read_pieces

Offsets = Callable[[int], int]
"""An offset in a scalar's value to the offset in the scalar as written."""


def map_offsets(written: str, value: str) -> Offsets | None:
    """None if that cannot be told. Inside of an escape or a fold: where that begins."""
    if written == value:
        return lambda offset: offset
    reading = read_pieces(written, value)
    if reading is None or not reading.pieces:
        return None
    pieces = reading.pieces
    starts = list(accumulate((len(piece.text) for piece in pieces), initial=0))

    def locate(offset: int) -> int:
        number = min(bisect_right(starts, offset), len(pieces)) - 1
        piece = pieces[number]
        alike = len(piece.text) == piece.stop - piece.start
        return piece.start + min(offset - starts[number], len(piece.text)) if alike else piece.start

    return locate
