"""What is found while a document is walked: fields, declarations and problems, each with its place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import yaml

from automator.model.field import (
    Declaration,
    Form,
    ImageField,
    Location,
    ManifestObject,
    Marker,
    Part,
    Problem,
    RepoPath,
    Role,
    Span,
)
from automator.model.image import ImageReference
from automator.model.workload import WorkloadId
from automator.scan.reach import Path, Visits, count_readers, walk_mappings
from automator.yamltext.nodes import Document, Text
from automator.yamltext.offsets import Offsets, map_offsets

_LONGEST_MESSAGE = 300
_BLOCKS = frozenset({"|", ">"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A scalar that holds a part of an image; `within` is the slice of its value that counts, None for all of it."""

    role: Role
    node: yaml.ScalarNode
    within: Span | None = None

    @property
    def value(self) -> str:
        value: str = self.node.value
        return value if self.within is None else value[self.within.start : self.within.end]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an image field is, and in which form it is written."""

    workload: WorkloadId
    form: Form
    slot: str = ""


@dataclass(slots=True)
class Findings:
    """All that the documents of a file hold, those that stand in scalars of others among them."""

    fields: list[ImageField] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    objects: list[ManifestObject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        self._add_markers(other.markers, lambda number: number + len(self.fields))
        self.fields += other.fields
        self.declarations += other.declarations
        self.objects += other.objects
        self.problems += other.problems

    def sort(self) -> None:
        """Fields and problems in the order of the text; markers keep to their fields."""
        self.problems.sort(key=lambda problem: problem.location)
        order = sorted(range(len(self.fields)), key=lambda number: self.fields[number].location)
        moved = {old: new for new, old in enumerate(order)}
        self.fields = [self.fields[number] for number in order]
        markers, self.markers = self.markers, []
        self._add_markers(markers, moved.__getitem__)

    def _add_markers(self, markers: Iterable[Marker], move: Callable[[int], int]) -> None:
        """`move` tells where the field of that number is now."""
        self.markers += [
            marker if marker.field is None else replace(marker, field=move(marker.field))
            for marker in markers
        ]


@dataclass(frozen=True, slots=True)
class Inside:
    """Where the text of a document stands in another: it is the value of a scalar there.

    `start` is where the scalar begins there, and `offsets` tell where in it the characters of its value are written.
    """

    outer: "DocumentScan"
    part: Part
    start: int
    offsets: Offsets | None

    def location_at(self, offset: int) -> Location:
        if self.offsets is None:
            return self.part.location
        return self.outer.location_at(self.start + self.offsets(offset))


@dataclass(slots=True)
class DocumentScan:
    """One document while it is walked."""

    path: RepoPath
    text: Text
    document: Document
    found: Findings = field(default_factory=Findings)
    inside: Inside | None = None
    visits: Visits = field(default_factory=Visits)
    _walked: tuple[yaml.Node, list[tuple[Path, yaml.MappingNode]]] | None = None
    _mapped: tuple[yaml.ScalarNode, Offsets | None] | None = None
    _readers: dict[int, int] | None = None

    def walk(self, root: yaml.Node) -> list[tuple[Path, yaml.MappingNode]]:
        """Every mapping below, with the way to it. Who asks for the same root again gets the same list."""
        if self._walked is None or self._walked[0] is not root:
            self._walked = root, list(walk_mappings(root, self.visits))
        return self._walked[1]

    def part(self, piece: Piece) -> Part:
        start, end = self.text.scalar_span(self.document, piece.node)
        nested: tuple[Span, ...] = ()
        span = Span(start, end)
        if self.inside is not None:
            nested = (*self.inside.part.nested, span)
            span = self.inside.part.span
        return Part(
            role=piece.role,
            span=span,
            value=piece.value,
            location=self._location_of(piece, start, end),
            nested=nested,
            within=piece.within,
        )

    def _location_of(self, piece: Piece, start: int, end: int) -> Location:
        """Of its first character, behind the head of a block; at the quote of what is whole."""
        if piece.within is not None or piece.node.style in _BLOCKS:
            offsets = self._offsets_in(piece.node, start, end)
            if offsets is not None:
                return self.location_at(start + offsets(piece.within.start if piece.within else 0))
        return self.location(piece.node, start)

    def _offsets_in(self, node: yaml.ScalarNode, start: int, end: int) -> Offsets | None:
        """Of one scalar after the other: several pieces may stand in one."""
        if self._mapped is None or self._mapped[0] is not node:
            self._mapped = node, map_offsets(self.text.text[start:end], node.value)
        return self._mapped[1]

    def location_at(self, offset: int) -> Location:
        """Of a character of this document's text."""
        if self.inside is not None:
            return self.inside.location_at(offset)
        place = self.text.place_at(offset)
        return Location(self.path, place.line, place.column)

    def location(self, node: yaml.Node, start: int | None = None) -> Location:
        if start is None:
            start = node.start_mark.index + self.document.offset
        if self.inside is not None:
            return self.inside.location_at(start)
        place = self.text.place(self.document, node, start)
        return Location(self.path, place.line, place.column)

    def report(self, node: yaml.Node, message: str, hint: str = "", *, note: bool = False) -> None:
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        problem = Problem(location=self.location(node), message=message, hint=hint, note=note)
        self.found.problems.append(problem)

    def written(self, node: yaml.Node) -> str:
        """The characters of a node, anchor and tag included."""
        offset = self.document.offset
        return self.text.text[node.start_mark.index + offset : node.end_mark.index + offset]

    def enter(self, node: yaml.ScalarNode) -> Inside:
        """For the scan of a document that stands in this scalar."""
        start, end = self.text.scalar_span(self.document, node)
        offsets = self._offsets_in(node, start, end)
        return Inside(self, self.part(Piece(Role.REFERENCE, node)), start, offsets)

    def add_field(
        self, owner: Owner, container: str, image: ImageReference, pieces: Iterable[Piece]
    ) -> None:
        self.found.fields.append(self.make_field(owner, container, image, pieces))

    def make_field(
        self, owner: Owner, container: str, image: ImageReference, pieces: Iterable[Piece]
    ) -> ImageField:
        ordered = sorted(pieces, key=lambda piece: piece.node.start_mark.index)
        self.visits.read(ordered[0].node)
        return ImageField(
            workload=owner.workload,
            container=container,
            form=owner.form,
            image=image,
            document=self.index,
            parts=tuple(map(self.part, ordered)),
            also_read=max(self._also_read(piece.node) for piece in ordered),
            slot=owner.slot,
        )

    @property
    def index(self) -> int:
        """Of the file's document that this is, or that this stands in."""
        return self.document.index if self.inside is None else self.inside.outer.index

    @property
    def depth(self) -> int:
        """In how many scalars this document stands."""
        return 0 if self.inside is None else 1 + len(self.inside.part.nested)

    def _also_read(self, node: yaml.ScalarNode) -> int:
        if not self.text.has_anchor(self.document, node):
            return 0
        if self._readers is None:
            self._readers = count_readers(self.document.root)
        return self._readers.get(id(node), 1) - 1
