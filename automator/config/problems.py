"""Mistakes in a YAML file, each with file:line:column, what is wrong, and the nearest known key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed YAML file that knows where each of its keys and values stands. `path` is for messages."""

    path: str
    data: Any
    root: yaml.Node | None

    def problem(self, where: KeyPath, message: str, hint: str = "", *, at_key: bool = False) -> str:
        """A line for the value at this path, or as near to it as the file goes."""
        mark = self._mark(where, at_key=at_key)
        return render_problem(self.path, mark, message, hint)

    def _mark(self, where: KeyPath, *, at_key: bool) -> tuple[int, int]:
        node = self.root
        if node is None:
            return 1, 1
        mark = node.start_mark
        for step in where:
            key, found = _child(node, step)
            if found is None:
                break
            mark = key.start_mark if at_key and key is not None else found.start_mark
            node = found
        return mark.line + 1, mark.column + 1

    def column_inside(self, where: KeyPath, offset: int) -> "tuple[int, int]":
        """Where the character `offset` of a plain or quoted one-line scalar stands."""
        line, column = self._mark(where, at_key=False)
        node = self.root
        for step in where:
            if node is not None:
                _, node = _child(node, step)
        quoted = isinstance(node, yaml.ScalarNode) and node.style in {"'", '"'}
        return line, column + offset + quoted


def render_problem(path: str, place: tuple[int, int], message: str, hint: str = "") -> str:
    then = f" ({hint})" if hint else ""
    return f"{path}:{place[0]}:{place[1]}: {message}{then}"


def parse_yaml(path: str, text: str) -> tuple[YamlFile, list[str]]:
    """The file, and its mistakes as YAML: syntax, duplicate keys. With a syntax error the data is None."""
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
        data = yaml.load(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        empty = YamlFile(path, None, None)
        return empty, [render_problem(path, place, f"not YAML: {error.problem}")]
    except yaml.YAMLError as error:
        first = str(error).partition("\n")[0]
        return YamlFile(path, None, None), [render_problem(path, (1, 1), f"not YAML: {first}")]
    file = YamlFile(path, data, root)
    return file, [
        render_problem(path, place, f"the key {key!r} stands twice", "remove one of them")
        for key, place in _duplicates(root)
    ]


def _duplicates(node: yaml.Node | None) -> Iterator[tuple[str, tuple[int, int]]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key.value, (key.start_mark.line + 1, key.start_mark.column + 1)
                seen.add(key.value)
            yield from _duplicates(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicates(item)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def explain_validation(
    file: YamlFile, error: ValidationError, model: type[BaseModel], prefix: KeyPath = ()
) -> list[str]:
    """A line for each of pydantic's errors. Never with the input itself: it may be a secret."""
    lines = []
    for detail in error.errors(include_input=False, include_url=False):
        where = tuple(detail["loc"])
        name = str(where[-1]) if where else ""
        if detail["type"] == "extra_forbidden":
            known = _known_keys(model, where[:-1])
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            lines.append(
                file.problem((*prefix, *where), f"unknown key {name!r}", hint, at_key=True)
            )
        elif detail["type"] == "missing":
            lines.append(file.problem((*prefix, *where[:-1]), f"{name!r} is missing"))
        else:
            message = detail["msg"].removeprefix("Value error, ")
            label = f"{name}: " if name and not isinstance(where[-1], int) else ""
            lines.append(
                file.problem((*prefix, *where), f"{label}{message[:1].lower()}{message[1:]}")
            )
    return lines


def _known_keys(model: type[BaseModel], where: Sequence[str | int]) -> Mapping[str, Any]:
    """The keys of the model that stands at this place."""
    for step in where:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        inner = _inner_model(model.model_fields[step].annotation)
        model = inner or model
    names: dict[str, Any] = dict(model.model_fields)
    return names | {f"{name}_file": None for name in names if name == "password"}


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None
