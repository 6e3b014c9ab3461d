"""The promise, checked: the edited text is parsed again, and may differ from the original in the planned fields alone."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

import yaml

from automator.errors import EditRefused
from automator.model.field import RepoPath, Span
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


def check_edited(path: RepoPath, before: Parsed, after: str, planned: Mapping[Span, str]) -> None:
    """`planned` is what the scalars at these places of `before` must read as. Raises EditRefused."""
    new = Parsed.of(after)
    if len(before.documents) != len(new.documents):
        raise _refused(path, "the number of documents would change")
    met: set[Span] = set()
    for old_document, new_document in zip(before.documents, new.documents, strict=True):
        if isinstance(old_document, Broken) or isinstance(new_document, Broken):
            if type(old_document) is not type(new_document):
                raise _refused(path, "a document would parse no more")
            continue
        met |= _Comparison(path, before.text, old_document, planned).run(new_document.root)
    if met != planned.keys():
        raise _refused(path, "a planned place is no scalar")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Of one document before and after, node by node."""

    path: RepoPath
    text: Text
    document: Document
    planned: Mapping[Span, str]

    def run(self, new_root: yaml.Node) -> set[Span]:
        """Each pair once however many aliases lead to it. The planned places that were met."""
        met: set[Span] = set()
        seen: set[tuple[int, int]] = set()
        todo: list[tuple[yaml.Node, yaml.Node]] = [(self.document.root, new_root)]
        while todo:
            old, new = todo.pop()
            if (id(old), id(new)) in seen:
                continue
            seen.add((id(old), id(new)))
            if type(old) is not type(new):
                raise self._refused("the structure would change", old)
            if isinstance(old, yaml.ScalarNode):
                met |= self._compare_scalars(old, new)
                continue
            if len(old.value) != len(new.value) or old.tag != new.tag:
                raise self._refused("the structure would change", old)
            for before, after in zip(old.value, new.value, strict=True):
                if isinstance(old, yaml.MappingNode):
                    todo += zip(before, after, strict=True)
                else:
                    todo.append((before, after))
        return met

    def _compare_scalars(self, old: yaml.ScalarNode, new: yaml.Node) -> set[Span]:
        span = Span(*self.text.scalar_span(self.document, old))
        if new.value != self.planned.get(span, old.value):
            raise self._refused(f"{old.value!r} would become {new.value!r}", old)
        as_text = span in self.planned and new.tag == _STRING
        if new.tag != old.tag and not as_text:
            raise self._refused(f"the type of {old.value!r} would change", old)
        return {span} & self.planned.keys()

    def _refused(self, what: str, node: yaml.Node) -> EditRefused:
        start, _ = (
            self.text.scalar_span(self.document, node)
            if isinstance(node, yaml.ScalarNode)
            else (node.start_mark.index + self.document.offset, 0)
        )
        place = self.text.place(self.document, node, start)
        return _refused(f"{self.path}:{place.line}:{place.column}", what)


def _refused(where: str, what: str) -> EditRefused:
    return EditRefused(
        f"the edit is refused: {what}",
        location=where,
        hint="nothing was committed; please report it",
    )
