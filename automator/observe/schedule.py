"""When each image repository is polled next: what changes often, often; spread, so that no registry meets a burst. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from automator.model.image import ImageRepository
from automator.store.store import PollState

_SLOTS = 2**32
_SHARE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often image repositories are polled: between every `shortest` and every `longest`."""

    shortest: timedelta
    longest: timedelta

    def interval(self, state: PollState, now: datetime) -> timedelta:
        """A tenth of the time that the tag list has stood still: a change is seen late by a tenth of its age at most."""
        still = (now - state.changed_at) / _SHARE
        return max(self.shortest, min(self.longest, still))


def spread(
    repositories: Iterable[ImageRepository],
    round_started_at: datetime,
    pace: Pace,
    states: Mapping[ImageRepository, PollState],
) -> list[tuple[datetime, ImageRepository]]:
    """The polls of one round, which lasts the shortest interval, in the order of their time.

    What never was polled is due at once. The rest is due at a moment of the round that depends on its name alone,
    so that one more repository does not shuffle the others; and not before its own interval is over, to half a round.
    """
    due = []
    for repository in repositories:
        state = states.get(repository)
        if state is None:
            due.append((round_started_at, repository))
            continue
        due_at = round_started_at + pace.shortest * _moment(repository)
        rest = pace.interval(state, round_started_at) - pace.shortest / 2
        # What a pass or a push event polls as the round begins has had its turn.
        was_ahead = state.polled_at > round_started_at + pace.shortest  # a wrong clock
        is_old = state.polled_at <= round_started_at and due_at - state.polled_at >= rest
        if was_ahead or is_old:
            due.append((due_at, repository))
    return sorted(due)


def _moment(repository: ImageRepository) -> float:
    """In [0, 1)."""
    digest = hashlib.sha256(str(repository).encode()).digest()
    return int.from_bytes(digest[:4]) / _SLOTS
