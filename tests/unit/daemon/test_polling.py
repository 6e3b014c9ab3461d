"""One image repository's trouble costs its own poll, and never the loop."""

from datetime import timedelta

import pytest

from automator.daemon.polling import failing_by_registry, poll_loop, poll_one
from automator.daemon.trigger import Trigger
from automator.errors import StoreError, Unavailable
from automator.model.event import BugMet, PollFailed, PollRoundFinished, RegistryFailing
from automator.observe.schedule import Pace
from tests.unit.daemon.conftest import running, settled
from tests.unit.observe.conftest import CARTS, USER

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
