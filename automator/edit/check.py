"""The promise, checked: the edited text is parsed again, and may differ from the original in the planned fields alone."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

import yaml

from automator.errors import EditRefused
from automator.model.field import Location, RepoPath, Span
from automator.yamltext.nodes import Broken, Document, Text, parse_documents

_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its documents."""

    text: Text
    documents: tuple[Document | Broken, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        whole = Text(text)
        return cls(whole, tuple(parse_documents(whole)))

    def scalars_at(self, spans: AbstractSet[Span]) -> dict[Span, str]:
        """What the scalars that stand at these places read as; places without a scalar are missing."""
        found: dict[Span, str] = {}
        for document in self.documents:
            if isinstance(document, Broken):
                continue
            for node in _scalars(document.root):
                span = Span(*self.text.scalar_span(document, node))
                if span in spans:
                    found[span] = node.value
        return found


def _scalars(root: yaml.Node) -> list[yaml.ScalarNode]:
    found: list[yaml.ScalarNode] = []
    seen = {id(root)}
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.ScalarNode):
            found.append(node)
            continue
        children = (
            [child for pair in node.value for child in pair]
            if isinstance(node, yaml.MappingNode)
            else node.value
        )
        todo += [child for child in children if id(child) not in seen]
        seen.update(map(id, children))
    return found


def _outside(text: str, spans: Iterable[Span]) -> list[str]:
    kept: list[str] = []
    end = 0
    for span in spans:
        kept.append(text[end : span.start])
        end = span.end
    return [*kept, text[end:]]


def check_edited(
    path: RepoPath,
    before: Parsed,
    after: str,
    planned: Mapping[Span, str],
    *,
    inside: Location | None = None,
) -> None:
    """`planned` is what the scalars at these places of `before` must read as. Raises EditRefused.

    `inside` is the place in the file of YAML text that a scalar holds, if `before` is such a text.
    """
    comparison = _Comparison(path, inside, before, Parsed.of(after), planned)
    comparison.compare_outside(comparison.compare_documents())


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Of a text before and after, node by node, and of what stands between the planned scalars."""

    path: RepoPath
    inside: Location | None
    before: Parsed
    after: Parsed
    planned: Mapping[Span, str]

    def compare_documents(self) -> dict[Span, Span]:
        """The planned places, and where they are now."""
        if len(self.before.documents) != len(self.after.documents):
            raise self._refused("the number of documents would change")
        moved: dict[Span, Span] = {}
        for old, new in zip(self.before.documents, self.after.documents, strict=True):
            if isinstance(old, Broken) or isinstance(new, Broken):
                if type(old) is not type(new):
                    raise self._refused("a document would parse no more")
                continue
            self._compare_nodes(old, new, moved)
        if moved.keys() != self.planned.keys():
            raise self._refused("a planned place is no scalar")
        return moved

    def compare_outside(self, moved: Mapping[Span, Span]) -> None:
        """Comments and layout too: what no planned scalar covers is the same, character by character."""
        kept = _outside(self.before.text.text, sorted(moved))
        if kept != _outside(self.after.text.text, sorted(moved.values())):
            raise self._refused("something outside of the planned places would change")

    def _compare_nodes(
        self, old_document: Document, new_document: Document, moved: dict[Span, Span]
    ) -> None:
        """Each pair once however many aliases lead to it."""
        seen: set[tuple[int, int]] = set()
        todo: list[tuple[yaml.Node, yaml.Node]] = [(old_document.root, new_document.root)]
        while todo:
            old, new = todo.pop()
            if (id(old), id(new)) in seen:
                continue
            seen.add((id(old), id(new)))
            if type(old) is not type(new):
                raise self._refused("the structure would change", old_document, old)
            if isinstance(old, yaml.ScalarNode) and isinstance(new, yaml.ScalarNode):
                span = self._compare_scalars(old_document, old, new)
                if span in self.planned:
                    moved[span] = Span(*self.after.text.scalar_span(new_document, new))
                continue
            if len(old.value) != len(new.value) or old.tag != new.tag:
                raise self._refused("the structure would change", old_document, old)
            for before, after in zip(old.value, new.value, strict=True):
                if isinstance(old, yaml.MappingNode):
                    todo += zip(before, after, strict=True)
                else:
                    todo.append((before, after))

    def _compare_scalars(
        self, document: Document, old: yaml.ScalarNode, new: yaml.ScalarNode
    ) -> Span:
        span = Span(*self.before.text.scalar_span(document, old))
        if new.value != self.planned.get(span, old.value):
            raise self._refused(f"{old.value!r:.80} would become {new.value!r:.80}", document, old)
        as_text = span in self.planned and new.tag == _STRING
        if new.tag != old.tag and not as_text:
            raise self._refused(f"the type of {old.value!r:.80} would change", document, old)
        return span

    def _refused(
        self, what: str, document: Document | None = None, node: yaml.Node | None = None
    ) -> EditRefused:
        where = str(self.inside or self.path)
        if not self.inside and document is not None and node is not None:
            place = self.before.text.place_of(document, node)
            where = f"{self.path}:{place.line}:{place.column}"
        return EditRefused(
            f"the edit is refused: {what}",
            location=where,
            hint="nothing was committed; please report it",
        )
