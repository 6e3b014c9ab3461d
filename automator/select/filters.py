"""Which tags may be candidates at all, before any order: include, exclude, filter, and what is no image."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from automator.model.policy import Policy
from automator.model.selection import Reason
from automator.select.expression import compile_glob, compile_regex

# Referrers, and cosign's older scheme, are stored under tags of this shape (OCI distribution 1.1, "Referrers tag schema").
_NOT_AN_IMAGE = re.compile(r"sha256-[0-9a-f]{64}(?:\..+)?")
_TEMPLATE_FIELD = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
_GROUP_NUMBER = re.compile(r"0|[1-9][0-9]{0,7}")

Filter = Callable[[str], str | Reason]
"""A tag to the text that the policy's kind looks at (the tag, or what was extracted), or why it is rejected."""


@lru_cache(maxsize=1024)
def make_filter(policy: Policy) -> Filter:
    include = [compile_glob(pattern) for pattern in policy.include]
    exclude = [compile_glob(pattern) for pattern in policy.exclude]
    exclude_matching = [compile_regex(pattern) for pattern in policy.exclude_matching]
    pattern = compile_regex(policy.filter.pattern) if policy.filter else None
    template = policy.filter.extract if policy.filter else ""

    if not (include or exclude or exclude_matching or pattern):
        return _plain

    def check(tag: str) -> str | Reason:
        if tag.startswith("sha256-") and _NOT_AN_IMAGE.fullmatch(tag):
            return Reason.NOT_AN_IMAGE
        if include and not any(regex.fullmatch(tag) for regex in include):
            return Reason.NOT_INCLUDED
        excluded = any(regex.fullmatch(tag) for regex in exclude)
        if excluded or any(regex.search(tag) for regex in exclude_matching):
            return Reason.EXCLUDED
        if pattern is None:
            return tag
        found = pattern.fullmatch(tag)
        if found is None:
            return Reason.FILTERED
        return _expand(template, found) if template else tag

    return check


def text_in_use(policy: Policy, tag: str) -> str | Reason:
    """What the filter makes of the tag in use, `include` and `exclude` aside: they say what may be selected, not what
    is compared with it.
    """
    return make_filter(replace(policy, include=(), exclude=(), exclude_matching=()))(tag)


def _plain(tag: str) -> str | Reason:
    """The usual case: every tag counts that is an image's."""
    if tag.startswith("sha256-") and _NOT_AN_IMAGE.fullmatch(tag):
        return Reason.NOT_AN_IMAGE
    return tag


def _expand(template: str, found: re.Match[str]) -> str:
    """Go's Regexp.Expand: `$name`, `${name}`, `$1`, `$$`; an unknown group is empty, any other `$` is itself.

    A name is as long as it can be: `$1x` is the group named `1x`, `${1}x` the first group and an x.
    """

    def value(field: re.Match[str]) -> str:
        name = field[1] or field[2]
        if name is None:
            return "$"
        if _GROUP_NUMBER.fullmatch(name):
            index = int(name)
            return (found[index] or "") if index <= len(found.groups()) else ""
        return found.groupdict().get(name) or ""

    return _TEMPLATE_FIELD.sub(value, template)
