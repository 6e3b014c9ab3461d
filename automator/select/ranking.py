"""All tags under one policy: candidates from the best down, and the rejected with their reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from automator.model.image import ImageReference
from automator.model.policy import Policy, PolicyKind
from automator.model.selection import Reason
from automator.model.tags import Detail, Observed
from automator.select.judge import Judge, make_judge
from automator.select.order import Key

_MAY_DESCEND = frozenset({PolicyKind.ALPHABETICAL, PolicyKind.NUMERICAL})


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates from the best down, and the rejected by reason and name."""

    candidates: list[tuple[Key, str]]
    rejected: list[tuple[str, Reason]]
    judge: Judge

    def rank_in_use(self, current: ImageReference) -> Key | None:
        """Where the image in use would rank if it were listed; None if the policy would reject it."""
        if current.tag is None:
            return None
        rank = self.judge(current.tag)
        return None if isinstance(rank, Reason) else rank


def rank_tags(policy: Policy, current: ImageReference, observed: Observed, now: datetime) -> Ranked:
    judge = make_judge(policy, current, observed, now)
    candidates: list[tuple[Key, str]] = []
    rejected: list[tuple[str, Reason]] = []
    artifacts = {tag for tag, facts in observed.facts.items() if not facts.is_image}
    for tag in dict.fromkeys(observed.tag_list.tags):
        rank: Key | Reason
        if tag in observed.missing:
            rank = Reason.NO_IMAGE
        elif tag in artifacts:
            rank = Reason.NOT_AN_IMAGE
        else:
            rank = judge(tag)
        if isinstance(rank, Reason):
            rejected.append((tag, rank))
        else:
            candidates.append((rank, tag))
    ascending = policy.update.kind in _MAY_DESCEND and policy.update.argument == "desc"
    candidates.sort(reverse=not ascending)
    return Ranked(candidates, rejected, judge)


def with_platforms(policy: Policy, ranked: Ranked, observed: Observed) -> Iterator[tuple[Key, str]]:
    """The candidates that have, as far as is known, every platform that the policy names."""
    return (
        candidate
        for candidate in ranked.candidates
        if not lacks_platform(policy, observed, candidate[1])
    )


def lacks_platform(policy: Policy, observed: Observed, tag: str) -> bool:
    if not policy.platforms or tag not in observed.facts:
        return False
    facts = observed.facts[tag]
    return facts.detail >= Detail.FULL and not policy.platforms <= facts.platforms
