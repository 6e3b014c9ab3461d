"""Templates of messages: Jinja2 in its sandbox, and what a template may name."""

from collections.abc import Iterator
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_NAMES = frozenset(
    {
        "kind", "level", "at", "config_repo", "commit", "short_commit", "subject", "link", "changes",
        "image_repository", "tag", "from_digest", "to_digest", "error", "hint",
    }
)  # fmt: skip

CHANGE_NAMES = frozenset(
    {"workload", "namespace", "container", "from_image", "to_image", "policy", "reason"}
)
"""What each of `changes` has."""

MISHAPS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a template's own mistakes raise while it is rendered."""

_SANDBOX = ImmutableSandboxedEnvironment(
    autoescape=False,  # it makes no HTML, and what is foreign has no markup left
    undefined=StrictUndefined,
    trim_blocks=True,
)
"""A template comes from whoever may write the configuration, and needs nothing but its values."""


@lru_cache(maxsize=128)
def compile_template(text: str) -> Template:
    """Remembered, as a configuration is read again and again. Raises Jinja2's TemplateError."""
    return _SANDBOX.from_string(text)


def check_template(text: str, kinds: tuple[str, ...]) -> None:
    """Raises ValueError with the template's line, the names that there are, or the kind of message that it fails for."""
    try:
        unknown = meta.find_undeclared_variables(_SANDBOX.parse(text)) - TEMPLATE_NAMES
        template = compile_template(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}") from error
    except TemplateError as error:
        raise ValueError(f"the template cannot be used: {error.message}") from error
    unknown -= set(_SANDBOX.globals)
    if unknown:
        known = ", ".join(sorted(TEMPLATE_NAMES))
        raise ValueError(f"the template names {', '.join(sorted(unknown))}; there are {known}")
    for kind, values in _samples(kinds):
        try:
            template.render(values)
        except MISHAPS as error:
            raise ValueError(f"the template fails for {kind}: {error}") from error


def _samples(kinds: tuple[str, ...]) -> Iterator[tuple[str, dict[str, object]]]:
    """What a message of each kind is made of, at the least."""
    change = dict.fromkeys(CHANGE_NAMES, "x")
    for kind in kinds:
        changes = [change] if kind in {"committed", "held"} else []
        yield kind, dict.fromkeys(TEMPLATE_NAMES, "") | {"kind": kind, "changes": changes}
