"""One image repository's trouble costs its own poll, and never the loop."""

from datetime import timedelta

import pytest

from automator.daemon.polling import failing_by_registry, poll_loop, poll_one
from automator.daemon.trigger import Trigger
from automator.errors import StoreError, Unavailable
from automator.model.event import BugMet, PollFailed, PollRoundFinished, RegistryFailing
from automator.observe.schedule import Pace
from automator.survey.containers import Demand
from tests.unit.daemon.conftest import running, settled
from tests.unit.observe.conftest import CARTS, USER, digest, wanted_tags

pytestmark = pytest.mark.anyio

PACE = Pace(shortest=timedelta(minutes=1), longest=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Unavailable("down"), RegistryFailing),
        (StoreError("the disk is full", hint="make room"), PollFailed),
        (UnicodeError("nobody thought of it"), BugMet),
    ],
)
async def test_trouble_is_told_and_the_other_is_polled(
    watched, tools, registry, reported, trouble, told
):
    registry.lists[CARTS] = trouble
    async with running(poll_loop, watched, tools, Trigger(), pace=PACE):
        await settled(lambda: any(isinstance(event, PollRoundFinished) for event in reported))
    assert ("tags", USER) in registry.asked
    assert any(isinstance(event, told) for event in reported)
    counted = next(event for event in reported if isinstance(event, PollRoundFinished))
    assert (counted.polled, counted.failed) == (2, 1)


async def test_a_poll_wakes_whom_it_concerns_and_nobody_else(watched, tools):
    assert await poll_one(CARTS, watched, tools) is True
    assert await watched[0].trigger.wait(at_most_seconds=0)
    assert not await watched[1].trigger.wait(at_most_seconds=0)
    assert await poll_one(CARTS, watched, tools) is False


async def test_failing_image_repositories_are_counted_as_long_as_they_are_needed(
    watched, tools, registry
):
    registry.lists[CARTS] = registry.lists[USER] = Unavailable("down")
    for repository in (CARTS, USER):
        await poll_one(repository, watched, tools)
    assert failing_by_registry(watched, tools.observer) == {CARTS.host: 2}
    watched[0].demands = {}
    assert failing_by_registry(watched, tools.observer) == {CARTS.host: 1}
    registry.lists[USER] = ["1.0"]
    await poll_one(USER, watched, tools)
    assert failing_by_registry(watched, tools.observer) == {}


async def test_passes_are_woken_for_facts_that_failed_or_were_absent(
    watched, tools, registry, clock
):
    """No news of the list would wake them: it is as it was."""
    for repository in (CARTS, USER):
        await tools.observer.poll(repository)
    registry.images[CARTS]["1"] = Unavailable("down")
    with pytest.raises(Unavailable):
        await tools.observer.facts(CARTS, wanted_tags("1"))
    async with running(poll_loop, watched, tools, Trigger(), pace=PACE):
        assert await watched[0].trigger.wait(at_most_seconds=10)
        registry.images[CARTS]["1"] = digest("d1")
        assert (await tools.observer.facts(CARTS, wanted_tags("1", "3"))).missing == {"3"}
        assert await watched[0].trigger.wait(at_most_seconds=10)
    assert not await watched[1].trigger.wait(at_most_seconds=0)


async def test_a_followed_tag_that_is_gone_fails_no_poll(watched, tools):
    followed = Demand(tag_list=True, followed=frozenset({"1", "gone"}))
    watched[0].demands = {CARTS: followed}
    assert await poll_one(CARTS, watched, tools) is True
    assert await poll_one(CARTS, watched, tools) is False
    assert tools.observer.failure(CARTS) is None
