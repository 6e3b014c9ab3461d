"""What a channel delivers with. A letter is a message as it is sent; that it was not taken is an answer, not an error."""

from collections.abc import Sequence
from typing import Protocol

from automator.messages.occasion import Occasion


class Carrier(Protocol):
    def letters(self, occasions: Sequence[Occasion]) -> list[bytes]:
        """The messages about these occasions, in their order."""
        ...

    async def send(self, letter: bytes) -> str:
        """Empty if it was taken, otherwise why not: without the URL, nor anything that a server said.

        To cancel it ends it at once.
        """
        ...
