"""When each image repository is polled next: spread over the interval, so that no registry meets a burst. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from automator.model.image import ImageRepository

_SLOTS = 2**32


def spread(
    repositories: Iterable[ImageRepository],
    round_started_at: datetime,
    interval: timedelta,
    last_polled: Mapping[ImageRepository, datetime | None],
) -> list[tuple[datetime, ImageRepository]]:
    """The polls of one round in the order of their time.

    What never was polled is due at once. The rest is due at a moment of the round that depends on its name alone,
    so that one more repository does not shuffle the others; not before an interval after its last poll.
    """
    due = []
    for repository in repositories:
        polled_at = last_polled.get(repository)
        due_at = round_started_at
        if polled_at is not None:
            due_at += interval * _moment(repository)
            if polled_at > round_started_at:
                # Polled by a pass while the round before it went on: it has had its turn.
                continue
        due.append((due_at, repository))
    return sorted(due)


def _moment(repository: ImageRepository) -> float:
    """In [0, 1)."""
    digest = hashlib.sha256(str(repository).encode()).digest()
    return int.from_bytes(digest[:4]) / _SLOTS
