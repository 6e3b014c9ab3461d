"""Facts that could not be had: when they are worth another look. Nothing else would ever ask for them again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from automator.clock import Clock
from automator.model.image import ImageRepository

_ABSENT_SECONDS = 60.0
_LONGEST_ABSENT_SECONDS = 86400.0


@dataclass(slots=True)
class _Absence:
    """Not asked again `until` (by the monotonic clock), which is `pause` after it was asked; `told` once that is over."""

    until: float
    pause: float
    told: bool = False


class Setbacks:
    """Tags without an image are asked for again after a minute, then after twice as long each time, up to a day."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._absent: defaultdict[ImageRepository, dict[str, _Absence]] = defaultdict(dict)
        self._failed: set[ImageRepository] = set()

    def failed(self, repository: ImageRepository) -> None:
        self._failed.add(repository)

    def absent(self, repository: ImageRepository, tag: str) -> None:
        before = self._absent[repository].get(tag)
        pause = _ABSENT_SECONDS
        if before is not None:
            pause = min(2 * before.pause, _LONGEST_ABSENT_SECONDS)
        until = self._clock.monotonic_seconds() + pause
        self._absent[repository][tag] = _Absence(until, pause)

    def present(self, repository: ImageRepository, tag: str) -> None:
        self._absent[repository].pop(tag, None)

    def forget(self, repository: ImageRepository) -> None:
        """Another list came: what was absent may be there."""
        self._absent.pop(repository, None)

    def still_absent(self, repository: ImageRepository, tags: Iterable[str]) -> frozenset[str]:
        now = self._clock.monotonic_seconds()
        absent = self._absent.get(repository, {})
        return frozenset(tag for tag in tags if tag in absent and now < absent[tag].until)

    def take_due(self, repository: ImageRepository) -> bool:
        """Whether something failed, or was absent, that is worth another look by now: told once."""
        due = repository in self._failed
        self._failed.discard(repository)
        now = self._clock.monotonic_seconds()
        for absence in self._absent.get(repository, {}).values():
            if absence.until <= now and not absence.told:
                absence.told = due = True
        return due
