"""Text to documents of nodes with true character spans; the only user of PyYAML's marks. Knows nothing of images.

PyYAML's marks count characters. A BOM is taken off first and counted in again, since the C parser's marks are one
too small behind it. A scalar's marks begin at its anchor or tag, if it has one: `scalar_span` leaves those out.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import yaml

BOM = "\ufeff"
_MOST_TAGS = 1 << 15
_LONGEST_REMEMBERED = 100
# What ends a line to libyaml, whose marks count so (YAML 1.1, section 4.2).
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_DOCUMENT_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)
# Anchor and tag, each perhaps with a comment behind it when the value stands on a later line.
_PROPERTIES = re.compile(r"(?:(?:!<[^\s>]*>|[&!][^\s,\[\]{}]*)\s+(?:#[^\r\n]*\s+)*)+")
# JSON writes characters outside the BMP as two escapes; libyaml refuses them.
_SURROGATE_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that does not parse."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """`offset` is where the document's text begins in the file's, to be added to its marks; `line` likewise."""

    index: int
    root: yaml.Node
    offset: int
    line: int


class Text:
    """A decoded file. `text` still has its BOM, so that spans are those of the whole text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bom = len(BOM) if text.startswith(BOM) else 0

    def scalar_span(self, document: Document, node: yaml.ScalarNode) -> tuple[int, int]:
        """[start, end) of the scalar as written, quotes included, without anchor and tag."""
        start = node.start_mark.index + document.offset
        end = node.end_mark.index + document.offset
        found = _PROPERTIES.match(self.text, start, end)
        return (found.end() if found else start), end

    def has_anchor(self, document: Document, node: yaml.ScalarNode) -> bool:
        start = node.start_mark.index + document.offset
        return "&" in self.text[start : self.scalar_span(document, node)[0]]

    @cached_property
    def _line_starts(self) -> list[int]:
        """Found once: a file may have a place to tell for every line."""
        return [self.bom, *(found.end() for found in _LINE_BREAK.finditer(self.text))]

    def line_start(self, offset: int) -> int:
        """Where the line of a character begins."""
        return self._line_starts[max(bisect_right(self._line_starts, offset) - 1, 0)]

    def place_at(self, offset: int) -> Place:
        """Of any character."""
        line = max(bisect_right(self._line_starts, offset), 1)
        return Place(line, offset - self._line_starts[line - 1] + 1)

    def offset_of(self, line: int, column: int) -> int:
        """The character at a line and column, both from 1. Raises ValueError if there is no such line."""
        if line > len(self._line_starts):
            raise ValueError(f"there are {len(self._line_starts)} lines")
        return self._line_starts[line - 1] + column - 1

    def place_of(self, document: Document, node: yaml.Node) -> Place:
        """Of a scalar without its anchor and tag, of a collection with them."""
        if isinstance(node, yaml.ScalarNode):
            return self.place(document, node, self.scalar_span(document, node)[0])
        return self.place(document, node, node.start_mark.index + document.offset)

    def place(self, document: Document, node: yaml.Node, start: int) -> Place:
        """`start` is the span's: an anchor moves it behind the mark."""
        mark = node.start_mark
        if start == mark.index + document.offset:
            return Place(mark.line + document.line + 1, mark.column + 1)
        return self.place_at(start)


def parse_documents(text: Text) -> Iterator[Document | Broken]:
    """Every document, or why it does not parse. One broken document costs only itself.

    libyaml refuses nesting of more than 1,000 levels by itself, so nothing here recurses without a bound.
    """
    body = text.text[text.bom :]
    try:
        roots = list(_compose(body))
    except yaml.YAMLError as error:
        masked = _SURROGATE_PAIR.sub(r"\\ufffd\\ufffd", body)
        if masked == body:
            yield from _parse_apart(body, text.bom, error)
        else:
            # As long as before, so that the spans hold; how such a text reads matters to nobody here.
            yield from parse_documents(Text(text.text[: text.bom] + masked))
        return
    for index, root in enumerate(roots):
        yield Document(index, root, text.bom, 0)


class _Loader(yaml.CSafeLoader):
    """libyaml's composer, which asks Python for the tag of every plain scalar: the same ones again and again."""

    _tags: ClassVar[dict[str, str]] = {}

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)  # type: ignore[no-any-return, no-untyped-call]
        tag = self._tags.get(value)
        if tag is None:
            tag = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
            if len(self._tags) >= _MOST_TAGS:
                self._tags.clear()
            if len(value) <= _LONGEST_REMEMBERED:
                self._tags[value] = tag
        return tag


def _compose(body: str) -> Iterator[yaml.Node]:
    loader = _Loader(body)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    finally:
        loader.dispose()


def _parse_apart(body: str, bom: int, whole: yaml.YAMLError) -> Iterator[Document | Broken]:
    """Each stretch between `---` lines alone."""
    starts = [0, *(found.start() for found in _DOCUMENT_START.finditer(body) if found.start())]
    if len(starts) == 1:
        yield _broken(whole, body, 0)
        return
    index = lines_before = previous = 0
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        lines_before += body.count("\n", previous, start)
        previous = start
        try:
            roots = list(_compose(body[start:end]))
        except yaml.YAMLError as error:
            yield _broken(error, body[start:end], lines_before)
            index += 1
            continue
        for root in roots:
            yield Document(index, root, start + bom, lines_before)
            index += 1


def _broken(error: yaml.YAMLError, body: str, lines_before: int) -> Broken:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        # The C composer splits "found duplicate anchor; first occurrence" over context and problem.
        known = error.problem != "second occurrence"
        reason = (error.problem if known else "an anchor is defined twice") or "not YAML"
        return Broken(Place(mark.line + lines_before + 1, mark.column + 1), reason)
    before = ""
    if isinstance(error, yaml.reader.ReaderError):
        # libyaml counts the bytes of the UTF-8 that it was given.
        before = body.encode()[: error.position].decode(errors="ignore")
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    return Broken(Place(line + lines_before + 1, column + 1), str(error).partition("\n")[0])
