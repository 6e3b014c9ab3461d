"""A wake-up call that is not lost between two waits, and counts once however often it is given."""

import anyio


class Trigger:
    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, *, at_most_seconds: float) -> bool:
        """True if the call came, which uses it up; False if the time ran out."""
        with anyio.move_on_after(at_most_seconds):
            await self._event.wait()
        called = self._event.is_set()
        if called:
            self._event = anyio.Event()
        return called
