"""Facts: asked once for ever, newest first, by the registry's own list where there is one, and never waited for too long."""

import math
from datetime import UTC, datetime

import anyio
import pytest

from automator.errors import Unavailable
from automator.model.event import TagMoved
from automator.model.tags import Detail, ImageFacts, ListedImage
from automator.observe.patience import Patience
from tests.unit.observe.conftest import CARTS, digest, wanted_tags

pytestmark = pytest.mark.anyio

BUILT_AT = datetime(2025, 1, 1, tzinfo=UTC)
MANY = tuple(f"t{n:02d}" for n in range(20))


async def test_facts_are_asked_once_for_ever(make_observer, registry, clock):
    learnt = await make_observer().facts(CARTS, wanted_tags("1", "2"))
    assert learnt.known["1"].first_seen_at == clock.now()
    asked = registry.requests
    clock.advance(9999)
    assert await make_observer().facts(CARTS, wanted_tags("1", "2")) == learnt
    assert registry.requests == asked


async def test_tags_of_one_digest_share_its_config_blob(observer, registry):
    registry.images[CARTS] = dict.fromkeys(("1", "1.0", "latest"), digest("same"))
    await observer.facts(CARTS, wanted_tags("1"))
    await observer.facts(CARTS, wanted_tags("1.0", "latest"))
    assert len(registry.asked_for("config")) == 1


async def test_two_that_ask_together_share_the_requests(observer, registry):
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(observer.facts, CARTS, wanted_tags("1", "2"))
    assert sorted(registry.asked_for("facts")) == ["1", "2"]


async def test_a_tag_without_an_image_is_missing_and_not_asked_for_again_at_once(
    observer, registry, clock
):
    assert (await observer.facts(CARTS, wanted_tags("1", "gone"))).missing == {"gone"}
    for _ in range(3):
        assert (await observer.facts(CARTS, wanted_tags("1", "gone"))).missing == {"gone"}
    assert registry.asked_for("facts").count("gone") == 1
    clock.advance(61)
    await observer.facts(CARTS, wanted_tags("gone"))
    assert registry.asked_for("facts").count("gone") == 2


async def test_a_changed_list_asks_again_for_what_was_missing(observer, registry):
    await observer.facts(CARTS, wanted_tags("3"))
    registry.images[CARTS]["3"] = digest("d3")
    await observer.poll(CARTS)
    assert "3" in (await observer.facts(CARTS, wanted_tags("3"))).known


async def test_facts_that_came_before_a_failure_are_kept(observer, registry):
    registry.images[CARTS]["slow"] = Unavailable("timed out")
    with pytest.raises(Unavailable):
        await observer.facts(CARTS, wanted_tags("1", "slow"))
    asked = registry.requests
    await observer.facts(CARTS, wanted_tags("1"))
    assert registry.requests == asked


async def test_a_failure_stops_the_rest(observer, registry):
    registry.images[CARTS] = dict.fromkeys(MANY, Unavailable("down"))
    with pytest.raises(Unavailable):
        await observer.facts(CARTS, wanted_tags(*MANY))
    assert len(registry.asked_for("facts")) <= 4


async def test_a_digest_alone_costs_a_head(observer, registry):
    learnt = await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))
    assert learnt.known["1"].digest == digest("d1")
    assert registry.asked == [("digest", CARTS, "1")]
    more = await observer.facts(CARTS, wanted_tags("1", detail=Detail.FULL))
    assert more.known["1"].detail is Detail.FULL
    assert registry.asked_for("facts") == [digest("d1")], "by digest: what was seen is described"


async def test_the_registry_s_own_list_stands_for_many_requests(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.poll(CARTS)
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest(tag), pushed_at=BUILT_AT) for tag in MANY[:-1]
    }
    learnt = await observer.facts(CARTS, wanted_tags(*MANY))
    assert registry.asked_for("facts") == [MANY[-1]], "the list does not know it"
    assert all(learnt.known[tag].tells_time for tag in MANY)
    assert learnt.known[MANY[0]].pushed_at == BUILT_AT
    assert learnt.known[MANY[0]].detail is Detail.DIGEST


