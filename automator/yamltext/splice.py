"""Replacing spans of a text, from the end, so that the spans before stay true."""

from collections.abc import Iterable


def splice(text: str, replacements: Iterable[tuple[int, int, str]]) -> str:
    """`replacements` are (start, end, new). Raises ValueError if two of them overlap."""
    pieces: list[str] = []
    end = len(text)
    for start, stop, new in sorted(replacements, reverse=True):
        if stop > end:
            raise ValueError("overlapping replacements")
        pieces += [text[stop:end], new]
        end = start
    pieces.append(text[:end])
    return "".join(reversed(pieces))
