"""(policy, image in use, what was observed, now) -> selection, with the reason for every tag.

The same inputs give the same selection whatever the order of the tags. Facts that are missing are named by
`wanted_facts` beforehand; a tag whose build time still is unknown is no candidate where build times order.
"""

from datetime import datetime

from automator.model.image import ImageReference
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Outcome, Reason, Selection, Verdict
from automator.model.tags import ImageFacts, Observed
from automator.select.judge import NEWEST_BUILD, rank_of_rejected
from automator.select.order import Key
from automator.select.ranking import Ranked, lacks_platform, rank_tags, with_platforms


def evaluate(
    policy: Policy, current: ImageReference, observed: Observed, now: datetime
) -> Selection:
    """A tag list that is not believed gives no selection; the image in use is never replaced by an older one."""
    if observed.tag_list.doubt:
        return Selection(outcome=Outcome.INCOMPLETE, doubt=observed.tag_list.doubt)
    ranked = rank_tags(policy, current, observed, now)
    if observed.pending:
        known = len(ranked.candidates)
        return Selection(outcome=Outcome.WARMING, known=known, pending=len(observed.pending))
    best = next(with_platforms(policy, ranked, observed), None)
    if best is None:
        return Selection(outcome=Outcome.NO_CANDIDATE)
    key, tag = best
    facts = observed.facts.get(tag)
    rank_in_use = ranked.rank_in_use(current)
    behind = 0
    if rank_in_use is not None:
        behind = sum(1 for other, _ in ranked.candidates if rank_in_use < other <= key)
    outcome = Outcome.UPDATE
    if _is_in_use(policy, current, tag, facts):
        outcome = Outcome.UP_TO_DATE
    elif not policy.allow_downgrade:
        outcome = _unless_older(policy, current, ranked, key, observed, now)
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
    ranked = rank_tags(policy, current, observed, now)
    selected = next((tag for _, tag in with_platforms(policy, ranked, observed)), None)
    verdicts = []
    rejected = list(ranked.rejected)
    for _, tag in ranked.candidates:
        if lacks_platform(policy, observed, tag):
            rejected.append((tag, Reason.PLATFORM_MISSING))
        else:
            reason = Reason.SELECTED if tag == selected else Reason.ACCEPTED
            verdicts.append(Verdict(tag, True, reason))
    verdicts += [Verdict(tag, False, reason) for tag, reason in sorted(rejected)]
    return tuple(verdicts)


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


def _unless_older(
    policy: Policy,
    current: ImageReference,
    ranked: Ranked,
    best: Key,
    observed: Observed,
    now: datetime,
) -> Outcome:
    """Also an image in use that the policy would not take counts: 2.0.0 is not replaced by 1.9 under ^1, nor a
    build of today by one of last week. Nothing replaces one whose build time nobody can tell.
    """
    rank = ranked.rank_in_use(current) or rank_of_rejected(policy, current, observed, now)
    if rank is None:
        if policy.update.kind in NEWEST_BUILD and current.tag in observed.missing:
            return Outcome.IN_USE_MISSING
        if policy.update.kind in NEWEST_BUILD and current.tag in observed.facts:
            return Outcome.IN_USE_UNDATED
        return Outcome.UPDATE
    comparable = best[: len(rank)]
    descending = policy.update.argument == "desc"
    is_older = comparable > rank if descending else comparable < rank
    return Outcome.WOULD_BE_OLDER if is_older else Outcome.UPDATE
