"""What is found while a document is walked: fields, declarations and problems, each with its place."""

from dataclasses import dataclass, field

import yaml

from automator.errors import InvalidReference
from automator.model.field import (
    Declaration,
    Form,
    ImageField,
    Location,
    Part,
    Problem,
    RepoPath,
    Role,
    Span,
)
from automator.model.image import ImageReference
from automator.model.workload import WorkloadId
from automator.scan.reach import Visits, count_readers, text_of
from automator.scan.values import why_untouched
from automator.yamltext.nodes import Document, Text

_CORE = "tag:yaml.org,2002:"
_NOT_CORE_TEXT = frozenset({f"{_CORE}binary"})
_LONGEST_MESSAGE = 300


@dataclass(slots=True)
class DocumentScan:
    """What is found while a document is walked."""

    path: RepoPath
    text: Text
    document: Document
    fields: list[ImageField] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    visits: Visits = field(default_factory=Visits)
    _readers: dict[int, int] | None = None

    def part(self, role: Role, node: yaml.ScalarNode) -> Part:
        start, end = self.text.scalar_span(self.document, node)
        return Part(
            role=role, span=Span(start, end), value=node.value, location=self.location(node, start)
        )

    def location(self, node: yaml.Node, start: int | None = None) -> Location:
        if start is None:
            start = node.start_mark.index + self.document.offset
        place = self.text.place(self.document, node, start)
        return Location(self.path, place.line, place.column)

    def report(self, node: yaml.Node, message: str, hint: str = "") -> None:
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        self.problems.append(Problem(location=self.location(node), message=message, hint=hint))

    def written(self, node: yaml.Node) -> str:
        """The characters of a node, anchor and tag included."""
        offset = self.document.offset
        return self.text.text[node.start_mark.index + offset : node.end_mark.index + offset]

    def add_reference(
        self, workload: WorkloadId, container: str, form: Form, node: yaml.Node
    ) -> None:
        """A field whose one scalar holds the whole reference, if it is one that may be touched."""
        if not isinstance(node, yaml.ScalarNode):
            written = self.written(node)
            # Without quotes, `{{ .Values.image }}` is a map in a map to YAML.
            if written.startswith("{{"):
                self.report(node, f"{written!r} is left alone: it is not written literally")
            return
        if not node.tag.startswith(_CORE) or node.tag in _NOT_CORE_TEXT:
            self.report(node, f"{node.value!r} is left alone: its tag {node.tag} is no text's")
            return
        reason = why_untouched(text_of(node))
        if reason is not None:
            if reason:
                self.report(node, f"{node.value!r} is left alone: {reason}")
            return
        try:
            image = ImageReference.parse(node.value)
        except InvalidReference as error:
            self.report(node, error.message, error.hint)
            return
        part = self.part(Role.REFERENCE, node)
        self.fields.append(
            ImageField(
                workload=workload,
                container=container,
                form=form,
                image=image,
                document=self.document.index,
                parts=(part,),
                also_read=self._also_read(node),
            )
        )

    def _also_read(self, node: yaml.ScalarNode) -> int:
        if not self.text.has_anchor(self.document, node):
            return 0
        if self._readers is None:
            self._readers = count_readers(self.document.root)
        return self._readers.get(id(node), 1) - 1
