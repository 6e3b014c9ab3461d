"""What a policy makes of one tag: its rank, or why it is rejected. A judge for each kind of policy."""

from collections.abc import Callable
from datetime import datetime

from automator.model.image import ImageReference
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Reason
from automator.model.tags import Observed
from automator.select.constraint import parse_constraint
from automator.select.expression import compile_glob, compile_regex
from automator.select.filters import make_filter, text_in_use
from automator.select.order import Key, VersionInUse, build_time, newest_key, parse_decimal
from automator.select.scheme import SCHEMES

NEWEST_BUILD = frozenset({PolicyKind.GLOB, PolicyKind.REGEX, PolicyKind.LATEST})
"""The kinds that order by build time."""

Judge = Callable[[str], Key | Reason]
"""A tag to its rank, or why it is rejected."""


def make_judge(policy: Policy, current: ImageReference, observed: Observed, now: datetime) -> Judge:
    match policy.update.kind:
        case PolicyKind.SEMVER:
            return _semver_judge(policy, current)
        case PolicyKind.DIGEST:
            followed = policy.update.argument
            return lambda tag: () if tag == followed else Reason.OTHER_TAG
        case PolicyKind.ALPHABETICAL | PolicyKind.NUMERICAL:
            return _text_judge(policy)
        case PolicyKind.NONE:
            return lambda _tag: Reason.EXCLUDED
        case _:
            return _newest_judge(policy, current, observed, now)


def _semver_judge(policy: Policy, current: ImageReference) -> Judge:
    check, scheme = make_filter(policy), SCHEMES[policy.versions]
    parse, key = scheme.parse, scheme.key
    allows = parse_constraint(policy.update.argument, policy.versions).allows
    in_use = version_in_use(policy, current)
    variant = in_use.version.variant if in_use else ""
    any_variant = policy.allow_variant_change or not scheme.keeps_form
    # A floating tag (`1.27`) stays one. What is extracted, and a free variant, are the policy saying otherwise.
    extracting = policy.filter is not None and bool(policy.filter.extract)
    precision = in_use.version.precision if in_use and not any_variant and not extracting else None
    prerelease = policy.prerelease

    def judge(tag: str) -> Key | Reason:
        text = check(tag)
        if isinstance(text, Reason):
            return text
        version = parse(text)
        if version is None:
            return Reason.NOT_A_VERSION
        if not any_variant and version.variant != variant:
            return Reason.OTHER_VARIANT
        if precision is not None and version.precision != precision:
            return Reason.OTHER_PRECISION
        if not allows(version, prerelease=prerelease):
            loose = bool(version.prerelease) and allows(version, prerelease=True)
            return Reason.PRERELEASE if loose else Reason.OUTSIDE_RANGE
        return key(version, tag, in_use)

    return judge


def version_in_use(policy: Policy, current: ImageReference) -> VersionInUse | None:
    """Also of a tag that the policy would not take, read as it stands if the filter makes nothing of it."""
    if current.tag is None:
        return None
    text = text_in_use(policy, current.tag)
    version = SCHEMES[policy.versions].parse(current.tag if isinstance(text, Reason) else text)
    return None if version is None else VersionInUse(current.tag, version)


def _text_judge(policy: Policy) -> Judge:
    check, numerical = make_filter(policy), policy.update.kind is PolicyKind.NUMERICAL

    def judge(tag: str) -> Key | Reason:
        text = check(tag)
        if isinstance(text, Reason):
            return text
        if not numerical:
            return (text, tag)
        number = parse_decimal(text)
        return Reason.NOT_A_NUMBER if number is None else (number, tag)

    return judge


def name_judge(policy: Policy) -> Callable[[str], str | Reason]:
    """For the kinds that order by build time: what can be said of a tag by its name alone."""
    check, argument = make_filter(policy), policy.update.argument
    if policy.update.kind is PolicyKind.LATEST:
        return check
    is_glob = policy.update.kind is PolicyKind.GLOB
    regex = compile_glob(argument) if is_glob else compile_regex(argument)

    def judge(tag: str) -> str | Reason:
        text = check(tag)
        if isinstance(text, Reason) or regex.fullmatch(text):
            return text
        return Reason.NO_MATCH

    return judge


def _newest_judge(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> Judge:
    accept = name_judge(policy)

    def judge(tag: str) -> Key | Reason:
        text = accept(tag)
        if isinstance(text, Reason):
            return text
        facts = observed.facts.get(tag)
        built_at = build_time(facts, now) if facts and facts.tells_time else None
        if built_at is None:
            return Reason.BUILD_TIME_UNKNOWN
        return newest_key(tag, text, built_at, current.tag)

    return judge


def rank_of_rejected(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> Key | None:
    """The beginning of the rank that the tag in use would have if the policy took it; None if its order does not know it.

    A text that the filter of an alphabetical order leaves out is of another kind: `latest` is not behind `RELEASE.2024`.
    """
    tag, kind = current.tag, policy.update.kind
    if tag is None:
        return None
    if kind is PolicyKind.SEMVER:
        in_use = version_in_use(policy, current)
        return in_use.version.key if in_use else None
    if kind in NEWEST_BUILD:
        facts = observed.facts.get(tag)
        built_at = build_time(facts, now) if facts else None
        return newest_key(tag, tag, built_at, tag) if built_at else None
    text = text_in_use(policy, tag)
    if kind is PolicyKind.NUMERICAL:
        number = parse_decimal(tag if isinstance(text, Reason) else text)
        return None if number is None else (number,)
    comparable = kind is PolicyKind.ALPHABETICAL and not isinstance(text, Reason)
    return (text,) if comparable else None
