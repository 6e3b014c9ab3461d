"""The observer: asks only what it does not know; a failure is never "no tags"."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from automator.errors import NotFound, Unavailable
from automator.model.image import Digest, ImageRepository
from automator.model.tags import ImageFacts
from automator.observe.observer import Observer
from automator.store.store import Store

pytestmark = pytest.mark.anyio

CARTS = ImageRepository("r.example.com", "shop/carts")
USER = ImageRepository("r.example.com", "shop/user")


class Clock:
    def __init__(self):
        self.at = datetime(2024, 1, 1, tzinfo=UTC)

    def now(self):
        return self.at

    def monotonic_seconds(self):
        return self.at.timestamp()

    async def sleep(self, seconds):
        self.at += timedelta(seconds=seconds)


class FakeRegistry:
    """Answers from a dict of tags to digests; whatever is an exception is raised. Counts what it is asked."""

    def __init__(self, images):
        self.images = images
        self.asked = []

    @property
    def requests(self):
        return len(self.asked)

    async def fetch_tags(self, repository):
        self.asked.append(("tags", repository))
        await anyio.lowlevel.checkpoint()
        answer = self.images[repository]
        if isinstance(answer, Exception):
            raise answer
        return tuple(answer)

    async def fetch_digest(self, repository, tag):
        self.asked.append(("digest", repository, tag))
        return Digest(self.images[repository][tag])

    async def fetch_facts(self, repository, reference, *, with_platforms):
        assert with_platforms
        self.asked.append(("facts", repository, reference))
        await anyio.lowlevel.checkpoint()
        tags = self.images[repository]
        if isinstance(tags.get(reference), Exception):
            raise tags[reference]
        return ImageFacts(digest=Digest(tags.get(reference, reference)))


@pytest.fixture
def registry():
    return FakeRegistry({CARTS: {"1": "d1", "2": "d2"}, USER: {"1": "d9"}})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def observer(registry, clock, tmp_path):
    with Store.open(tmp_path / "store.db") as store:
        yield Observer(registry=registry, store=store, clock=clock)


async def test_what_was_listed_is_not_asked_again_until_it_is_old(observer, registry, clock):
    first = await observer.refresh([CARTS, USER], older_than=None)
    assert (first.polled, first.requests, first.changed) == (2, 2, {CARTS, USER})
    assert (await observer.refresh([CARTS, USER], older_than=None)).polled == 0
    clock.at += timedelta(minutes=1)
    second = await observer.refresh([CARTS], older_than=clock.now())
    assert (second.polled, second.changed) == (1, frozenset())
    assert registry.requests == 3


async def test_one_failure_stops_no_other_and_is_no_empty_list(observer, registry, clock):
    await observer.refresh([CARTS, USER], older_than=None)
    registry.images[CARTS] = Unavailable("down")
    clock.at += timedelta(minutes=1)
    failed = await observer.refresh([CARTS, USER], older_than=clock.now())
    assert set(failed.failed) == {CARTS}
    assert str(observer.failure(CARTS)) == "down"
    assert observer.failure(USER) is None
    assert (await observer.tag_list(CARTS)).tags == ("1", "2")


async def test_a_failure_ends_with_the_next_good_poll(observer, registry):
    good = registry.images[CARTS]
    registry.images[CARTS] = Unavailable("down")
    with pytest.raises(Unavailable):
        await observer.poll(CARTS)
    registry.images[CARTS] = good
    assert await observer.poll(CARTS) is True
    assert observer.failure(CARTS) is None


async def test_two_that_ask_together_make_one_request(observer, registry):
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(lambda: observer.refresh([CARTS], older_than=None))
    assert registry.asked == [("tags", CARTS)]


async def test_facts_are_asked_once_for_ever(observer, registry, clock):
    facts = await observer.facts(CARTS, ["1", "2"])
    assert facts["1"].first_seen_at == clock.now()
    asked = registry.requests
    assert await observer.facts(CARTS, ["1", "2"]) == facts
    assert registry.requests == asked == 2


async def test_a_tag_without_an_image_is_left_out(observer, registry):
    registry.images[CARTS]["gone"] = NotFound("no manifest")
    assert set(await observer.facts(CARTS, ["1", "gone"])) == {"1"}


async def test_facts_that_came_before_a_failure_are_kept(observer, registry):
    registry.images[CARTS]["slow"] = Unavailable("timed out")
    with pytest.raises(Unavailable):
        await observer.facts(CARTS, ["1", "slow"])
    asked = registry.requests
    await observer.facts(CARTS, ["1"])
    assert registry.requests == asked


async def test_a_followed_tag_costs_one_head_and_facts_only_when_it_moved(observer, registry):
    assert await observer.follow_tags(CARTS, ["1"]) is True
    assert await observer.follow_tags(CARTS, ["1"]) is False
    registry.images[CARTS]["1"] = "d2"
    await observer.facts(CARTS, ["2"])
    registry.asked.clear()
    assert await observer.follow_tags(CARTS, ["1"]) is True
    assert registry.asked == [("digest", CARTS, "1")], "the new digest was known already"
