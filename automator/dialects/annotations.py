"""What the readers of other tools' annotations share: how mistakes are told, and their texts written as ours."""

from collections.abc import Iterable
from difflib import get_close_matches

from automator.errors import InvalidExpression
from automator.model.field import Declaration, Location, Problem
from automator.model.image import is_tag
from automator.model.policy import Expression, Policy, PolicyKind
from automator.select.expression import parse_expression, unanchored

_FLAGS = {"true": True, "false": False}
_NONE = Expression(PolicyKind.NONE, "", "none")


class Findings:
    """The problems of one workload's annotations."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}

    def add(
        self, declaration: Declaration, message: str, hint: str = "", *, note: bool = False
    ) -> None:
        self._add(declaration.location, message, hint, note=note)

    def add_mistake(self, declaration: Declaration, error: InvalidExpression) -> None:
        """`error` counts from the start of the value, which a quote may stand before."""
        place = declaration.location
        at = Location(place.path, place.line, place.column + error.start)
        self._add(at, f"{declaration.key}: {error.message}", error.hint, note=False)

    def _add(self, location: Location, message: str, hint: str, *, note: bool) -> None:
        problem = Problem(location=location, message=message, hint=hint, note=note)
        self._problems.setdefault(problem)

    def in_order(self) -> tuple[Problem, ...]:
        """As the declarations stand in the file."""
        return tuple(sorted(self._problems, key=lambda problem: problem.location))


def keep_first(said: dict[str, Declaration], name: str, declaration: Declaration) -> bool:
    """Whether it agrees with what is said already under that name; the first stands."""
    return said.setdefault(name, declaration).value == declaration.value


def read_flag(declaration: Declaration, findings: Findings, otherwise: str) -> bool | None:
    """None for what is neither `true` nor `false` to the letter; `otherwise` tells what that comes to."""
    flag = _FLAGS.get(declaration.value)
    if flag is None:
        message = f"{declaration.key}: {declaration.value!r} is neither true nor false"
        findings.add(declaration, message, f'{otherwise}; write "true" or "false", in quotes')
    return flag


def read_regex(pattern: str, offset: int) -> Expression:
    """Of an expression that matches anywhere in a tag, and begins at that offset. Raises InvalidExpression."""
    try:
        return parse_expression(f"regex:{unanchored(pattern)}")
    except InvalidExpression as error:
        end = offset + len(pattern)
        raise InvalidExpression(error.message, start=offset, end=end, hint=error.hint) from error


def held(name: str, source: Location) -> Policy:
    """For what cannot be read: a fall-back to a policy file would do what the nearer annotation meant to prevent."""
    return Policy(name=name, update=_NONE, source=source)


def nearest(name: str, known: Iterable[str], written: str = "{}") -> str:
    """The hint for a name that is not there; `written` is how the near one would be written."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {written.format(near[0])}?"
    return f"known: {', '.join(names)}" if names else ""


def as_shell_pattern(stars: str) -> str:
    """A pattern of ryanuber/go-glob, where `*` alone has a meaning, as a shell pattern."""
    return "".join(f"[{char}]" if char in "?[" else char for char in stars)


def foreign_characters(stars: str) -> str:
    """The characters of such a pattern that no tag has: with one of them it matches nothing."""
    return "".join(char for char in dict.fromkeys(stars) if char != "*" and not is_tag(f"_{char}"))
