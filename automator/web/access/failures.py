"""How often somebody may be wrong: wrong tokens by address and over all addresses, in bounded memory."""

from collections import OrderedDict
from dataclasses import dataclass

from automator.clock import Clock

PER_ADDRESS = 10
OVERALL = 100
WINDOW_SECONDS = 300.0
"""So long it takes until all is forgotten: an address regains one try each 30 seconds."""

_MOST_ADDRESSES = 4096


@dataclass(slots=True)
class _Level:
    """How much has been filled in at `at_seconds`; it runs out by and by."""

    filled: float
    at_seconds: float


class Failures:
    """An address that was wrong too often waits. While all together are wrong too often, one mistake is too often.

    Nobody else's mistakes lock out an address that made none, so that whoever has a token gets in during an attack.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._everybody = _Level(0.0, 0.0)

    def wait_seconds(self, address: str) -> float:
        """Zero for who may try."""
        pressed = self._filled(self._everybody, OVERALL) >= OVERALL
        allowed = 1 if pressed else PER_ADDRESS
        level = self._levels.get(address)
        filled = 0.0 if level is None else self._filled(level, PER_ADDRESS)
        return max(0.0, (filled + 1 - allowed) * WINDOW_SECONDS / PER_ADDRESS)

    def add(self, address: str) -> None:
        now = self._clock.monotonic_seconds()
        level = self._levels.pop(address, None) or _Level(0.0, now)
        self._levels[address] = _Level(self._filled(level, PER_ADDRESS) + 1, now)
        filled = self._filled(self._everybody, OVERALL)
        self._everybody = _Level(min(filled + 1, OVERALL + 1), now)
        if len(self._levels) > _MOST_ADDRESSES:
            self._levels.popitem(last=False)

    def _filled(self, level: _Level, allowed: int) -> float:
        passed = self._clock.monotonic_seconds() - level.at_seconds
        return max(0.0, level.filled - passed * allowed / WINDOW_SECONDS)
