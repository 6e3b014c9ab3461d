"""Trailing comments that concern an image: ours, Flux v2's markers, and Renovate's. Never what only looks like one.

    tag: 1.2.3   # automator: semver:^1.2
    image: app:1.2.3 # {"$imagepolicy": "flux-system:app"}
    # renovate: datasource=docker depName=app

libyaml tells nothing of comments, so they are found in the text: a `#` that is in no scalar, behind what it marks.
A comment in a commented-out line is no comment of ours.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import yaml

from automator.model.field import Comment, Form, Location, Marker, Problem, Role, Span
from automator.model.workload import WorkloadId
from automator.scan.assembly import whole_piece
from automator.scan.found import DocumentScan, Findings, Owner
from automator.scan.layouts import name_container
from automator.scan.reach import Path, Step, name_path, text_of
from automator.scan.values import is_surely_image, read_image
from automator.scan.workloads import is_sealed, object_workload, workload_of

# Nothing in it reaches over another `#`: a line of a million of them would take for ever.
_COMMENT = re.compile(
    r"(?<![^ \t\r\n\ufeff])#+[ \t]*(?P<text>automator:[^\r\n]*|\{[^\r\n#]*\$imagepolicy[^\r\n]*|renovate:[^\r\n]*)"
)
_OURS, _RENOVATE = "automator:", "renovate:"
_ROLES = {"": Role.REFERENCE, "name": Role.REPOSITORY, "tag": Role.TAG, "digest": Role.DIGEST}
_BLOCKS = frozenset({"|", ">"})
_LINE_BREAK = re.compile(r"[\r\n]")
_CLOSING = re.compile(r"[\]}]")
_SEALED = "this document is sealed by SOPS: an edit would break its signature"


def mentions_comments(text: str) -> bool:
    """A quick look at a whole text."""
    return "automator:" in text or "$imagepolicy" in text or "renovate:" in text


@dataclass(frozen=True, slots=True)
class _Place:
    """A scalar, and how it stands in its document. `beside` is what a key leads to; `sealed` tells what SOPS signs."""

    span: Span
    node: yaml.ScalarNode
    holder: yaml.Node
    path: Path
    scan: DocumentScan
    workload: WorkloadId
    sealed: bool
    beside: yaml.Node | None = None


def scan_comments(scans: Sequence[DocumentScan], found: Findings, first: int = 0) -> None:
    """`scans` are the documents of one text, whose fields in `found` begin at `first`: they get their comments."""
    if scans:
        _CommentScan(scans, found, first).run()


class _CommentScan:
    def __init__(self, scans: Sequence[DocumentScan], found: Findings, first: int) -> None:
        self._scan = scans[0]
        self._text = scans[0].text.text
        self._found = found
        self._places = sorted(
            (place for scan in scans for place in _scalars(scan)), key=lambda place: place.span
        )
        self._starts = [place.span.start for place in self._places]
        self._fields_at = self._find_own_fields(first)
        self._fields_in: dict[int, set[int]] = {}
        for place in self._places:
            numbers = self._fields_at.get(place.span)
            if numbers:
                self._fields_in.setdefault(id(place.holder), set()).update(numbers)
        self._groups: dict[int, int] = {}
        # Those of the texts inside of this one have theirs.
        self._first_group = len(found.markers)

    def _find_own_fields(self, first: int) -> dict[Span, list[int]]:
        """The fields of this text by the places of their scalars; not those of texts that its scalars hold."""
        inside = self._scan.inside
        outer = () if inside is None else (inside.part.span, *inside.part.nested)
        found: dict[Span, list[int]] = {}
        for number, field in enumerate(self._found.fields[first:], first):
            for part in field.parts:
                *above, span = part.span, *part.nested
                if tuple(above) == outer:
                    found.setdefault(span, []).append(number)
        return found

    def run(self) -> None:
        for match in _COMMENT.finditer(self._text):
            position = match.start()
            if not self._is_inside_scalar(position):
                self._read(position, match["text"], match.start("text"))

    def _read(self, position: int, text: str, begin: int) -> None:
        line_start = self._scan.text.line_start(position)
        if self._text[line_start:position].lstrip().startswith("#"):
            return
        target = self._target(position, line_start)
        if text.startswith(_RENOVATE):
            self._leave_to_renovate(position, text, target)
        elif target is not None and target.sealed:
            self._report(self._scan.location_at(begin), _SEALED, "remove the comment")
        elif text.startswith(_OURS):
            self._mark(target, text.removeprefix(_OURS), begin + len(_OURS))
        elif target is None or "#" not in self._text[target.span.end : position]:
            # Behind the end of a map or a list Flux reads it as that's, and does not heed it.
            alone = target and not _CLOSING.search(self._text, target.span.end, position)
            self._add_marker(target if alone else None, text, begin)

    def _is_inside_scalar(self, position: int) -> bool:
        """But for the first line of a block scalar, where a comment may stand."""
        number = bisect_right(self._starts, position) - 1
        if number < 0:
            return False
        span = self._places[number].span
        if position >= span.end:
            return False
        in_block = self._text[span.start] in _BLOCKS
        return not in_block or _LINE_BREAK.search(self._text, span.start, position) is not None

    def _target(self, position: int, line_start: int) -> _Place | None:
        """The last scalar that ends on the comment's line before it; or the block scalar that it heads."""
        number = bisect_right(self._starts, position) - 1
        if number < 0:
            return None
        place = self._places[number]
        return place if place.span.end > line_start or place.span.start >= line_start else None

    def _mark(self, target: _Place | None, text: str, begin: int) -> None:
        expression = text.strip()
        location = self._scan.location_at(begin + len(text) - len(text.lstrip()))
        comment = Comment(text=expression, location=location)
        numbers = self._marked_by(target)
        if not numbers:
            self._report(
                location,
                "this comment marks no image",
                "write it behind the tag or the reference, beside a key that names the repository",
            )
        for number in numbers:
            field = self._found.fields[number]
            if field.comment is not None and field.comment.text != expression:
                self._report(
                    location,
                    f"another comment, in line {field.comment.location.line}, says something else",
                    "say it once",
                )
            elif field.comment is None:
                self._found.fields[number] = replace(field, comment=comment)

    def _marked_by(self, target: _Place | None) -> list[int]:
        """The fields that a comment of ours rules. Any scalar that holds a whole reference can be marked."""
        if target is None:
            return []
        own = self._fields_at.get(target.span)
        if not own and self._add_field(target):
            return [len(self._found.fields) - 1]
        return self._fields_of(target)

    def _fields_of(self, target: _Place | None) -> list[int]:
        """The scalar's own; else the one image in what its key leads to, or in the map that it stands in."""
        if target is None:
            return []
        own = self._fields_at.get(target.span)
        if own:
            return own
        scope = target.holder if target.beside is None else target.beside
        if isinstance(scope, yaml.ScalarNode):
            scope = target.holder
        inside = self._fields_in.get(id(scope), set())
        return list(inside) if len(inside) == 1 else []

    def _add_field(self, target: _Place) -> bool:
        image = read_image(text_of(target.node).strip())
        if image is None or target.beside is not None or not is_surely_image(image):
            return False
        owner = Owner(target.workload, Form.MARKER)
        container = name_container(name_path(target.path), "")
        pieces = [whole_piece(Role.REFERENCE, target.node)]
        self._found.fields.append(target.scan.make_field(owner, container, image, pieces))
        return True

    def _add_marker(self, target: _Place | None, text: str, begin: int) -> None:
        location = self._scan.location_at(begin)
        policy, role, mistake = _read_marker(text)
        numbers = self._fields_at.get(target.span) if target is not None else None
        if mistake:
            self._report(
                location, mistake, '{"$imagepolicy": "NAMESPACE:NAME[:tag|:name|:digest]"}'
            )
        if target is None or target.beside is not None:
            if not mistake:
                self._report(location, "this marker marks no value", "write it behind the value")
        elif numbers or not mistake:
            self._found.markers.append(
                Marker(
                    policy=policy,
                    part=target.scan.part(whole_piece(role, target.node)),
                    document=target.scan.index,
                    workload=target.workload,
                    container=name_container(name_path(target.path), ""),
                    location=location,
                    group=self._groups.setdefault(
                        id(target.holder), self._first_group + len(self._groups)
                    ),
                    field=numbers[0] if numbers else None,
                    written=text.rstrip(),
                )
            )

    def _leave_to_renovate(self, position: int, text: str, target: _Place | None) -> None:
        """The image on the comment's line, or on the next line that holds something.

        A comment on another data source than images is about an image only if it stands at one.
        """
        if target is None:
            number = bisect_right(self._starts, position)
            if number == len(self._places):
                return
            target = self._places[number]
            if target.beside is not None and number + 1 < len(self._places):
                target = self._places[number + 1]
        other = "datasource=" in text and "datasource=docker" not in text
        numbers = self._fields_at.get(target.span, []) if other else self._fields_of(target)
        for number in numbers:
            field = self._found.fields[number]
            self._found.fields[number] = replace(field, managed_by="Renovate")

    def _report(self, location: Location, message: str, hint: str) -> None:
        self._found.problems.append(Problem(location=location, message=message, hint=hint))


