"""Polls that a push event causes: at once, of what a policy needs, however many events there are; nothing is believed."""

import anyio
import pytest

from automator.daemon.early import EarlyPolls, early_loop
from automator.errors import Unavailable
from automator.model.event import RegistryFailing, TagMoved
from automator.model.image import ImageRepository
from automator.model.registry import PushEvent
from tests.unit.daemon.conftest import running, settled
from tests.unit.observe.conftest import CARTS, USER, digest, wanted_tags

pytestmark = pytest.mark.anyio


@pytest.fixture
def early():
    return EarlyPolls()


async def test_the_named_image_repository_is_polled_and_the_passes_that_need_it_are_woken(
    early, watched, tools, registry
):
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(USER, "1"))
        assert await watched[0].trigger.wait(at_most_seconds=10)
        assert await watched[1].trigger.wait(at_most_seconds=10)
        early.ask(PushEvent(CARTS, "1"))
        assert await watched[0].trigger.wait(at_most_seconds=10)
    assert registry.asked == [("tags", USER), ("tags", CARTS)]


async def test_what_no_policy_needs_is_not_polled(early, watched, tools, registry):
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(ImageRepository("evil.example.com", "x"), "1"))
        early.ask(PushEvent(CARTS, "1"))
        await watched[0].trigger.wait(at_most_seconds=10)
    assert registry.asked == [("tags", CARTS)]


async def test_events_that_come_together_are_one_poll(early, watched, tools, registry):
    for number in range(100):
        early.ask(PushEvent(CARTS, str(number % 2 + 1)))
    async with running(early_loop, watched, tools, early):
        await watched[0].trigger.wait(at_most_seconds=10)
        await anyio.sleep(0.01)
    assert registry.asked == [("tags", CARTS)]


async def test_an_event_during_a_poll_is_one_more_poll_after_it(early, watched, tools, registry):
    under_way, most = [0], [0]
    fetch = registry.fetch_tags

    async def slow(repository, *, validator=""):
        under_way[0] += 1
        most[0] = max(most)
        early.ask(PushEvent(CARTS, "1")) if len(registry.asked) == 0 else None
        await anyio.sleep(0.01)
        under_way[0] -= 1
        return await fetch(repository, validator=validator)

    registry.fetch_tags = slow
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "1"))
        await settled(lambda: registry.requests == 2)
    assert most == [0]


async def test_a_tag_that_the_list_does_not_have_yet_is_looked_for_a_few_times(
    early, watched, tools, registry, clock
):
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "9"))
        await settled(lambda: registry.requests == 4)
        await anyio.sleep(0.01)
    assert registry.asked == [("tags", CARTS)] * 4
    assert {1.0, 5.0, 30.0} <= set(clock.slept)


async def test_it_is_found_as_soon_as_the_list_has_it(early, watched, tools, registry):
    await tools.observer.poll(CARTS)
    registry.asked.clear()
    fetch = registry.fetch_tags

    async def listed_from_the_second_time_on(repository, *, validator=""):
        listing = await fetch(repository, validator=validator)
        registry.images[CARTS]["9"] = digest("d9")
        return listing

    registry.fetch_tags = listed_from_the_second_time_on
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "9"))
        assert await watched[0].trigger.wait(at_most_seconds=10)
        await anyio.sleep(0.01)
    assert registry.requests == 2


async def test_a_name_that_was_known_before_is_looked_at_for_a_move(
    early, watched, tools, registry, reported
):
    registry.images[CARTS]["1.0.0"] = digest("a")
    await tools.observer.poll(CARTS)
    await tools.observer.facts(CARTS, wanted_tags("1.0.0"))
    registry.images[CARTS]["1.0.0"] = digest("b")
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "1.0.0"))
        await settled(lambda: any(isinstance(event, TagMoved) for event in reported))


async def test_a_registry_that_fails_is_told_and_stops_nothing(
    early, watched, tools, registry, reported
):
    registry.lists[CARTS] = Unavailable("down")
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "1"))
        await settled(lambda: any(isinstance(event, RegistryFailing) for event in reported))
        early.ask(PushEvent(USER, "1"))
        assert await watched[1].trigger.wait(at_most_seconds=10)


async def test_an_event_waits_for_the_first_passes_that_say_what_is_needed(
    early, watched, tools, registry
):
    """Lists that are known from an earlier run are not polled by them."""
    for repository in (CARTS, USER):
        await tools.observer.poll(repository)
    registry.asked.clear()
    demands, watched[0].demands = watched[0].demands, {}
    watched[0].status.commit = ""
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "1"))
        early.ask(PushEvent(USER, "1"))
        await settled(lambda: registry.requests == 1)
        await anyio.wait_all_tasks_blocked()
        assert registry.asked == [("tags", USER)]
        watched[0].demands, watched[0].status.commit = demands, "c0ffee"
        early.asked.set()
        await settled(lambda: registry.requests == 2)
    assert registry.asked == [("tags", USER), ("tags", CARTS)]


async def test_an_event_that_a_new_configuration_overtakes_is_heeded_under_that(
    early, watched, tools, registry
):
    fetch, begun = registry.fetch_tags, anyio.Event()

    async def never(_repository, *, validator):
        begun.set()
        await anyio.sleep_forever()

    registry.fetch_tags = never
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "1"))
        await begun.wait()
        early.ask(PushEvent(USER, ""))
    registry.fetch_tags = fetch
    async with running(early_loop, watched, tools, early):
        await settled(lambda: registry.requests == 2)
    assert set(registry.asked) == {("tags", CARTS), ("tags", USER)}


async def test_a_tag_that_is_still_looked_for_is_looked_for_under_a_new_configuration(
    early, watched, tools, registry, clock
):
    asleep = anyio.Event()

    async def sleep(seconds):
        if seconds >= 1:
            asleep.set()
            await anyio.sleep_forever()

    clock.sleep = sleep
    async with running(early_loop, watched, tools, early):
        early.ask(PushEvent(CARTS, "9"))
        await asleep.wait()
    del clock.sleep
    async with running(early_loop, watched, tools, early):
        await settled(lambda: registry.requests == 4)
    assert registry.asked == [("tags", CARTS)] * 4
