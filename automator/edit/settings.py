"""Annotations of an object set, changed or taken away: what stands outside of them stays, byte by byte.

They are written on the object itself, never on a pod template, whose pods would start anew. What stands there already
is changed in its place first; what is new comes behind it (`annotate`). Both results are parsed again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import yaml

from automator.edit.annotate import Annotator, NewAnnotation
from automator.edit.changed import Wanted, check_changed
from automator.edit.check import Parsed
from automator.edit.metadata import Owner, find_objects, own_pair, value_span
from automator.errors import EditRefused
from automator.model.field import Location, RepoPath, Span
from automator.model.workload import WorkloadId
from automator.scan.reach import get
from automator.yamltext.nodes import Document
from automator.yamltext.pieces import BREAKS
from automator.yamltext.quote import double_quote, quote
from automator.yamltext.respell import Replacement, respell
from automator.yamltext.splice import splice

_BREAK = re.compile(rf"\r\n|[{BREAKS}]")
_BETWEEN = re.compile(r"\s*,\s*")
_BEHIND_KEY = re.compile(r"\s*:\s*\{?\s*")
_BY_HAND = "change it by hand"
_TEXT = "tag:yaml.org,2002:str"

Settings = Mapping[str, str | None]
"""What annotations are to read as, by key; None takes one away."""


def object_names(path: RepoPath, data: bytes) -> frozenset[WorkloadId]:
    """The workloads in a file that have a place for annotations."""
    return frozenset(workload for workload, _ in find_objects(path, _parse(path, data)))


def set_annotations(path: RepoPath, data: bytes, workload: WorkloadId, settings: Settings) -> bytes:
    """On every object of that name. Raises EditRefused where one has no place, or anything else would change."""
    editing = _Editing(path, _parse(path, data))
    owners = [owner for found, owner in editing.objects if found == workload]
    if not owners:
        raise EditRefused(f"{workload} has no place for an annotation here", location=path)
    edits = [edit for owner in owners for edit in editing.rewrite(owner, settings)]
    text = _ended_alike(editing.text, splice(editing.text, edits))
    after = Parsed.of(text)
    check_changed(path, editing.parsed, after, editing.wanted)
    return _add_missing(path, text, after, workload, settings)


def _ended_alike(before: str, after: str) -> str:
    """The last line has a line end only if it had one: the one before it may be the last by now."""
    if before[-1:] in set(BREAKS):
        return after
    return after.removesuffix("\n").removesuffix("\r")


def _add_missing(
    path: RepoPath, text: str, parsed: Parsed, workload: WorkloadId, settings: Settings
) -> bytes:
    added: list[NewAnnotation] = []
    for found, owner in find_objects(path, parsed):
        if found == workload:
            beside = _place_of_name(path, parsed, owner)
            standing = own_pair(owner.metadata, "annotations")
            added += [
                NewAnnotation(beside=beside, key=key, value=value)
                for key, value in settings.items()
                if value is not None and not (standing and _pairs_of(standing[1], key))
            ]
    encoded = text.encode("utf-8")
    return Annotator(path, encoded).apply(added) if added else encoded


def _parse(path: RepoPath, data: bytes) -> Parsed:
    try:
        return Parsed.of(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise EditRefused(f"byte {error.start} is not UTF-8", location=path) from error


def _place_of_name(path: RepoPath, parsed: Parsed, owner: Owner) -> Location:
    name = get(owner.metadata, "name") or get(owner.metadata, "generateName") or owner.metadata
    place = parsed.text.place_of(owner.document, name)
    return Location(path, place.line, place.column)


Pair = tuple[yaml.Node, yaml.Node]


def _pairs_of(annotations: yaml.Node, key: str) -> list[Pair]:
    if not isinstance(annotations, yaml.MappingNode):
        return []
    return [pair for pair in annotations.value if pair[0].value == key]


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours in a map that go together; `before` and `behind` are those that stay, if any."""

    pairs: Sequence[Pair]
    before: Pair | None
    behind: Pair | None


