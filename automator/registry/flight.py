"""One flight for many passengers: callers that want the same thing at the same time share one call.

Knows nothing of what is fetched. A failure is shared too; a cancelled leader is followed by another.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

from automator.errors import RegistryError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Flight(Generic[Value]):
    def __init__(self) -> None:
        self.landed = anyio.Event()
        self.values: list[Value] = []
        self.error: RegistryError | None = None


class SingleFlight(Generic[Key, Value]):
    def __init__(self) -> None:
        self._flights: dict[Key, _Flight[Value]] = {}

    async def run(self, key: Key, call: Callable[[], Awaitable[Value]]) -> Value:
        while (flight := self._flights.get(key)) is not None:
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.values:
                return flight.values[0]
        return await self._lead(key, call)

    async def _lead(self, key: Key, call: Callable[[], Awaitable[Value]]) -> Value:
        flight = self._flights[key] = _Flight[Value]()
        try:
            value = await call()
            flight.values.append(value)
        except RegistryError as error:
            flight.error = error
            raise
        else:
            return value
        finally:
            del self._flights[key]
            flight.landed.set()
