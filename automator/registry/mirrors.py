"""Which mirrors fail: their registries stand in for them, so that nobody would notice."""

from collections import defaultdict
from collections.abc import Callable

from automator.errors import RegistryError
from automator.model.event import Event, MirrorFailing, MirrorRecovered
from automator.model.image import ImageRepository


class MirrorHealth:
    """Told of each outcome, it tells once when a mirror begins to fail, and once when it serves again all that failed.

    `mirror` is an image repository by the name that it has there. That a mirror does not have one is no failure.
    """

    def __init__(self, report: Callable[[Event], None]) -> None:
        self._report = report
        self._failing: defaultdict[str, set[ImageRepository]] = defaultdict(set)

    def failed(self, mirror: ImageRepository, error: RegistryError) -> None:
        failing = self._failing[mirror.host]
        if not failing:
            self._report(MirrorFailing(mirror=mirror.host, error=str(error)))
        failing.add(mirror)

    def answered(self, mirror: ImageRepository) -> None:
        failing = self._failing[mirror.host]
        if mirror not in failing:
            return
        failing.remove(mirror)
        if not failing:
            self._report(MirrorRecovered(mirror=mirror.host))
