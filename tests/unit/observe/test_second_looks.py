"""What could not be had, or is not what it was, is looked at again; nothing is held for ever by one bad answer."""

import math
from datetime import UTC, datetime
from functools import partial

import anyio
import pytest

from automator.errors import NotFound, StoreError, Unavailable
from automator.model.event import TagMoved
from automator.model.image import ImageRepository
from automator.model.tags import Detail, ListedImage, Listing
from automator.observe.patience import Patience
from tests.unit.observe.conftest import CARTS, USER, digest, wanted_tags

pytestmark = pytest.mark.anyio

MANY = tuple(f"t{n:02d}" for n in range(20))
PUSHED_AT = datetime(2025, 1, 1, tzinfo=UTC)
IN_NO_TIME = Patience(deadline=-math.inf)


async def test_a_fact_that_failed_is_due_once(observer, registry):
    registry.images[CARTS]["1"] = Unavailable("down")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await observer.facts(CARTS, wanted_tags("1"))
        assert [observer.take_due(CARTS), observer.take_due(CARTS)] == [True, False]
    assert not observer.take_due(USER)


async def test_an_absence_is_due_after_a_pause_that_doubles_to_a_day(observer, clock):
    for seconds in (60, 120, 240, 480, *(60 * 2**n for n in range(4, 11)), 86400, 86400):
        assert (await observer.facts(CARTS, wanted_tags("gone"))).missing == {"gone"}
        clock.advance(seconds - 1)
        assert not observer.take_due(CARTS)
        clock.advance(1)
        assert [observer.take_due(CARTS), observer.take_due(CARTS)] == [True, False]


async def test_an_absence_that_ended_begins_anew_with_a_minute(observer, registry, clock):
    for _ in range(3):
        await observer.facts(CARTS, wanted_tags("3"))
        clock.advance(300)
    registry.images[CARTS]["3"] = digest("d3")
    assert "3" in (await observer.facts(CARTS, wanted_tags("3"))).known
    registry.images[CARTS].pop("3")
    await observer.follow_tags(CARTS, ["3"])
    clock.advance(60)
    assert observer.take_due(CARTS)


async def test_what_one_list_brings_is_met_at_one_time(make_observer, registry, clock):
    """Else the names that are asked for last, the lowest, would look newest."""
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    listed_at = clock.now()
    await make_observer().poll(CARTS)
    registry.clock, registry.pause = clock, 5.0
    observer = make_observer()
    await observer.facts(CARTS, wanted_tags(*MANY), IN_NO_TIME)
    registry.images[CARTS]["t20"] = digest("t20")
    await observer.poll(CARTS)
    later = (await observer.poll_states([CARTS]))[CARTS].changed_at
    learnt = await observer.facts(CARTS, wanted_tags(*MANY, "t20"))
    met = {tag: facts.first_seen_at for tag, facts in learnt.known.items()}
    assert met == dict.fromkeys(MANY, listed_at) | {"t20": later}
    assert later > listed_at


async def test_an_image_that_a_tag_moved_to_is_met_when_it_is_seen(observer, registry, clock):
    await observer.poll(CARTS)
    await observer.facts(CARTS, wanted_tags("1"))
    clock.advance(500)
    registry.images[CARTS]["1"] = digest("new")
    await observer.follow_tags(CARTS, ["1"])
    learnt = await observer.facts(CARTS, wanted_tags("1"))
    assert learnt.known["1"].first_seen_at == clock.now()


async def test_a_tag_that_is_back_in_the_list_is_looked_at_anew_and_its_move_told(
    observer, registry, reported
):
    registry.images[CARTS] = {"1.0.0": digest("a"), "1.0.1": digest("b"), "1.0.2": digest("c")}
    await observer.poll(CARTS)
    await observer.facts(CARTS, wanted_tags("1.0.0", "1.0.1"))
    registry.images[CARTS].pop("1.0.0")
    await observer.poll(CARTS)
    known = (await observer.facts(CARTS, wanted_tags("1.0.0"))).known
    assert known["1.0.0"].digest == digest("a"), "what is in use may be known by that alone"
    registry.images[CARTS]["1.0.0"] = digest("z")
    await observer.poll(CARTS)
    assert reported == []
    known = (await observer.facts(CARTS, wanted_tags("1.0.0", "1.0.1"))).known
    assert (known["1.0.0"].digest, known["1.0.1"].digest) == (digest("z"), digest("b"))
    assert [(e.tag, e.from_digest, e.to_digest) for e in reported] == [
        ("1.0.0", digest("a"), digest("z"))
    ]
    assert registry.asked_for("facts").count("1.0.1") == 1


