"""The wake-up call: not lost, and used up once."""

import anyio
import pytest

from automator.daemon.trigger import Trigger

pytestmark = pytest.mark.anyio


async def test_a_call_before_the_wait_is_not_lost():
    trigger = Trigger()
    trigger.set()
    assert await trigger.wait(at_most_seconds=0)


async def test_many_calls_count_once():
    trigger = Trigger()
    trigger.set()
    trigger.set()
    assert await trigger.wait(at_most_seconds=0)
    assert not await trigger.wait(at_most_seconds=0)


async def test_a_call_ends_the_wait():
    trigger = Trigger()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0)
        tasks.start_soon(_call, trigger)
        assert await trigger.wait(at_most_seconds=30)


async def _call(trigger):
    trigger.set()
