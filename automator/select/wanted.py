"""Which facts must be fetched before a selection can be made: as few as can be, the most urgent first.

Where build times order, every candidate needs a time. A push time will do at first: no image is younger than its
push, so the candidates are ranked by it, and only from the top down are creation times asked for, until the first
in rank has its own: nothing below it can be younger.
"""

import re
from datetime import datetime
from itertools import takewhile

from automator.model.image import ImageReference
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Reason
from automator.model.tags import Detail, Observed, Wanted
from automator.select.judge import NEWEST_BUILD, name_judge
from automator.select.order import build_time
from automator.select.ranking import Ranked, lacks_platform, rank_tags

_MOST_AT_ONCE = 32

_NUMBER = re.compile(r"([0-9]+)")


def wanted_facts(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> Wanted:
    """Without tags when nothing is wanted. The caller asks again once it has them, or has put them into `missing` or
    `pending`.
    """
    detail = _detail(policy, current)
    if policy.update.kind in NEWEST_BUILD and detail is not None:
        untimed = _untimed(policy, current, observed)
        if untimed:
            return Wanted(tags=untimed, detail=detail)
    return _of_the_best(policy, current, observed, now, detail)


def _detail(policy: Policy, current: ImageReference) -> Detail | None:
    """What the policy must know of the tag that it selects."""
    if policy.platforms:
        return Detail.FULL
    if policy.min_age or policy.update.kind in NEWEST_BUILD:
        return Detail.TIME
    is_written = policy.update.kind is PolicyKind.DIGEST or policy.pin_digest or current.digest
    return Detail.DIGEST if is_written else None


def _lacks(observed: Observed, tag: str, detail: Detail) -> bool:
    if tag in observed.missing or tag in observed.pending:
        return False
    facts = observed.facts.get(tag)
    return facts is None or facts.detail < detail


def _untimed(policy: Policy, current: ImageReference, observed: Observed) -> tuple[str, ...]:
    """Candidates of which no time is known; before them the tag in use, listed or not: nothing older may take its place."""
    accept = name_judge(policy)
    passed = observed.missing | observed.pending
    tags = [
        tag
        for tag in dict.fromkeys((*observed.tag_list.tags, *filter(None, (current.tag,))))
        if tag not in passed
        and not ((facts := observed.facts.get(tag)) and facts.tells_time)
        and (tag == current.tag or not isinstance(accept(tag), Reason))
    ]
    tags.sort(key=lambda tag: (tag == current.tag, _natural(tag), tag), reverse=True)
    return tuple(tags)


def _natural(tag: str) -> list[tuple[int, int | str]]:
    """Orders numbers as numbers: what is counted upwards or dated comes last, and so is asked for first."""
    return [
        (1, int(part)) if part.isdigit() and part.isascii() else (0, part)
        for part in _NUMBER.split(tag)
        if part
    ]


def _of_the_best(
    policy: Policy,
    current: ImageReference,
    observed: Observed,
    now: datetime,
    detail: Detail | None,
) -> Wanted:
    """The details of the first in rank, and of those before it that turn out to lack a platform.

    One is mostly enough. Where it is not, as after a move to another registry, which makes all pushes younger than their
    builds, each time twice as many are asked for: a caller that has little time knows what it begins.
    """
    if detail is None:
        return Wanted()
    ranked = rank_tags(policy, current, observed, now)
    for at, (_, tag) in enumerate(ranked.candidates):
        if _lacks(observed, tag, detail):
            most = min(_MOST_AT_ONCE, 1 + at + _asked_in_vain(policy, observed, ranked, at))
            tags = [tag for _, tag in ranked.candidates[at : at + most]]
            batch = takewhile(lambda tag: _lacks(observed, tag, detail), tags)
            return Wanted(tags=tuple(batch), detail=detail)
        if not lacks_platform(policy, observed, tag):
            return _of_the_one_in_use(policy, current, observed, now, ranked)
    return Wanted()


def _asked_in_vain(policy: Policy, observed: Observed, ranked: Ranked, first: int) -> int:
    """How many stood before the `first` that is to be asked for, and do no more: they are not there, or are older than
    their push.
    """
    if policy.update.kind not in NEWEST_BUILD:
        return len(observed.missing)
    bound = ranked.candidates[first][0][0]
    pushes = (observed.facts[tag].pushed_at for _, tag in ranked.candidates[first + 1 :])
    return sum(1 for pushed_at in pushes if pushed_at is not None and pushed_at > bound)


def _of_the_one_in_use(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime, ranked: Ranked
) -> Wanted:
    """Its creation time, where it is no candidate and its push leaves open whether it is older than the best."""
    tag = current.tag
    if policy.update.kind not in NEWEST_BUILD or tag is None:
        return Wanted()
    if ranked.rank_in_use(current) is not None:
        return Wanted()
    facts = observed.facts.get(tag)
    if facts is None or not _lacks(observed, tag, Detail.TIME):
        return Wanted()
    bound = build_time(facts, now)
    best = ranked.candidates[0][0][0]
    undecided = bound is not None and best <= bound
    return Wanted(tags=(tag,), detail=Detail.TIME) if undecided else Wanted()
