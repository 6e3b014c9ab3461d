"""What is found while a document is walked, and how its nodes are reached."""

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
from automator.scan.values import why_untouched
from automator.yamltext.nodes import Document, Text


@dataclass(slots=True)
class DocumentScan:
    """What is found while a document is walked."""

    path: RepoPath
    text: Text
    document: Document
    fields: list[ImageField] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

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
        self.problems.append(Problem(location=self.location(node), message=message, hint=hint))

    def add_reference(
        self, workload: WorkloadId, container: str, form: Form, node: yaml.Node
    ) -> None:
        """A field whose one scalar holds the whole reference, if it is one that may be touched."""
        if not isinstance(node, yaml.ScalarNode):
            return
        reason = why_untouched(node.value)
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
            )
        )


def get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.Node):
                return value
    return None


def text_of(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
