"""Polls: asks only what it does not know; a failure is never "no tags", nor is a list that has lost most of itself."""

from datetime import timedelta

import anyio
import pytest

from automator.errors import Unavailable
from automator.model.event import RegistryFailing, RegistryRecovered, TagListDoubted, TagMoved
from automator.model.tags import ListedImage, Listing
from tests.unit.observe.conftest import CARTS, USER, digest

pytestmark = pytest.mark.anyio


async def test_each_image_repository_is_asked_once(observer, registry, clock):
    first = await observer.refresh([CARTS, USER], older_than=None)
    assert (first.polled, first.changed, first.requests) == (2, {CARTS, USER}, 2)
    assert (await observer.refresh([CARTS, USER], older_than=None)).polled == 0
    clock.advance(60)
    second = await observer.refresh([CARTS], older_than=clock.now())
    assert (second.polled, second.changed) == (1, frozenset())
    assert registry.requests == 3


async def test_a_failed_poll_leaves_the_list_before_it_known(observer, registry, clock):
    await observer.refresh([CARTS, USER], older_than=None)
    registry.lists[CARTS] = Unavailable("down")
    clock.advance(60)
    failed = await observer.refresh([CARTS, USER], older_than=clock.now())
    assert set(failed.failed) == {CARTS}
    assert str(observer.failure(CARTS)) == "down"
    assert observer.failure(USER) is None
    assert (await observer.tag_list(CARTS)).tags == ("1", "2")


async def test_a_failure_ends_with_the_next_good_poll_and_both_are_told_once(
    observer, registry, reported
):
    registry.lists[CARTS] = Unavailable("down")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await observer.poll(CARTS)
    del registry.lists[CARTS]
    assert await observer.poll(CARTS) is True
    assert observer.failure(CARTS) is None
    await observer.poll(CARTS)
    assert [type(event) for event in reported] == [RegistryFailing, RegistryRecovered]


async def test_two_that_ask_together_make_one_request(observer, registry):
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(lambda: observer.refresh([CARTS], older_than=None))
    assert registry.asked == [("tags", CARTS)]


async def test_polls_at_one_time_are_one_request_whoever_asks(observer, registry):
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(observer.poll, CARTS)
        tasks.start_soon(lambda: observer.refresh([CARTS], older_than=None))
    assert registry.asked == [("tags", CARTS)]


async def test_a_poll_that_a_wrong_clock_made_in_the_future_is_due(observer, registry, clock):
    clock.advance(86400)
    await observer.refresh([CARTS], older_than=None)
    clock.advance(-86400)
    assert (await observer.refresh([CARTS], older_than=None)).polled == 1
    assert (await observer.refresh([CARTS], older_than=None)).polled == 0


async def test_the_validator_of_the_last_list_is_sent_and_not_modified_is_no_news(
    observer, registry, clock
):
    registry.lists[CARTS] = Listing(tags=("1",), validator='"v1"')
    assert await observer.poll(CARTS) is True
    assert registry.validator == ""
    registry.lists[CARTS] = None
    clock.advance(60)
    assert await observer.poll(CARTS) is False
    assert registry.validator == '"v1"'
    assert (await observer.tag_list(CARTS)).polled_at == clock.now()
    assert (await observer.tag_list(CARTS)).tags == ("1",)


def listing(count):
    return Listing(tags=tuple(f"1.0.{n}" for n in range(count)))


@pytest.mark.parametrize(
    ("before", "after", "believed"),
    [(10, 5, True), (10, 4, False), (10, 0, False), (1, 0, False), (0, 0, True), (3, 9, True)],
)
async def test_a_list_that_lost_more_than_half_is_not_believed(
    observer, registry, reported, before, after, believed
):
    registry.lists[CARTS] = listing(before)
    await observer.poll(CARTS)
    registry.lists[CARTS] = listing(after)
    await observer.poll(CARTS)
    found = await observer.tag_list(CARTS)
    assert len(found.tags) == (after if believed else before)
    assert bool(found.doubt) is not believed
    assert [type(event) for event in reported] == ([] if believed else [TagListDoubted])