async def test_the_list_is_asked_for_once_for_each_state_of_the_tags(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    for _ in range(2):
        await observer.facts(CARTS, wanted_tags(*MANY[:5]))
    assert len(registry.asked_for("told")) == 1
    await observer.poll(CARTS)
    await observer.facts(CARTS, wanted_tags(*MANY[5:]))
    assert len(registry.asked_for("told")) == 2


async def test_who_waits_for_nothing_asks_for_no_list(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    nothing = Patience(deadline=-math.inf, at_least=0)
    learnt = await observer.facts(CARTS, wanted_tags(*MANY), nothing)
    assert learnt.pending == set(MANY)
    assert registry.asked == []


@pytest.mark.parametrize(("count", "asked"), [(2, 0), (3, 1)])
async def test_a_few_tags_are_not_worth_the_list(observer, registry, count, asked):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.facts(CARTS, wanted_tags(*MANY[:count]))
    assert len(registry.asked_for("told")) == asked


async def test_what_does_not_come_in_time_is_pending_and_finished_later(observer, registry, clock):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    registry.clock, registry.pause = clock, 1.0
    learnt = await observer.facts(
        CARTS, wanted_tags(*MANY), Patience(deadline=clock.monotonic_seconds() + 6)
    )
    assert learnt.pending == set(MANY) - learnt.known.keys()
    assert 6 <= len(learnt.known) < 15
    assert set(observer.unfinished[CARTS].tags) == learnt.pending
    await observer.warm(CARTS)
    assert CARTS not in observer.unfinished
    asked = registry.requests
    assert (await observer.facts(CARTS, wanted_tags(*MANY))).known.keys() == set(MANY)
    assert registry.requests == asked


async def test_the_first_few_are_asked_for_whatever_the_time(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    learnt = await observer.facts(CARTS, wanted_tags(*MANY), Patience(deadline=-math.inf))
    assert learnt.known.keys() == set(MANY[:4])


async def test_a_failure_in_the_middle_of_warming_leaves_what_came(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.facts(CARTS, wanted_tags(*MANY), Patience(deadline=-math.inf))
    registry.images[CARTS]["t10"] = Unavailable("down")
    with pytest.raises(Unavailable):
        await observer.warm(CARTS)
    registry.images[CARTS]["t10"] = digest("t10")
    registry.asked.clear()
    await observer.facts(CARTS, wanted_tags(*MANY))
    assert len(registry.asked_for("facts")) < 16


async def test_a_followed_tag_costs_one_head_each_time(observer, registry):
    assert await observer.follow_tags(CARTS, ["1"]) is True
    assert await observer.follow_tags(CARTS, ["1"]) is False
    registry.images[CARTS]["1"] = digest("d2")
    assert await observer.follow_tags(CARTS, ["1"]) is True
    assert registry.asked == [("digest", CARTS, "1")] * 3
    learnt = await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))
    assert learnt.known["1"].digest == digest("d2")


async def test_a_followed_tag_that_is_gone_is_missing_and_no_failure(observer, registry):
    await observer.follow_tags(CARTS, ["1"])
    del registry.images[CARTS]["1"]
    assert [await observer.follow_tags(CARTS, ["1", "2"]) for _ in range(3)] == [True, False, False]
    assert observer.failure(CARTS) is None
    assert (await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))).missing == {"1"}
    registry.images[CARTS]["1"] = digest("d1")
    assert await observer.follow_tags(CARTS, ["1", "2"]) is True
    assert (await observer.facts(CARTS, wanted_tags("1", detail=Detail.DIGEST))).known.keys() == {
        "1"
    }


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("1.2.3", True),
        ("main-3f2a1bc", True),
        ("20250102", True),
        ("1.2", False),
        ("latest", False),
    ],
)
async def test_a_move_under_an_immutable_name_is_told_once_and_remembered(
    observer, registry, reported, tag, told
):
    registry.images[CARTS][tag] = digest("a")
    await observer.follow_tags(CARTS, [tag])
    registry.images[CARTS][tag] = digest("b")
    for _ in range(3):
        await observer.follow_tags(CARTS, [tag])
    assert [event.tag for event in reported if isinstance(event, TagMoved)] == [tag] * told
    assert (tag in await observer.moved_tags(CARTS)) is told


async def test_a_second_look_is_for_tags_alone_whose_digest_was_known(observer, registry, reported):
    registry.images[CARTS] |= {"1.0.0": digest("a"), "1.0.1": digest("b")}
    await observer.facts(CARTS, wanted_tags("1.0.0"))
    registry.images[CARTS]["1.0.0"] = digest("c")
    registry.asked.clear()
    await observer.look_again(CARTS, ["1.0.0", "1.0.1"])
    assert registry.asked == [("digest", CARTS, "1.0.0")]
    assert [event.to_digest for event in reported] == [digest("c")]


async def test_what_was_looked_at_is_newer_than_what_a_list_told(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.poll(CARTS)
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest("old"), pushed_at=BUILT_AT) for tag in MANY
    }
    await observer.facts(CARTS, wanted_tags(*MANY))
    await observer.follow_tags(CARTS, ["t01"])
    learnt = await observer.facts(CARTS, wanted_tags(*MANY[:3], detail=Detail.DIGEST))
    assert learnt.known["t01"].digest == digest("t01")
    assert learnt.known["t02"].digest == digest("old")


async def test_a_described_image_keeps_the_push_time_that_the_list_told(observer, registry):
    registry.images[CARTS] = {tag: digest(tag) for tag in MANY}
    await observer.poll(CARTS)
    registry.facts[digest("t00")] = ImageFacts(digest=digest("t00"), created_at=BUILT_AT)
    pushed_at = datetime(2025, 2, 2, tzinfo=UTC)
    registry.told[CARTS] = {
        tag: ListedImage(digest=digest(tag), pushed_at=pushed_at) for tag in MANY
    }
    await observer.facts(CARTS, wanted_tags(*MANY))
    described = (await observer.facts(CARTS, wanted_tags("t00"))).known["t00"]
    assert (described.created_at, described.pushed_at) == (BUILT_AT, pushed_at)


async def test_who_has_no_patience_at_all_asks_nothing_and_leaves_it_for_later(observer, registry):
    registry.told[CARTS] = {tag: ListedImage(digest=digest(tag)) for tag in MANY}
    learnt = await observer.facts(
        CARTS, wanted_tags(*MANY), Patience(deadline=-math.inf, at_least=0)
    )
    assert (registry.requests, learnt.known, learnt.pending) == (0, {}, set(MANY))
    assert observer.unfinished[CARTS].tags == MANY
