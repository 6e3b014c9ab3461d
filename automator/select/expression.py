"""A policy's one-line expression, parsed at the door: `kind:argument`. A mistake is an error with its span."""

import re
from difflib import get_close_matches
from functools import lru_cache

import re2

from automator.errors import InvalidExpression
from automator.model.image import is_tag
from automator.model.policy import Expression, PolicyKind, VersionScheme
from automator.select.constraint import parse_constraint

_KINDS = {kind.value: kind for kind in PolicyKind} | {"regexp": PolicyKind.REGEX}
_ORDERS = ("asc", "desc")


@lru_cache(maxsize=4096)
def parse_expression(text: str, versions: VersionScheme = VersionScheme.AUTOMATOR) -> Expression:
    """`versions` is the policy's: a range is read as its tags are. Raises InvalidExpression, whose span counts from
    the start of `text`.
    """
    name, colon, argument = text.partition(":")
    kind = _KINDS.get(name)
    if kind is None:
        near = get_close_matches(name, _KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(_KINDS))}"
        raise InvalidExpression(f"{name!r} is no kind of policy", start=0, end=len(name), hint=hint)
    start = len(name) + 1
    match kind:
        case PolicyKind.LATEST | PolicyKind.NONE:
            if colon:
                raise InvalidExpression(
                    f"{name} takes no argument", start=start - 1, end=len(text), hint=f"just {name}"
                )
        case PolicyKind.ALPHABETICAL | PolicyKind.NUMERICAL:
            argument = argument if colon else "asc"
            if argument not in _ORDERS:
                raise InvalidExpression(
                    f"{argument!r} is no order", start=start, end=len(text), hint="asc or desc"
                )
        case _:
            if not argument:
                raise InvalidExpression(
                    f"{name} lacks its argument", start=0, end=len(text), hint=f"{name}:..."
                )
            _check_argument(kind, argument, start, versions)
    return Expression(kind, argument, text)


def _check_argument(kind: PolicyKind, argument: str, start: int, versions: VersionScheme) -> None:
    if kind is PolicyKind.SEMVER:
        try:
            parse_constraint(argument, versions)
        except InvalidExpression as error:
            raise InvalidExpression(
                error.message, start=start + error.start, end=start + error.end, hint=error.hint
            ) from error
    elif kind is PolicyKind.DIGEST and not is_tag(argument):
        raise InvalidExpression(
            f"{argument!r} is no tag", start=start, end=start + len(argument), hint="digest:TAG"
        )
    elif kind is PolicyKind.REGEX:
        compile_regex(argument, start)


@lru_cache(maxsize=4096)
def compile_regex(pattern: str, start: int = 0) -> "re2._Regexp[str]":
    """RE2, as in Flux: linear time. Raises InvalidExpression; `start` is where the pattern stands in its expression."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise InvalidExpression(
            f"{pattern!r} is no regular expression: {reason}",
            start=start,
            end=start + len(pattern),
            hint="the syntax is RE2's",
        ) from error


# Says by itself that it is for the whole tag, beyond doubt: no alternative, no flag, no escaped dollar.
_WHOLE = re.compile(r"\^(?:[^|\\(]|\\[^Q]|\((?!\?)|\(\?(?:P<|:))*\$")


def unanchored(pattern: str) -> str:
    """The expression that matches a whole tag where `pattern` matches anywhere in it, as Flux's patterns do.

    The groups are those of the leftmost match, as a search would give them: the lazy prefix takes as little as it
    can, and the suffix takes whatever is left, so the first way in which `pattern` matches there is the one that
    stands. `$0` alone differs: it is the whole tag. Raises InvalidExpression, also for what would only become an
    expression by the parentheses around it (`a)(b`).
    """
    compile_regex(pattern)
    if _WHOLE.fullmatch(pattern):
        return pattern
    whole = f"(?s:.*?)(?:{pattern})(?s:.*)"
    compile_regex(whole)
    return whole


@lru_cache(maxsize=4096)
def compile_glob(pattern: str) -> "re2._Regexp[str]":
    """A shell pattern (`*`, `?`, `[abc]`, `[!a]`) for the whole text, in linear time."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        closing = pattern.find("]", at + 2) if char == "[" else -1
        if closing > 0:
            inside = pattern[at + 1 : closing].replace("\\", "\\\\")
            negated = inside.startswith("!")
            parts.append(f"[{'^' if negated else ''}{inside[negated:]}]")
            at = closing + 1
            continue
        parts.append({"*": ".*", "?": "."}.get(char, re2.escape(char)))
        at += 1
    return compile_regex(f"(?s:{''.join(parts)})")


def render_caret(text: str, error: InvalidExpression) -> str:
    """The expression with the mistake in brackets: `semver:^1 [<]`."""
    return f"{text[: error.start]}[{text[error.start : error.end]}]{text[error.end :]}"
