"""How long facts are waited for, and how many requests go to one registry host at a time."""

import math
from dataclasses import dataclass

import anyio

ALWAYS = 4
"""So many are asked for whatever the time: the few new tags of a steady state are not worth a second pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Until when facts are asked for (by the monotonic clock), and how many whatever the time. With none, and the time
    over, nothing is asked at all: what is not known is left for later.
    """

    deadline: float = math.inf
    at_least: int = ALWAYS

    def is_over(self, now_seconds: float) -> bool:
        """Whether nothing at all is asked for any more."""
        return self.at_least == 0 and now_seconds >= self.deadline


class Limiters(dict[str, anyio.CapacityLimiter]):
    """By registry host: one that lets us wait holds up no other."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __missing__(self, host: str) -> anyio.CapacityLimiter:
        return self.setdefault(host, anyio.CapacityLimiter(self.most))
