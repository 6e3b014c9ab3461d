"""Tells people what happened, through the channels of the configuration. A reader of events, never in their way."""

from collections.abc import Mapping, Sequence

import anyio

from automator.clock import Clock
from automator.config.messages import ChannelSettings
from automator.messages.carrier import Carrier
from automator.messages.cloudevents import CloudEvents
from automator.messages.lane import Lane, Report
from automator.messages.occasion import occasion_of
from automator.messages.services import Service, apprise_urls, check_services
from automator.messages.text import Writer
from automator.model.event import Event, PassFailed, PassFinished

LAST_SECONDS = 5.0
"""So long what is still waiting may take when the daemon ends, which somebody waits for."""

PATIENT_SECONDS = 60.0
"""So long it may take at the end of a program that has nothing else to do."""


class Messenger:
    """`urls` are those of the config repos, by name: links are made of them.

    Raises ConfigError where a channel cannot be used: Apprise is missing, or does not know a URL.
    """

    def __init__(
        self, channels: Sequence[ChannelSettings], urls: Mapping[str, str], *, clock: Clock
    ) -> None:
        check_services(channels)
        self._clock = clock
        self._refused: set[str] = set()
        self._lanes = [
            Lane(channel, carrier, clock)
            for channel in channels
            for carrier in _carriers(channel, urls)
        ]

    def receive(self, event: Event) -> None:
        """Neither blocks nor raises: what a channel wants to know waits for `run`."""
        if not self._lanes or not self._is_news(event):
            return
        occasion = occasion_of(event, self._clock.now())
        if occasion is not None:
            for lane in self._lanes:
                lane.offer(occasion)

    def _is_news(self, event: Event) -> bool:
        """A push that is refused is tried again and again: it is told once, until a pass over that config repo succeeds."""
        match event:
            case PassFinished(config_repo=repo):
                self._refused.discard(repo)
            case PassFailed(config_repo=repo, push_refused=True):
                if repo in self._refused:
                    return False
                self._refused.add(repo)
        return True

    async def run(self, report: Report) -> None:
        """Delivers until it is cancelled, and then for some seconds what is left; or until it is closed and nothing is left.

        `report` is told what was not delivered.
        """
        try:
            async with anyio.create_task_group() as tasks:
                for lane in self._lanes:
                    tasks.start_soon(lane.run, report)
        finally:
            with anyio.CancelScope(shield=True):
                await self.finish(report, seconds=LAST_SECONDS)

    def close(self) -> None:
        """Another one takes its place, and is told what happens from now on; this one delivers what it has."""
        for lane in self._lanes:
            lane.close()

    async def finish(self, report: Report, *, seconds: float = PATIENT_SECONDS) -> None:
        """What is left, tried once more; for a program that ends."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                for lane in self._lanes:
                    tasks.start_soon(lane.finish, report)
        for lane in self._lanes:
            lane.abandon(report, "automator ended before they were delivered")


def _carriers(channel: ChannelSettings, urls: Mapping[str, str]) -> list[Carrier]:
    """One for each place that the channel leads to, so that none waits for another."""
    if channel.cloudevents is not None:
        return [CloudEvents(channel, urls)]
    writer = Writer(channel, urls)
    return [Service(url, channel, writer) for url in apprise_urls(channel)]