def _read_marker(text: str) -> tuple[str, Role, str]:
    """(`namespace:name`, role, "") or what is wrong. Other keys may stand in the same braces."""
    try:
        value = json.loads(text.strip())["$imagepolicy"]
        namespace, name, *rest = str(value).split(":")
    except (ValueError, KeyError, TypeError):
        return "", Role.REFERENCE, "this marker cannot be read"
    if len(rest) > 1 or (rest and rest[0] not in _ROLES) or not namespace or not name:
        return "", Role.REFERENCE, f"{value!r} names no policy, or no part of an image"
    return f"{namespace}:{name}", _ROLES[rest[0] if rest else ""], ""


def _scalars(scan: DocumentScan) -> Iterator[_Place]:
    """Every scalar of a document, the keys of maps among them, each once."""
    root = scan.document.root
    seen = {id(root)}
    todo: list[tuple[Path, yaml.Node, WorkloadId, bool]] = [
        (None, root, workload_of(scan.path, root), False)
    ]
    while todo:
        path, node, workload, sealed = todo.pop()
        steps: list[tuple[Step, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            workload = object_workload(node) or workload
            sealed = sealed or is_sealed(node)
            for key, value in node.value:
                steps.append((key.value if isinstance(key, yaml.ScalarNode) else "", value))
                if isinstance(key, yaml.ScalarNode):
                    span = Span(*scan.text.scalar_span(scan.document, key))
                    yield _Place(span, key, node, path, scan, workload, sealed, value)
        elif isinstance(node, yaml.SequenceNode):
            steps += [((number, item), item) for number, item in enumerate(node.value)]
        for step, child in steps:
            if id(child) in seen:
                continue
            seen.add(id(child))
            if isinstance(child, yaml.ScalarNode):
                span = Span(*scan.text.scalar_span(scan.document, child))
                yield _Place(span, child, node, (path, step), scan, workload, sealed)
            else:
                todo.append(((path, step), child, workload, sealed))
