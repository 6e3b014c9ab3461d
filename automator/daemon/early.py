"""Polls ahead of their time, because a push event named the image repository. What the event says is not believed."""

from collections.abc import Collection, Mapping
from functools import partial

import anyio

from automator.daemon.polling import Watched, merge_demands, poll_one, survive, wake
from automator.daemon.trigger import Trigger
from automator.model.image import ImageRepository
from automator.model.registry import PushEvent
from automator.pipeline import Tools

_BURST_SECONDS = 0.05
"""The push of an image of several platforms is several events: so long the rest is waited for."""

_LOOK_AGAIN_SECONDS = (1.0, 5.0, 30.0)
"""A registry may tell of a push before its tag list does: so long after each look the next one follows."""

Looks = Mapping[str, int]
"""Tags that events named, each with the number of times that it was looked for."""


class EarlyPolls:
    """The image repositories that events named and nobody has polled since, with the tags that were named.

    It outlives a change of the configuration, so that no event is lost over it.
    """

    def __init__(self) -> None:
        self.asked = Trigger()
        self._looks: dict[ImageRepository, dict[str, int]] = {}

    def ask(self, event: PushEvent, *, looks: int = 0) -> None:
        named = self._looks.setdefault(event.repository, {})
        if event.tag:
            named[event.tag] = looks
        self.asked.set()

    def take(
        self,
        wanted: Collection[ImageRepository],
        busy: Collection[ImageRepository],
        *,
        is_all: bool = True,
    ) -> dict[ImageRepository, Looks]:
        """Those of `wanted` that were named. The busy ones stay; what nobody wants is forgotten, if that `is_all`."""
        taken: dict[ImageRepository, Looks] = {
            one: looks for one, looks in self._looks.items() if one in wanted and one not in busy
        }
        self._looks = {
            one: looks
            for one, looks in self._looks.items()
            if one not in taken and (one in busy or not is_all)
        }
        return taken


async def early_loop(watched: tuple[Watched, ...], tools: Tools, early: EarlyPolls) -> None:
    """What no policy needs is forgotten once each config repo has had a pass. An image repository that is being looked at is not looked at a second time beside it, but right after it."""
    busy: set[ImageRepository] = set()

    async def look(repository: ImageRepository, looks: Looks) -> None:
        busy.add(repository)
        try:
            unlisted = await _look(repository, looks, watched, tools)
        except anyio.get_cancelled_exc_class():
            for tag, number in looks.items() or [("", 0)]:
                early.ask(PushEvent(repository, tag), looks=number)
            raise
        finally:
            busy.discard(repository)
            early.asked.set()
        for tag in unlisted:
            if looks[tag] < len(_LOOK_AGAIN_SECONDS):
                tasks.start_soon(look_later, PushEvent(repository, tag), looks[tag])

    async def look_later(event: PushEvent, looks: int) -> None:
        try:
            await tools.clock.sleep(_LOOK_AGAIN_SECONDS[looks])
        finally:  # also if the configuration changes meanwhile
            early.ask(event, looks=looks + 1)

    async with anyio.create_task_group() as tasks:
        while True:
            await early.asked.wait(at_most_seconds=float("inf"))
            await tools.clock.sleep(_BURST_SECONDS)
            wanted = merge_demands(one.demands for one in watched)
            is_all = all(one.status.commit or one.status.error for one in watched)
            for repository, looks in early.take(wanted, busy, is_all=is_all).items():
                tasks.start_soon(look, repository, looks)


async def _look(
    repository: ImageRepository, looks: Looks, watched: tuple[Watched, ...], tools: Tools
) -> frozenset[str]:
    """One poll; the named tags that it did not find."""
    read = partial(survive, partial(tools.observer.tag_list, repository), repository, tools)
    before = await read()
    if await poll_one(repository, watched, tools) is None:
        return frozenset()
    after = await read()
    known = looks.keys() & (set() if before is None else set(before.tags))
    # The name was there already: perhaps it points elsewhere now. A failure is for the next poll to tell.
    if await survive(partial(tools.observer.look_again, repository, known), repository, tools):
        wake(repository, watched)
    return frozenset(looks.keys() - (set() if after is None else set(after.tags)))
