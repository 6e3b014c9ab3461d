"""Annotations and comments written into a manifest: text is added, and nothing that stands there is touched.

An annotation is written on the object itself, never on a pod template, whose pods it would start anew. It comes
behind the object's annotations, in their style. The result is parsed again, and may differ from the original in the
new annotations alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import yaml

from automator.edit.check import Parsed
from automator.edit.grown import Grown, check_grown
from automator.edit.metadata import (
    Owner,
    find_owners,
    is_null,
    own_pair,
    scalar_spans,
    value_span,
)
from automator.errors import EditRefused
from automator.model.field import Location, RepoPath, Span
from automator.yamltext.nodes import Document
from automator.yamltext.pieces import BREAKS
from automator.yamltext.quote import double_quote, quote
from automator.yamltext.respell import Replacement
from automator.yamltext.splice import splice

_BREAK = re.compile(rf"\r\n|[{BREAKS}]")
_BEFORE_MARKER = re.compile(r"[ \t]*#+[ \t]*$")
_LAST_ON_ITS_LINE = re.compile(rf"[ \t,\]}}]*(?:#[^{BREAKS}]*)?(?=[{BREAKS}]|$)")
_BLOCKS = ("|", ">")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnotation:
    """`beside` is the name, or the value of an annotation or a label, of the same object, or of a template in it."""

    beside: Location
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """A comment `# text` behind the scalar at `behind`; or in place of what `replaces` says, which begins at `at`.

    An empty `text` takes away the comment that `replaces` is all of.
    """

    at: Location
    text: str
    behind: Span | None = None
    replaces: str = ""


Addition = NewAnnotation | NewComment


class Annotator:
    """A file that is to be annotated, parsed once."""

    def __init__(self, path: RepoPath, data: bytes) -> None:
        self._path = path
        self._before = Parsed.of(data.decode("utf-8"))
        self._text = self._before.text.text
        self._owners = find_owners(self._before)

    @cached_property
    def _values(self) -> frozenset[Span]:
        return scalar_spans(self._before)

    def check(self, additions: Sequence[Addition]) -> None:
        """Raises EditRefused where one has no place, by its location."""
        self._edits(additions)

    def apply(self, additions: Sequence[Addition]) -> bytes:
        """Raises EditRefused where one has no place, or the result would say anything else."""
        edits, grown = self._edits(additions)
        edited = splice(self._text, edits)
        check_grown(self._path, self._before, Parsed.of(edited), grown)
        return edited.encode("utf-8")

    def _edits(self, additions: Sequence[Addition]) -> tuple[list[Replacement], dict[int, Grown]]:
        """What to replace, and which nodes grow by what."""
        edits: dict[tuple[int, int], str] = {}
        grown: dict[int, Grown] = {}
        annotations = [one for one in additions if isinstance(one, NewAnnotation)]
        for owner, added in self._by_owner(annotations):
            start, new = self._annotate(owner, added, grown)
            edits[start, start] = new
        for comment in additions:
            if isinstance(comment, NewComment):
                start, stop, new = self._comment(comment)
                if edits.setdefault((start, stop), new) != new:
                    raise EditRefused("two comments are wanted here", location=str(comment.at))
        return [(start, stop, new) for (start, stop), new in edits.items()], grown

    def _by_owner(
        self, annotations: Sequence[NewAnnotation]
    ) -> Iterator[tuple[Owner, list[NewAnnotation]]]:
        groups: dict[int, tuple[Owner, dict[str, NewAnnotation]]] = {}
        for new in annotations:
            place = (new.beside.line, new.beside.column)
            if place not in self._owners:
                raise EditRefused("no annotation stands here", location=str(new.beside))
            owner = self._owners[place]
            if owner is None:
                raise EditRefused(
                    "several objects have this annotation through an alias",
                    location=str(new.beside),
                    hint="write it out where the alias stands",
                )
            _, added = groups.setdefault(id(owner.metadata), (owner, {}))
            if added.setdefault(new.key, new).value != new.value:
                raise EditRefused(f"two values are wanted for {new.key}", location=str(new.beside))
        for owner, added in groups.values():
            yield owner, list(added.values())

    def _annotate(
        self, owner: Owner, added: Sequence[NewAnnotation], grown: dict[int, Grown]
    ) -> tuple[int, str]:
        place = str(added[0].beside)
        owner.check_alone(place)
        texts = {new.key: new.value for new in added}
        pair = own_pair(owner.metadata, "annotations")
        if pair is None:
            grown[id(owner.metadata)] = {"annotations": texts}
            return self._append_map(owner, texts, place)
        key, value = pair
        grown[id(value)] = texts
        if is_null(value):
            if value.value:
                raise EditRefused(f"`annotations` is {value.value} here", location=place)
            margin = " " * (key.start_mark.column + owner.step)
            end = value.end_mark.index + owner.document.offset
            return self._lines_below(end, [margin + line for line in _lines(texts, "")])
        if not isinstance(value, yaml.MappingNode):
            raise EditRefused("the annotations are no map", location=place)
        standing = [new.key for new in added if own_pair(value, new.key) is not None]
        if standing:
            raise EditRefused(f"{standing[0]} stands there already", location=place)
        return self._append(owner.document, value, texts, place)

    def _append_map(self, owner: Owner, texts: dict[str, str], place: str) -> tuple[int, str]:
        """`annotations` itself, at the end of the metadata."""
        metadata, style = owner.metadata, _key_style(owner.metadata)
        name = f"{style}annotations{style}:"
        if metadata.flow_style:
            return self._flow_end(
                owner.document, metadata, f"{name} {{{', '.join(_lines(texts, style))}}}"
            )
        margin, deeper = " " * metadata.value[0][0].start_mark.column, " " * owner.step
        lines = [name, *(deeper + line for line in _lines(texts, style))]
        end = self._end(owner.document, metadata, place)
        return self._lines_below(end, [margin + line for line in lines])

    def _append(
        self, document: Document, mapping: yaml.MappingNode, texts: dict[str, str], place: str
    ) -> tuple[int, str]:
        lines = _lines(texts, _key_style(mapping))
        if not mapping.value:
            lines = _lines(texts, '"')
        if mapping.flow_style:
            return self._flow_end(document, mapping, *lines)
        margin = " " * mapping.value[0][0].start_mark.column
        return self._lines_below(
            self._end(document, mapping, place), [margin + line for line in lines]
        )

    def _flow_end(
        self, document: Document, mapping: yaml.MappingNode, *entries: str
    ) -> tuple[int, str]:
        """Behind the last entry of a map in braces; on lines of their own where the last one has one."""
        if not mapping.value:
            return mapping.end_mark.index - 1 + document.offset, ", ".join(entries)
        key, value = mapping.value[-1]
        start = key.start_mark.index + document.offset
        line = self._before.text.line_start(start)
        margin, between = self._text[line:start], ", "
        if line and not margin.strip(" \t"):
            crlf = self._text[line - 2 : line] == "\r\n"
            between = f",{self._text[line - 1 - crlf : line]}{margin}"
        end = self._end_of(document, key, value)
        return end, "".join(between + entry for entry in entries)

    def _end(self, document: Document, mapping: yaml.MappingNode, place: str) -> int:
        """Where the last entry of a block map ends. The map itself ends where the next token begins."""
        node: yaml.Node = mapping
        while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
            if isinstance(node, yaml.MappingNode):
                key, child = node.value[-1]
                if child.start_mark.index < key.end_mark.index:
                    return self._end_of(document, key, child)
            else:
                child = node.value[-1]
                if child.start_mark.index < node.start_mark.index:
                    raise EditRefused("an alias ends the map that is to grow", location=place)
            node = child
        return int(node.end_mark.index) + document.offset

    def _end_of(self, document: Document, key: yaml.Node, value: yaml.Node) -> int:
        return value_span(self._text, document, key, value).end

    def _lines_below(self, end: int, lines: Sequence[str]) -> tuple[int, str]:
        """Below the line of `end`, ended as that line is. A block scalar ends at the start of a line."""
        at_start = self._text[end - 1 : end] in {"\r", "\n"}
        found = _BREAK.search(self._text, end - 1 if at_start else end)
        if found is None:
            ending = "\r\n" if "\r\n" in self._text else "\n"
            return len(self._text), "".join(ending + line for line in lines)
        ending = found[0]
        if at_start and self._text[end - 2 : end] == "\r\n":
            ending = "\r\n"
        return found.end(), "".join(line + ending for line in lines)

    def _comment(self, comment: NewComment) -> Replacement:
        if not comment.text.isprintable():
            raise EditRefused("a comment is one line of text", location=str(comment.at))
        return self._replace(comment) if comment.replaces else self._comment_behind(comment)

    def _replace(self, comment: NewComment) -> Replacement:
        try:
            start = self._before.text.offset_of(comment.at.line, comment.at.column)
        except ValueError:
            start = len(self._text)
        stop = start + len(comment.replaces)
        if self._text[start:stop] != comment.replaces:
            raise EditRefused("the comment is not the expected one", location=str(comment.at))
        if not comment.text:
            before = _BEFORE_MARKER.search(self._text, self._before.text.line_start(start), start)
            start = before.start() if before else start
        return start, stop, comment.text

    def _comment_behind(self, comment: NewComment) -> Replacement:
        """At the end of the scalar's last line, or of a block scalar's first: there a comment is the scalar's."""
        place = str(comment.at)
        span = comment.behind
        if span is None or span not in self._values:
            raise EditRefused("no value stands here", location=place)
        if self._path.endswith(".json") or self._is_braced(span):
            raise EditRefused("JSON has no comments", location=place)
        end = span.end
        if self._text[span.start : span.start + 1] in _BLOCKS:
            end = span.start
        elif _LAST_ON_ITS_LINE.match(self._text, end) is None:
            raise EditRefused(
                "another value follows in its line, which a comment would mark", location=place
            )
        found = _BREAK.search(self._text, end)
        stop = found.start() if found else len(self._text)
        blank = "" if self._text[stop - 1 : stop] in {" ", "\t"} else " "
        return stop, stop, f"{blank}# {comment.text}"

    def _is_braced(self, span: Span) -> bool:
        """Whether the whole document is in braces, as JSON is: Kubernetes' tools then read it as JSON."""
        roots = (
            (one.root.start_mark.index + one.offset, bool(getattr(one.root, "flow_style", False)))
            for one in self._before.documents
            if isinstance(one, Document)
        )
        return max((root for root in roots if root[0] <= span.start), default=(0, False))[1]


def _key_style(mapping: yaml.MappingNode) -> str:
    style = mapping.value[-1][0].style if mapping.value else ""
    return style if style in {'"', "'"} else ""


def _lines(texts: dict[str, str], style: str) -> list[str]:
    """Keys in the style of those before them. Double-quoted ones may be JSON's, whose values are so, too."""
    spell = double_quote if style == '"' else quote
    return [f"{style}{key}{style}: {spell(value)}" for key, value in texts.items()]