class _Editing:
    """A file whose objects' own annotations are changed or taken away. `wanted` tells what maps are to say then."""

    def __init__(self, path: RepoPath, parsed: Parsed) -> None:
        self.path = path
        self.parsed = parsed
        self.text = parsed.text.text
        self.objects = list(find_objects(path, parsed))
        self.wanted: dict[int, Wanted] = {}

    def rewrite(self, owner: Owner, settings: Settings) -> Iterator[Replacement]:
        pair = own_pair(owner.metadata, "annotations")
        if pair is None or not isinstance(pair[1], yaml.MappingNode):
            return
        annotations = pair[1]
        standing = {key: found for key in settings if (found := _pairs_of(annotations, key))}
        changing = {
            key: found
            for key, found in standing.items()
            if any(value.value != settings[key] or not _is_text(value) for _, value in found)
        }
        if not changing or id(annotations) in self.wanted:
            return
        place = str(_place_of_name(self.path, self.parsed, owner))
        owner.check_alone(place)
        for key, found in changing.items():
            if len(found) > 1:
                raise EditRefused(f"{key} stands twice here", location=place, hint=_BY_HAND)
        gone = [found[0] for key, found in changing.items() if settings[key] is None]
        changed = {key: new for key in changing if (new := settings[key]) is not None}
        if gone and len(gone) == len(annotations.value):
            yield self._take_all(owner, pair)
            return
        self.wanted[id(annotations)] = Wanted(changed, frozenset(id(key) for key, _ in gone))
        for key, new in changed.items():
            yield self._change(owner, changing[key][0], new)
        for run in _runs(annotations, gone):
            yield from self._take(owner, annotations, run)

    def _take_all(self, owner: Owner, pair: Pair) -> Replacement:
        """`annotations` goes with the last of them."""
        key, annotations = pair
        begin = key.end_mark.index + owner.document.offset
        first = annotations.value[0][0].start_mark.index + owner.document.offset
        if _BEHIND_KEY.fullmatch(self.text, begin, first) is None:
            raise self._refused(owner, key, "more than the annotation stands here")
        self.wanted[id(owner.metadata)] = Wanted({}, frozenset({id(key)}))
        (run,) = _runs(owner.metadata, [pair])
        (edit,) = self._take(owner, owner.metadata, run)
        return edit

    def _change(self, owner: Owner, pair: Pair, new: str) -> Replacement:
        key, value = pair
        span = value_span(self.text, owner.document, key, value)
        if not isinstance(value, yaml.ScalarNode):
            raise self._refused(owner, key, f"{key.value} is no text")
        if value.start_mark.index < key.end_mark.index:
            return span.start, span.end, double_quote(new)
        if owner.readers.get(id(value), 0) > 1:
            raise self._refused(owner, key, "an alias elsewhere reads this value, too")
        span = Span(*self.parsed.text.scalar_span(owner.document, value))
        written = self.text[span.start : span.end]
        spelled = respell(written, value.value, [(0, len(value.value), new)])
        # In braces a plain scalar ends at these.
        plain = not written.startswith(("'", '"', "|", ">")) and set(new) & set(",[]{}")
        if _is_text(value) and spelled is not None and len(spelled) == 1 and not plain:
            start, stop, text = spelled[0]
            return span.start + start, span.start + stop, text
        blank = "" if written or self.text[span.start - 1] in " \t" else " "
        end = span.start + len(written.rstrip(BREAKS))
        return span.start, end, blank + (double_quote(new) if written[:1] == '"' else quote(new))

    def _take(self, owner: Owner, mapping: yaml.MappingNode, run: _Run) -> Iterator[Replacement]:
        if mapping.flow_style:
            yield self._take_in_flow(owner, run)
            return
        for pair in run.pairs:
            yield self._take_lines(owner, pair)

    def _take_lines(self, owner: Owner, pair: Pair) -> Replacement:
        """The lines of a key and its value, with the comment behind them."""
        key, _ = pair
        start = key.start_mark.index + owner.document.offset
        line = self.parsed.text.line_start(start)
        if self.text[line:start].strip(" "):
            raise self._refused(owner, key, "something stands before it in its line")
        end = self._end(owner.document, pair)
        if self.text[end - 1 : end] in set(BREAKS):
            return line, end, ""
        found = _BREAK.search(self.text, end)
        return line, found.end() if found else len(self.text), ""

    def _end(self, document: Document, pair: Pair) -> int:
        """A block map ends where the next token begins: its last entry tells where it is over."""
        key, value = pair
        written_here = value.start_mark.index >= key.end_mark.index
        if isinstance(value, yaml.MappingNode) and not value.flow_style and written_here:
            return self._end(document, value.value[-1])
        return value_span(self.text, document, key, value).end

    def _take_in_flow(self, owner: Owner, run: _Run) -> Replacement:
        """With the comma behind it, or before the last one."""
        offset = owner.document.offset
        whole = [*filter(None, [run.before]), *run.pairs, *filter(None, [run.behind])]
        for one, other in pairwise(whole):
            end, begin = self._end(owner.document, one), other[0].start_mark.index + offset
            if _BETWEEN.fullmatch(self.text, end, begin) is None:
                raise self._refused(owner, other[0], "more than a comma stands before it")
        if run.behind is not None:
            start = run.pairs[0][0].start_mark.index + offset
            return start, run.behind[0].start_mark.index + offset, ""
        stop = self._end(owner.document, run.pairs[-1])
        if run.before is None:
            return run.pairs[0][0].start_mark.index + offset, stop, ""
        return self._end(owner.document, run.before), stop, ""

    def _refused(self, owner: Owner, key: yaml.Node, what: str) -> EditRefused:
        place = self.parsed.text.place_of(owner.document, key)
        where = f"{self.path}:{place.line}:{place.column}"
        return EditRefused(what, location=where, hint=_BY_HAND)


def _is_text(value: yaml.Node) -> bool:
    """A number or a boolean is no annotation: Kubernetes refuses it, and it is put into quotes."""
    return bool(value.tag == _TEXT)


def _runs(mapping: yaml.MappingNode, gone: Sequence[Pair]) -> Iterator[_Run]:
    keys = {id(key) for key, _ in gone}
    before: Pair | None = None
    run: list[Pair] = []
    for pair in mapping.value:
        if id(pair[0]) in keys:
            run.append(pair)
            continue
        if run:
            yield _Run(run, before, pair)
        before, run = pair, []
    if run:
        yield _Run(run, before, None)
