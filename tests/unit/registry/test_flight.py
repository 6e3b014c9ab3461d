import anyio
import pytest

from automator.errors import Unavailable
from automator.registry.flight import SingleFlight

pytestmark = pytest.mark.anyio


class Source:
    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = 0
        self.started = anyio.Event()
        self.gate = anyio.Event()

    async def __call__(self):
        self.calls += 1
        self.started.set()
        await self.gate.wait()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def test_callers_at_the_same_time_share_one_call():
    flights, source, got = SingleFlight(), Source("a"), []

    async def call():
        got.append(await flights.run("key", source))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        source.gate.set()
    assert got == ["a"] * 50
    assert source.calls == 1


async def test_they_share_its_failure_and_the_next_caller_tries_again():
    flights, source, failed = SingleFlight(), Source(Unavailable("x"), "b"), []

    async def call():
        try:
            await flights.run("key", source)
        except Unavailable as error:
            failed.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        source.gate.set()
    assert len(failed) == 3
    assert source.calls == 1
    assert await flights.run("key", source) == "b"


async def test_another_leads_when_the_leader_is_cancelled():
    flights, source, got = SingleFlight(), Source("a"), []
    leader = anyio.CancelScope()

    async def lead():
        with leader:
            await flights.run("key", source)

    async def follow():
        got.append(await flights.run("key", source))

    async with anyio.create_task_group() as group:
        group.start_soon(lead)
        await source.started.wait()
        group.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        leader.cancel()
        source.gate.set()
    assert got == ["a"]
    assert source.calls == 2
