"""How things read on a page. Text from registries, Git and manifests is made visible as it is; escaping is Jinja's."""

import re
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Control characters, those that turn the direction of text (UAX 9) or have no width, and bytes that are no UTF-8."""

_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")


def visible(value: Any) -> Any:
    """Text in which nothing hides: `[U+202E]` for the character that would turn the rest around."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)


def breakable(value: object) -> Markup:
    """Names of images and workloads, which may be broken where a person would: after `/`, `:` and `@`."""
    return Markup(re.sub("([/:@])", r"\1<wbr>", str(escape(visible(str(value))))))  # noqa: S704 - escaped


def exact(value: object) -> Markup:
    """For values of form fields: what comes back is what was given."""
    return Markup(escape(value))  # noqa: S704 - escaped


def moment(at: datetime | None) -> str:
    """`2026-03-01 14:05 UTC`."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def plain_times(text: str) -> str:
    """Times within a reason read as those beside it do."""
    return _TIME.sub(r"\1 \2 UTC", text)


def slug(text: str) -> str:
    """`up to date` as a class name."""
    return text.replace(" ", "-")


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """Each line with what it is: `file`, `place`, `added`, `removed` or `same`. At line feeds alone, as Git counts lines:
    what only looks like one would make lines of its own kind. Where a line ends in CR LF, the CR is not shown.
    """
    lines = diff.removesuffix("\n").split("\n") if diff else []
    return [(_kind(line), line.removesuffix("\r")) for line in lines]


def _kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "diff ")):
        return "file"
    kinds = {"@": "place", "+": "added", "-": "removed"}
    return kinds.get(line[:1], "same")
