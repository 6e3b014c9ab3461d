"""The promise, checked: the edited text is parsed again, and may differ from the original in the planned fields alone."""

import yaml

from automator.errors import EditRefused
from automator.model.field import RepoPath, Span
from automator.yamltext.nodes import Broken, Document, Text, parse_documents


def check_edited(path: RepoPath, before: str, after: str, planned: dict[Span, str]) -> None:
    """`planned` is what the scalars at these places of `before` must read as. Raises EditRefused."""
    old_text, new_text = Text(before), Text(after)
    old, new = list(parse_documents(old_text)), list(parse_documents(new_text))
    if len(old) != len(new):
        raise _refused(path, "the number of documents would change")
    seen: set[Span] = set()
    for old_document, new_document in zip(old, new, strict=True):
        if isinstance(old_document, Broken) or isinstance(new_document, Broken):
            if type(old_document) is not type(new_document):
                raise _refused(path, "a document would parse no more")
            continue
        seen |= _compare(path, old_text, old_document, new_document.root, planned)
    if seen != planned.keys():
        raise _refused(path, "a planned place is no scalar")


def _compare(
    path: RepoPath, text: Text, document: Document, new_root: yaml.Node, planned: dict[Span, str]
) -> set[Span]:
    """Node by node, each pair once however many aliases lead to it. The planned places that were met."""
    met: set[Span] = set()
    seen: set[tuple[int, int]] = set()
    todo: list[tuple[yaml.Node, yaml.Node]] = [(document.root, new_root)]
    while todo:
        old, new = todo.pop()
        if (id(old), id(new)) in seen:
            continue
        seen.add((id(old), id(new)))
        if type(old) is not type(new):
            raise _refused(path, "the structure would change", old)
        if isinstance(old, yaml.ScalarNode):
            span = Span(*text.scalar_span(document, old))
            wanted = planned.get(span, old.value)
            met.update({span} & planned.keys())
            if new.value != wanted:
                raise _refused(path, f"{old.value!r} would become {new.value!r}", old)
            if span not in planned and new.tag != old.tag:
                raise _refused(path, f"the type of {old.value!r} would change", old)
            continue
        if len(old.value) != len(new.value):
            raise _refused(path, "the structure would change", old)
        if isinstance(old, yaml.MappingNode):
            for (old_key, old_value), (new_key, new_value) in zip(
                old.value, new.value, strict=True
            ):
                todo += [(old_key, new_key), (old_value, new_value)]
        else:
            todo += zip(old.value, new.value, strict=True)
    return met


def _refused(path: RepoPath, what: str, node: yaml.Node | None = None) -> EditRefused:
    where = str(path) if node is None else f"{path}:{node.start_mark.line + 1}"
    return EditRefused(
        f"the edit is refused: {what}",
        location=where,
        hint="nothing was committed; please report it",
    )
