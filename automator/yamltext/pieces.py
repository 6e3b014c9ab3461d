"""Which characters of a scalar as written spell which of its value, in all five styles, as libyaml reads them.

    plain, 'single'   words; a fold (blanks, line breaks, blanks) reads as a blank, or as its line breaks but the first
    "double"          also escapes; a backslash at the end of a line joins, and spells nothing
    | literal         lines; each line break reads as itself, and takes the indentation behind it along
    > folded          also folds between lines that begin with no blank

A reading counts only if its pieces make the known value again: nothing is spelled by guess.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

# YAML 1.1, section 4.2: what ends a line. The last two are kept as they are, the others read as `\n`.
BREAKS = "\r\n\x85\u2028\u2029"
_BREAK = rf"(?:\r\n|[{BREAKS}])"
_ONE_BREAK = re.compile(_BREAK)
_FOLD = rf"(?P<fold>[ \t]*{_BREAK}[ \t{BREAKS}]*)"
_PLAIN = re.compile(rf"{_FOLD}|[^ \t{BREAKS}]+(?:[ \t]+[^ \t{BREAKS}]+)*|[ \t]+")
_SINGLE = re.compile(rf"{_FOLD}|(?P<quote>'')|[^' \t{BREAKS}]+(?:[ \t]+[^' \t{BREAKS}]+)*|[ \t]+")
_DOUBLE = re.compile(
    rf"{_FOLD}|\\(?P<joined>{_BREAK}[ \t{BREAKS}]*)"
    rf"|\\(?P<escape>x[0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}}|[^xuU{BREAKS}])"
    rf'|[^"\\ \t{BREAKS}]+(?:[ \t]+[^"\\ \t{BREAKS}]+)*|[ \t]+'
)
_ESCAPES = yaml.scanner.Scanner.ESCAPE_REPLACEMENTS
_HEADER = re.compile(rf"[|>](?P<indicators>[-+1-9]*)[ \t]*(?:#[^{BREAKS}]*)?{_BREAK}")
_LINE = re.compile(rf"(?P<spaces> *)[^{BREAKS}]*(?P<end>{_BREAK})?")
_FIRST_LINE = re.compile(rf"(?: *{_BREAK})*(?P<spaces> *)(?P<text>[^ {BREAKS}])")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters [start, stop) of a scalar as written, which read as `text`: one by one if they are as many."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A scalar's pieces, in order; what lies between them spells nothing. `indent` is a block scalar's."""

    pieces: tuple[Piece, ...]
    indent: int = 0


def read_pieces(written: str, value: str) -> Reading | None:
    """None if `written` is not known to read as `value`."""
    style, indent = written[:1], 0
    if style in {"|", ">"}:
        header = _HEADER.match(written)
        found = _find_indent(written, value, header) if header else None
        if header is None or found is None:
            return None
        indent = found
        pieces = _read_block(written, header, indent)
    elif style in {"'", '"'}:
        ends = len(written) > 1 and written.endswith(style)
        tokens = _SINGLE if style == "'" else _DOUBLE
        pieces = _read_flow(tokens, written, 1, len(written) - 1) if ends else None
    else:
        pieces = _read_flow(_PLAIN, written, 0, len(written)) if written else None
    if pieces is None or "".join(piece.text for piece in pieces) != value:
        return None
    return Reading(tuple(pieces), indent)


def _read_flow(tokens: re.Pattern[str], written: str, start: int, stop: int) -> list[Piece] | None:
    pieces: list[Piece] = []
    at = start
    for token in tokens.finditer(written, start, stop):
        if token.start() != at:
            return None
        at = token.end()
        text = _MEANINGS[token.lastgroup](token[token.lastgroup or 0])
        if text:
            pieces.append(Piece(text, token.start(), at))
    return pieces if at == stop else None


def _fold(blanks: str) -> str:
    first, *others = map(_read_break, _ONE_BREAK.findall(blanks))
    if first == "\n":
        return "".join(others) or " "
    return first + "".join(others)


def _read_break(written: str) -> str:
    return written if written in {"\u2028", "\u2029"} else "\n"


def _join(blanks: str) -> str:
    _, *others = map(_read_break, _ONE_BREAK.findall(blanks))
    return "".join(others)


def _unescape(escape: str) -> str:
    """An escape that YAML does not know reads as nothing, which the comparison with the value finds."""
    if escape[0] in "xuU":
        number = int(escape[1:], 16)
        if 0xD800 <= number <= 0xDFFF:
            return "\ufffd"  # half of a JSON surrogate pair, which nodes.py masks
        return chr(number) if number <= 0x10FFFF else ""
    return _ESCAPES.get(escape, "")


_MEANINGS: dict[str | None, Callable[[str], str]] = {
    None: str,
    "fold": _fold,
    "joined": _join,
    "quote": lambda _: "'",
    "escape": _unescape,
}


def _find_indent(written: str, value: str, header: re.Match[str]) -> int | None:
    """By the first line that is not blank: as written, and as it reads. The indicator counts from a parent not seen."""
    line, read = _FIRST_LINE.match(written, header.end()), _FIRST_LINE.match(value)
    if line is None or read is None:
        return None
    kept = len(read["spaces"])
    given = any(indicator.isdigit() for indicator in header["indicators"])
    if not given and (kept or line["text"] == "\t"):
        return None
    return len(line["spaces"]) - kept


def _read_block(written: str, header: re.Match[str], indent: int) -> list[Piece] | None:
    folded = written[0] == ">"
    pieces: list[Piece] = []
    content: Piece | None = None
    breaks: list[Span] = []
    at = header.end()
    while at < len(written):
        line = _LINE.match(written, at)
        assert line is not None  # it matches anything
        end = line.span("end")[0] if line["end"] else line.end()
        start = min(at + len(line["spaces"]), at + indent)
        if start < end:
            if start - at < indent:
                return None
            before, content = content, Piece(written[start:end], start, end)
            fold = folded and before is not None and not _is_indented(before, content)
            pieces += _read_breaks(written, breaks, start, fold=fold)
            pieces.append(content)
            breaks = []
        if line["end"]:
            breaks.append(line.span("end"))
        at = line.end()
    counted = _chomp(header["indicators"], breaks)
    pieces += _read_breaks(written, counted, counted[-1][1] if counted else 0, fold=False)
    return pieces


def _is_indented(before: Piece, after: Piece) -> bool:
    """Lines are folded only between two that begin with no blank."""
    return before.text[0] in " \t" or after.text[0] in " \t"


def _chomp(indicators: str, breaks: list[Span]) -> list[Span]:
    """Which of the last line breaks count: all with `+`, none with `-`, else that of the last line."""
    if "+" in indicators:
        return breaks
    return [] if "-" in indicators else breaks[:1]


def _read_breaks(written: str, breaks: list[Span], stop: int, *, fold: bool) -> Iterator[Piece]:
    """The line breaks before the content at `stop`, each with what is passed over behind it."""
    if not breaks:
        return
    texts = [_read_break(written[start:end]) for start, end in breaks]
    if fold and texts[0] == "\n":
        yield Piece("".join(texts[1:]) or " ", breaks[0][0], stop)
        return
    stops = [*(start for start, _ in breaks[1:]), stop]
    for text, (start, _), end in zip(texts, breaks, stops, strict=True):
        yield Piece(text, start, end)