async def test_a_doubt_is_told_once_and_ends_when_the_tags_are_back(observer, registry, reported):
    registry.lists[CARTS] = listing(10)
    await observer.poll(CARTS)
    registry.lists[CARTS] = listing(2)
    assert [await observer.poll(CARTS) for _ in range(3)] == [True, False, False]
    assert len(reported) == 1
    registry.lists[CARTS] = listing(10)
    assert await observer.poll(CARTS) is True, "what was held can go on"
    assert (await observer.tag_list(CARTS)).doubt == ""


async def test_a_short_list_that_stays_for_an_hour_is_believed_also_by_another_process(
    make_observer, registry, clock
):
    registry.lists[CARTS] = listing(10)
    await make_observer().poll(CARTS)
    registry.lists[CARTS] = listing(2)
    for minutes in (0, 30, 29):
        clock.advance(minutes * 60)
        await make_observer().poll(CARTS)
        assert len((await make_observer().tag_list(CARTS)).tags) == 10
    clock.advance(60)
    assert await make_observer().poll(CARTS) is True
    assert (await make_observer().tag_list(CARTS)).tags == ("1.0.0", "1.0.1")


@pytest.mark.parametrize(
    ("minutes", "believed"),
    [(20, [True, True, False]), (61, [True, True, True])],
)
async def test_a_list_that_shrinks_step_by_step_within_the_hour_is_not_believed(
    make_observer, registry, clock, minutes, believed
):
    found = []
    for count in (100, 60, 35):
        registry.lists[CARTS] = listing(count)
        await make_observer().poll(CARTS)
        found.append(not (await make_observer().tag_list(CARTS)).doubt)
        clock.advance(minutes * 60)
    assert found == believed


async def test_what_was_believed_after_an_hour_is_what_the_next_list_is_compared_with(
    observer, registry, clock
):
    for count in (100, 40, 40, 38):
        registry.lists[CARTS] = listing(count)
        await observer.poll(CARTS)
        clock.advance(3600 if count == 40 else 60)
    found = await observer.tag_list(CARTS)
    assert (len(found.tags), found.doubt) == (38, "")


async def test_a_good_list_in_between_begins_the_hour_anew(observer, registry, clock):
    for count in (10, 2, 10):
        registry.lists[CARTS] = listing(count)
        await observer.poll(CARTS)
        clock.advance(3500)
    registry.lists[CARTS] = listing(2)
    await observer.poll(CARTS)
    assert (await observer.tag_list(CARTS)).doubt


def told(**digests):
    entries = {
        tag.replace("_", "."): ListedImage(digest=digest(value)) for tag, value in digests.items()
    }
    return Listing(tags=tuple(entries), told=entries)


async def test_a_list_that_tells_digests_shows_what_moved_under_an_immutable_name(
    observer, registry, reported, clock
):
    registry.lists[CARTS] = told(v1_2_3="a", latest="a", v1="a")
    await observer.poll(CARTS)
    clock.advance(60)
    registry.lists[CARTS] = told(v1_2_3="b", latest="b", v1="b")
    assert await observer.poll(CARTS) is True
    assert [(e.tag, e.from_digest, e.to_digest) for e in reported if isinstance(e, TagMoved)] == [
        ("v1.2.3", digest("a"), digest("b"))
    ]
    moved = (await observer.moved_tags(CARTS))["v1.2.3"]
    assert moved.at == clock.now()


async def test_the_state_of_polls_says_when_a_list_last_changed(observer, registry, clock):
    began = clock.now()
    await observer.poll(CARTS)
    clock.advance(600)
    await observer.poll(CARTS)
    state = (await observer.poll_states([CARTS, USER]))[CARTS]
    assert (state.changed_at, state.polled_at) == (began, began + timedelta(minutes=10))
    registry.images[CARTS]["3"] = digest("d3")
    await observer.poll(CARTS)
    assert (await observer.poll_states([CARTS]))[CARTS].changed_at == clock.now()
