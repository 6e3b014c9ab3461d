"""How many pages are read, and what is made of them."""

from datetime import UTC, datetime, timedelta

import pytest

from automator.errors import Denied, RegistryError, Throttled
from automator.model.tags import ListedImage
from automator.registry.shortcuts.paging import MOST_PAGES, read_newest

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def listed(*days):
    """Tags that are named for the day of their push."""
    return {
        str(day): ListedImage(digest=f"sha256:{day:064}", pushed_at=NOW - timedelta(days=50 - day))
        for day in days
    }


class Pages:
    """`read` is how many were read; an error among them is raised."""

    def __init__(self, *pages):
        self.read = 0
        self._pages = pages

    async def __call__(self):
        for page in self._pages:
            self.read += 1
            if isinstance(page, RegistryError):
                raise page
            yield page


async def read(pages, known):
    return await read_newest(pages(), known, now=NOW)


@pytest.mark.parametrize(
    ("known", "pages_read"),
    [
        pytest.param([], 3, id="nothing known"),
        pytest.param([6, 5, 4, 3, 2, 1], 1, id="everything known"),
        pytest.param([5, 4, 3, 2, 1], 1, id="one is new"),
        pytest.param([4, 3, 2, 1], 2, id="a page is new"),
        pytest.param([6, 4, 3, 2, 1], 2, id="the last of a page is not known"),
        pytest.param([9], 3, id="one is gone"),
    ],
)
async def test_reading_ends_with_a_page_whose_last_tag_is_known(known, pages_read):
    pages = Pages(listed(6, 5), listed(4, 3), listed(2, 1))
    assert await read(pages, listed(*known)) == listed(*known) | listed(6, 5, 4, 3, 2, 1)
    assert pages.read == pages_read


async def test_a_known_tag_with_another_digest_is_news():
    moved = {"5": ListedImage(digest="sha256:old", pushed_at=listed(5)["5"].pushed_at)}
    pages = Pages(listed(6, 5), listed(4, 3))
    assert (await read(pages, listed(6, 4, 3) | moved))["5"] == listed(5)["5"]
    assert pages.read == 2


@pytest.mark.parametrize("days", [(1, 2), (3, 3)], ids=["oldest first", "one tag"])
async def test_where_the_oldest_are_first_everything_is_read(days):
    pages = Pages(listed(*days), listed(9))
    await read(pages, listed(1, 2))
    assert pages.read == 2


async def test_without_times_everything_is_read():
    silent = {"1": ListedImage(digest="sha256:x")}
    pages = Pages(silent, listed(9))
    await read(pages, silent)
    assert pages.read == 2


async def test_a_page_without_tags_is_passed_over():
    pages = Pages({}, listed(1))
    assert await read(pages, {}) == listed(1)


async def test_what_was_pushed_while_pages_are_read_is_told_once():
    pages = Pages(listed(6, 5), listed(5, 4))
    assert await read(pages, {}) == listed(6, 5, 4)


async def test_pages_that_repeat_are_not_read_on():
    pages = Pages(listed(6, 5), listed(6, 5), listed(4))
    assert await read(pages, {}) == listed(6, 5)
    assert pages.read == 2


async def test_no_more_than_so_many_pages_are_read():
    pages = Pages(listed(6), *({} for _ in range(MOST_PAGES)))
    assert await read(pages, {}) == listed(6)
    assert pages.read == MOST_PAGES


@pytest.mark.parametrize("error", [Denied("no"), Throttled("later", retry_after=None)], ids=repr)
async def test_a_later_page_that_fails_costs_only_itself(error):
    assert await read(Pages(listed(6, 5), error), listed(1)) == listed(6, 5, 1)
    with pytest.raises(type(error)):
        await read(Pages(error), listed(1))


@pytest.mark.parametrize(
    ("pushed_at", "is_kept"),
    [
        (datetime(2012, 12, 31, tzinfo=UTC), False),
        (datetime(2013, 1, 1, tzinfo=UTC), True),
        (NOW + timedelta(minutes=4), True),
        (NOW + timedelta(minutes=6), False),
    ],
    ids=str,
)
async def test_a_push_time_that_cannot_be_is_not_told(pushed_at, is_kept):
    told = await read(Pages({"1": ListedImage(digest="sha256:x", pushed_at=pushed_at)}), {})
    assert told["1"].pushed_at == (pushed_at if is_kept else None)
    assert told["1"].digest == "sha256:x"
