"""A token bucket whose rate can be changed while it is used. Pure: time is an argument, in monotonic seconds."""

# After a wait the sum of what came in may lack this much of a whole token, by rounding.
_ROUNDING = 1e-9


class TokenBucket:
    """A second's worth of requests, or one, may go at once; then the rate holds."""

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second = per_second
        self._tokens = self._capacity
        self._at = now

    @property
    def per_second(self) -> float:
        return self._per_second

    @property
    def _capacity(self) -> float:
        return max(1.0, self._per_second)

    def change(self, per_second: float, now: float) -> None:
        """What is in the bucket stays, as far as it still fits."""
        self._fill(now)
        self._per_second = per_second
        self._tokens = min(self._tokens, self._capacity)

    def wait_seconds(self, now: float) -> float:
        """How long until a request may go: 0 is now."""
        self._fill(now)
        missing = 1 - self._tokens
        return missing / self._per_second if missing > _ROUNDING else 0

    def take(self) -> None:
        self._tokens -= 1

    def hold_until(self, at: float) -> None:
        """After a pause there is one token at most: those that waited for its end do not leave in one burst."""
        self._fill(at)
        self._tokens = min(self._tokens, 1)

    def _fill(self, now: float) -> None:
        if now > self._at:
            came_in = (now - self._at) * self._per_second
            self._tokens = min(self._capacity, self._tokens + came_in)
            self._at = now
