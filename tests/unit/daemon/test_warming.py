"""What passes did not wait for is finished beside them, and wakes them."""

import math

import anyio
import pytest

from automator.daemon.polling import warm_loop
from automator.daemon.trigger import Trigger
from automator.errors import Unavailable
from automator.observe.patience import Patience
from tests.unit.daemon.conftest import running
from tests.unit.observe.conftest import CARTS, digest, wanted_tags

pytestmark = pytest.mark.anyio

MANY = tuple(f"t{n:02d}" for n in range(30))


@pytest.fixture
async def unfinished(tools, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await tools.observer.facts(CARTS, wanted_tags(*MANY), Patience(deadline=-math.inf))
    return Trigger()


async def test_the_rest_is_fetched_and_the_passes_that_need_it_are_woken(
    unfinished, watched, tools, registry
):
    async with running(warm_loop, watched, tools, unfinished):
        unfinished.set()
        assert await watched[0].trigger.wait(at_most_seconds=10)
        assert not await watched[1].trigger.wait(at_most_seconds=0)
    learnt = await tools.observer.facts(CARTS, wanted_tags(*MANY), Patience(deadline=-math.inf))
    assert learnt.known.keys() == set(MANY)
    assert len(registry.asked_for("facts")) == len(MANY)


async def test_a_pass_in_between_does_not_wait_and_asks_for_nothing_twice(
    unfinished, watched, tools, registry, clock
):
    registry.clock, registry.pause = clock, 1.0
    async with running(warm_loop, watched, tools, unfinished):
        unfinished.set()
        await anyio.sleep(0.005)
        await tools.observer.facts(
            CARTS, wanted_tags(*MANY), Patience(deadline=clock.monotonic_seconds() + 99)
        )
        await watched[0].trigger.wait(at_most_seconds=10)
    assert len(registry.asked_for("facts")) == len(MANY)


async def test_a_failure_wakes_the_pass_that_tells_it_after_a_pause(
    unfinished, watched, tools, registry, clock
):
    registry.images[CARTS]["t20"] = Unavailable("down")
    async with running(warm_loop, watched, tools, unfinished):
        unfinished.set()
        assert await watched[0].trigger.wait(at_most_seconds=10)
    assert clock.slept == [30.0]
