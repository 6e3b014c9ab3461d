"""(policy, image in use, what was observed, now) -> selection, with the reason for every tag.

The same inputs give the same selection whatever the order of the tags. Facts that are missing are named by
`wanted_facts` beforehand; a tag whose build time still is unknown is no candidate where build times order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from automator.model.image import ImageReference
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Outcome, Reason, Selection, Verdict
from automator.model.tags import ImageFacts, Observed
from automator.select.constraint import parse_constraint
from automator.select.expression import compile_glob, compile_regex
from automator.select.filters import make_filter
from automator.select.order import Key, VersionInUse, build_time, newest_key, parse_decimal
from automator.select.scheme import SCHEMES

_NEWEST_BUILD = frozenset({PolicyKind.GLOB, PolicyKind.REGEX, PolicyKind.LATEST})

Judge = Callable[[str], Key | Reason]
"""A tag to its rank, or why it is rejected."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Candidates from the best down, and the rejected by reason and name."""

    candidates: list[tuple[Key, str]]
    rejected: list[tuple[str, Reason]]
    judge: Judge


def evaluate(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> Selection:
    """An incomplete tag list gives no selection; the image in use is never replaced by an older one."""
    if not observed.tag_list.complete:
        return Selection(outcome=Outcome.INCOMPLETE)
    ranked = _rank(policy, current, observed, now)
    best = next(_with_platforms(policy, ranked, observed), None)
    if best is None:
        return Selection(outcome=Outcome.NO_CANDIDATE)
    key, tag = best
    facts = observed.facts.get(tag)
    rank_in_use = _rank_in_use(current, ranked)
    behind = 0
    if rank_in_use is not None:
        behind = sum(1 for other, _ in ranked.candidates if rank_in_use < other <= key)
    outcome = Outcome.UPDATE
    if _is_in_use(policy, current, tag, facts):
        outcome = Outcome.UP_TO_DATE
    elif not policy.allow_downgrade and _is_older(policy, current, ranked, key, observed, now):
        outcome = Outcome.WOULD_BE_OLDER
    return Selection(outcome=outcome, tag=tag, facts=facts, behind=behind)


def moves_digest_alone(policy: Policy) -> bool:
    """Whether an image that is written with a digest alone can move. There is no tag in use to compare with: the
    policy must follow one tag, or write digests and not mind an older image.
    """
    return policy.update.kind is PolicyKind.DIGEST or (policy.pin_digest and policy.allow_downgrade)


def explain(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> tuple[Verdict, ...]:
    """A verdict for every tag: candidates in rank order, the selection first, then the rejected by name."""
    ranked = _rank(policy, current, observed, now)
    selected = next((tag for _, tag in _with_platforms(policy, ranked, observed)), None)
    verdicts = []
    rejected = list(ranked.rejected)
    for _, tag in ranked.candidates:
        if _lacks_platform(policy, observed, tag):
            rejected.append((tag, Reason.PLATFORM_MISSING))
        else:
            reason = Reason.SELECTED if tag == selected else Reason.ACCEPTED
            verdicts.append(Verdict(tag, True, reason))
    verdicts += [Verdict(tag, False, reason) for tag, reason in sorted(rejected)]
    return tuple(verdicts)


def wanted_facts(policy: Policy, current: ImageReference, observed: Observed) -> tuple[str, ...]:
    """The tags whose facts must be fetched before a selection can be made; empty when it can.

    Where build times order these are all candidates by name; elsewhere only the best, if its platforms,
    digest or age matter. The caller asks again once it has them.
    """
    known, kind = observed.facts.keys() | observed.missing, policy.update.kind
    if kind is PolicyKind.DIGEST:
        return () if policy.update.argument in known else (policy.update.argument,)
    if kind in _NEWEST_BUILD:
        accept = _name_judge(policy)
        tags = {
            tag
            for tag in observed.tag_list.tags
            if tag not in known and (tag == current.tag or not isinstance(accept(tag), Reason))
        }
        return tuple(sorted(tags))
    if not (policy.platforms or policy.pin_digest or policy.min_age or current.digest):
        return ()
    for _, tag in _rank(policy, current, observed, None).candidates:
        if tag not in known:
            return (tag,)
        if not _lacks_platform(policy, observed, tag):
            return ()
    return ()


def _rank(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime | None
) -> _Ranked:
    judge = _make_judge(policy, current, observed, now)
    candidates: list[tuple[Key, str]] = []
    rejected: list[tuple[str, Reason]] = []
    for tag in dict.fromkeys(observed.tag_list.tags):
        rank = Reason.NO_IMAGE if tag in observed.missing else judge(tag)
        if isinstance(rank, Reason):
            rejected.append((tag, rank))
        else:
            candidates.append((rank, tag))
    descending = policy.update.argument != "desc" or policy.update.kind not in {
        PolicyKind.ALPHABETICAL,
        PolicyKind.NUMERICAL,
    }
    candidates.sort(reverse=descending)
    return _Ranked(candidates, rejected, judge)


def _make_judge(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime | None
) -> Judge:
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
            return _newest_judge(policy, observed, now)


def _semver_judge(policy: Policy, current: ImageReference) -> Judge:
    check, scheme = make_filter(policy), SCHEMES[policy.versions]
    parse, key = scheme.parse, scheme.key
    allows = parse_constraint(policy.update.argument, policy.versions).allows
    in_use = _version_in_use(policy, current)
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


def _version_in_use(policy: Policy, current: ImageReference) -> VersionInUse | None:
    if current.tag is None:
        return None
    text = make_filter(policy)(current.tag)
    version = None if isinstance(text, Reason) else SCHEMES[policy.versions].parse(text)
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


def _name_judge(policy: Policy) -> Callable[[str], str | Reason]:
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


def _newest_judge(policy: Policy, observed: Observed, now: datetime | None) -> Judge:
    accept = _name_judge(policy)

    def judge(tag: str) -> Key | Reason:
        text = accept(tag)
        if isinstance(text, Reason):
            return text
        facts = observed.facts.get(tag)
        built_at = build_time(facts, now) if facts and now else None
        return Reason.BUILD_TIME_UNKNOWN if built_at is None else newest_key(tag, text, built_at)

    return judge


def _with_platforms(
    policy: Policy, ranked: _Ranked, observed: Observed
) -> Iterator[tuple[Key, str]]:
    return (
        candidate
        for candidate in ranked.candidates
        if not _lacks_platform(policy, observed, candidate[1])
    )


def _lacks_platform(policy: Policy, observed: Observed, tag: str) -> bool:
    if not policy.platforms or tag not in observed.facts:
        return False
    return not policy.platforms <= observed.facts[tag].platforms


def _rank_in_use(current: ImageReference, ranked: _Ranked) -> Key | None:
    """Where the image in use would rank if it were listed; None if the policy would reject it."""
    if current.tag is None:
        return None
    rank = ranked.judge(current.tag)
    return None if isinstance(rank, Reason) else rank


def _is_in_use(policy: Policy, current: ImageReference, tag: str, facts: ImageFacts | None) -> bool:
    """Whether the image in use is the selected one: by its tag, and by its digest where the policy follows that.

    A digest that is not known moves nothing.
    """
    same_digest = facts is not None and facts.digest == current.digest
    if current.tag is None:
        return same_digest and moves_digest_alone(policy)
    kept = policy.keep_digest and current.digest is not None
    follows = policy.update.kind is PolicyKind.DIGEST or (policy.pin_digest and not kept)
    return tag == current.tag and (same_digest or facts is None or not follows)


def _is_older(
    policy: Policy,
    current: ImageReference,
    ranked: _Ranked,
    best: Key,
    observed: Observed,
    now: datetime,
) -> bool:
    """Also an image in use that the policy would not take counts: 2.0.0 is not replaced by 1.9 under ^1, nor a
    build of today by one of last week. One that is gone from the registry has no build time to compare.
    """
    rank = _rank_in_use(current, ranked)
    if rank is None and policy.update.kind is PolicyKind.SEMVER:
        in_use = _version_in_use(policy, current)
        rank = SCHEMES[policy.versions].key(in_use.version, in_use.tag, in_use) if in_use else None
    elif rank is None and policy.update.kind in _NEWEST_BUILD:
        facts = observed.facts.get(current.tag or "")
        built_at = build_time(facts, now) if facts else None
        rank = (built_at,) if built_at else None
    if rank is None:
        return False
    descending = policy.update.argument == "desc"
    return best > rank if descending else best < rank
