"""One way out: what is to be told waits here in order, and is delivered with retries. No lane knows of another."""

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

from automator.bugs import bugs_told
from automator.clock import Clock
from automator.config.messages import ChannelSettings
from automator.errors import InternalError
from automator.messages.carrier import Carrier
from automator.messages.occasion import OF_REGISTRIES, Occasion, merged
from automator.messages.route import routed
from automator.model.event import Event, MessageFailed

BURST_SECONDS = 2.0
"""What happens in this time after the first is looked at together: a pass or a poll round tells many things at once."""

REGISTRIES_SECONDS = 60.0
"""So long news of registries alone waits for more: a poll round comes by every image repository of one that is down."""

SEND_SECONDS = 30.0
"""So long one try of a delivery may take, all of it."""

LONGEST_QUEUE = 200
"""So many occasions wait at most; the oldest makes room."""

PAUSES_SECONDS = (5.0, 25.0, 120.0, 450.0)
"""Before the second try and each one after it: five tries in ten minutes."""

Report = Callable[[Event], None]


class Lane:
    """At least once, and in order: a message that was cut off by the end of the daemon may come twice."""

    def __init__(self, channel: ChannelSettings, carrier: Carrier, clock: Clock) -> None:
        self._channel = channel
        self._carrier = carrier
        self._clock = clock
        self._waiting: deque[Occasion] = deque()
        self._letters: deque[bytes] = deque()
        self._overflown = 0
        self._news = anyio.Event()
        self._is_closed = False

    def offer(self, occasion: Occasion) -> None:
        """Takes what the channel wants to know. Never waits."""
        mine = routed(occasion, self._channel)
        if mine is None:
            return
        both = merged(self._waiting[-1], mine) if self._waiting else None
        if both is not None:
            self._waiting[-1] = both
            return
        if len(self._waiting) >= LONGEST_QUEUE:
            self._waiting.popleft()
            self._overflown += 1
        self._waiting.append(mine)
        self._news.set()

    def close(self) -> None:
        """Nothing more is offered: `run` ends when all is delivered or given up."""
        self._is_closed = True
        self._news.set()

    @property
    def is_waiting(self) -> bool:
        """Is something left to be told?"""
        return bool(self._waiting or self._letters)

    async def run(self, report: Report) -> None:
        """Until it is cancelled, or closed and nothing is left; what is left when it is cancelled is for `finish`."""
        while self.is_waiting or not self._is_closed:
            await self._news.wait()
            await self._gather()
            await self._work_off(self._deliver, report)

    async def _gather(self) -> None:
        """Waits for what is to be told together with the first."""
        waited, digest = 0.0, self._channel.digest.total_seconds()
        while not self._is_closed:
            await self._clock.sleep(BURST_SECONDS)
            waited += BURST_SECONDS
            of_registries = all(one.kind in OF_REGISTRIES for one in self._waiting)
            if waited >= max(digest, REGISTRIES_SECONDS if of_registries else 0.0):
                return

    async def finish(self, report: Report) -> None:
        """One last try for each message that is left."""
        await self._work_off(self._try_once, report)

    def abandon(self, report: Report, why: str) -> None:
        """Drops what is left, and says so."""
        left = len(self._letters) + len(self._waiting)
        self._letters.clear()
        self._waiting.clear()
        if left:
            self._give_up(report, left, why)

    async def _work_off(self, deliver: Callable[[Report], Awaitable[None]], report: Report) -> None:
        """Whatever goes wrong with a message, it stops nothing of what it tells of."""
        try:
            with bugs_told(report, expected=InternalError, quotes=False):
                self._write(report)
                while self._letters:
                    await deliver(report)
        except InternalError as error:
            self.abandon(report, error.message)

    def _write(self, report: Report) -> None:
        """What waits becomes letters."""
        self._news = anyio.Event()
        self._letters.extend(self._carrier.letters(tuple(self._waiting)))
        self._waiting.clear()
        if self._overflown:
            self._give_up(report, self._overflown, "too many were waiting")
            self._overflown = 0

    async def _deliver(self, report: Report) -> None:
        """The first letter: a letter stays in its place until it was taken or given up."""
        for pause in (*PAUSES_SECONDS, None):
            error = await self._try()
            if not error:
                break
            if pause is None:
                self._give_up(report, 1, error)
            else:
                await self._clock.sleep(pause)
        self._letters.popleft()

    async def _try_once(self, report: Report) -> None:
        error = await self._try()
        self._letters.popleft()
        if error:
            self._give_up(report, 1, error)

    async def _try(self) -> str:
        try:
            with anyio.fail_after(SEND_SECONDS):
                return await self._carrier.send(self._letters[0])
        except TimeoutError:
            return "it took too long"
        except OSError as error:
            return f"it could not be sent: {type(error).__name__}"

    def _give_up(self, report: Report, messages: int, error: str) -> None:
        report(MessageFailed(channel=self._channel.name, messages=messages, error=error))
