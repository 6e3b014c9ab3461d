"""Which tags may be candidates at all, before any order: include, exclude, extract, and what is no image."""

import re
from collections.abc import Callable
from functools import lru_cache

from automator.model.policy import Policy
from automator.model.selection import Reason
from automator.select.expression import compile_glob, compile_regex

# Referrers, and cosign's older scheme, are stored under tags of this shape (OCI distribution 1.1, "Referrers tag schema").
_NOT_AN_IMAGE = re.compile(r"sha256-[0-9a-f]{64}(?:\..+)?")
_TEMPLATE_FIELD = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")

Filter = Callable[[str], str | Reason]
"""A tag to the text that the policy's kind looks at (the tag, or what was extracted), or why it is rejected."""


@lru_cache(maxsize=1024)
def make_filter(policy: Policy) -> Filter:
    include = [compile_glob(pattern) for pattern in policy.include]
    exclude = [compile_glob(pattern) for pattern in policy.exclude]
    pattern = compile_regex(policy.filter.pattern) if policy.filter else None
    template = policy.filter.extract if policy.filter else ""

    if not (include or exclude or pattern):
        return _plain

    def check(tag: str) -> str | Reason:
        if tag.startswith("sha256-") and _NOT_AN_IMAGE.fullmatch(tag):
            return Reason.NOT_AN_IMAGE
        if include and not any(regex.fullmatch(tag) for regex in include):
            return Reason.NOT_INCLUDED
        if any(regex.fullmatch(tag) for regex in exclude):
            return Reason.EXCLUDED
        if pattern is None:
            return tag
        found = pattern.fullmatch(tag)
        if found is None:
            return Reason.FILTERED
        return _expand(template, found) if template else tag

    return check


def _plain(tag: str) -> str | Reason:
    """The usual case: every tag counts that is an image's."""
    if tag.startswith("sha256-") and _NOT_AN_IMAGE.fullmatch(tag):
        return Reason.NOT_AN_IMAGE
    return tag


def _expand(template: str, found: re.Match[str]) -> str:
    """Go's Expand: `$name`, `${name}`, `$1`, `$$`; an unknown group is empty."""

    def value(field: re.Match[str]) -> str:
        name = field[1] or field[2]
        if name is None:
            return "$"
        if name.isdigit():
            index = int(name)
            return (found[index] or "") if index <= len(found.groups()) else ""
        return found.groupdict().get(name) or ""

    return _TEMPLATE_FIELD.sub(value, template)