async def test_what_a_list_told_of_a_tag_leaves_it_with_the_tag(observer, registry, reported):
    tags = ("1.0.0", "1.0.1", "1.0.2", "1.0.3")
    registry.images[CARTS] = {tag: digest(tag) for tag in tags}
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest(tag), pushed_at=PUSHED_AT) for tag in tags
    }
    await observer.poll(CARTS)
    await observer.facts(CARTS, wanted_tags(*tags))
    registry.images[CARTS].pop("1.0.0")
    await observer.poll(CARTS)
    gone = (await observer.facts(CARTS, wanted_tags("1.0.0", detail=Detail.DIGEST))).known["1.0.0"]
    assert gone.pushed_at == PUSHED_AT
    registry.told[CARTS].pop("1.0.0")
    await observer.facts(CARTS, wanted_tags("a", "b", "c"))
    assert registry.asked[-4] == ("told", CARTS, 3)
    registry.images[CARTS]["1.0.0"] = digest("z")
    await observer.poll(CARTS)
    back = (await observer.facts(CARTS, wanted_tags("1.0.0"))).known["1.0.0"]
    assert (back.digest, back.pushed_at) == (digest("z"), None)
    assert [event.tag for event in reported if isinstance(event, TagMoved)] == ["1.0.0"]


async def test_a_tag_that_is_gone_is_missing_whatever_a_list_told_of_it(observer, registry):
    registry.lists[CARTS] = Listing(tags=("1",), told={"1": ListedImage(digest=digest("d1"))})
    await observer.poll(CARTS)
    registry.images[CARTS].pop("1")
    assert [await observer.follow_tags(CARTS, ["1"]) for _ in range(2)] == [True, False]
    assert (await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))).missing == {"1"}


async def test_the_registry_s_own_list_is_waited_for_by_all_who_need_it(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest(tag), pushed_at=PUSHED_AT) for tag in MANY
    }
    await observer.poll(CARTS)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(partial(observer.facts, CARTS, wanted_tags(*MANY), seen=()))
    assert registry.asked == [("tags", CARTS), ("told", CARTS, 0)]


async def test_a_list_of_times_that_failed_once_is_asked_for_again(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.poll(CARTS)
    registry.told[CARTS] = Unavailable("down")
    with pytest.raises(Unavailable):
        await observer.facts(CARTS, wanted_tags(*MANY))
    assert observer.take_due(CARTS)
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest(tag), pushed_at=PUSHED_AT) for tag in MANY
    }
    assert (await observer.facts(CARTS, wanted_tags(*MANY))).known.keys() == set(MANY)
    assert registry.asked_for("facts") == []


async def test_patience_may_be_used_up(observer, registry):
    patience = Patience(deadline=-math.inf, at_least=0)
    assert (await observer.facts(CARTS, wanted_tags("1"), patience)).pending == {"1"}
    assert registry.asked == []


async def test_a_slow_host_holds_up_no_other(observer, registry):
    other = ImageRepository("other.example.com", "shop/carts")
    registry.images |= {CARTS: {tag: digest(tag) for tag in MANY}, other: {"1": digest("d1")}}
    fetch, answer = registry.fetch_facts, anyio.Event()

    async def slow(repository, reference, **how):
        if repository == CARTS:
            await answer.wait()
        return await fetch(repository, reference, **how)

    registry.fetch_facts = slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(observer.facts, CARTS, wanted_tags(*MANY))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(10):
            assert "1" in (await observer.facts(other, wanted_tags("1"))).known
        answer.set()


async def test_few_tags_are_asked_for_while_many_are_finished(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in (*MANY, "latest")}
    await observer.facts(CARTS, wanted_tags(*MANY), IN_NO_TIME)
    fetch, answer, asked = registry.fetch_facts, anyio.Event(), anyio.Event()

    async def slow(repository, reference, **how):
        if reference == MANY[4]:
            asked.set()
            await answer.wait()
        return await fetch(repository, reference, **how)

    registry.fetch_facts = slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(observer.warm, CARTS)
        await asked.wait()
        assert "latest" in (await observer.facts(CARTS, wanted_tags("latest"), IN_NO_TIME)).known
        answer.set()


async def test_a_digest_that_is_gone_does_not_hide_its_tag(observer, registry, clock):
    await observer.poll(CARTS)
    await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))
    clock.advance(500)
    registry.images[CARTS] |= {"1": digest("new"), digest("d1"): NotFound("collected")}
    known = (await observer.facts(CARTS, wanted_tags("1"))).known
    assert (known["1"].digest, known["1"].first_seen_at) == (digest("new"), clock.now())


@pytest.mark.parametrize("ask", ["refresh", "facts"])
async def test_a_store_that_fails_is_told_as_itself(observer, registry, ask):
    trouble = StoreError("the disk is full")
    registry.lists[CARTS] = registry.images[CARTS]["1"] = trouble
    asked = {
        "refresh": partial(observer.refresh, [CARTS, USER], older_than=None),
        "facts": partial(observer.facts, CARTS, wanted_tags("1", "2")),
    }
    with pytest.raises(StoreError):
        await asked[ask]()
