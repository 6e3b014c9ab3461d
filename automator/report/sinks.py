"""Hands every event to every reader. A reader is never in the way of what it reads."""

from collections.abc import Iterable
from typing import Protocol

from automator.model.event import Event


class Sink(Protocol):
    """Must not block and must not raise."""

    def receive(self, event: Event) -> None: ...


class Reporter:
    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._sinks = tuple(sinks)

    def emit(self, event: Event) -> None:
        for sink in self._sinks:
            sink.receive(event)
