"""Pages hear of news as they come, through a real server."""

from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from automator.web import live
from tests.servers.clocks import ManualClock
from tests.unit.web.making import open_shop

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def listening(url, **headers):
    """The blocks of the stream, one at a time."""
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("GET", f"{url}/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield blocks(answer)


async def blocks(answer):
    block = []
    async for line in answer.aiter_lines():
        if line:
            block.append(line)
        else:
            yield block
            block = []


@pytest.fixture
async def url(shop):
    async with shop.served() as url:
        yield url


async def test_the_board_is_told_at_once_and_again_when_it_has_news(shop, url):
    async with listening(url) as events:
        assert (await anext(events))[0].startswith("retry:")
        version = shop.desk.board.version
        edition, name, data = await anext(events)
        assert (name, data) == ("event: board", f'data: {{"version": {version}}}')
        assert edition == f"id: {shop.desk.board.edition}"
        await shop.look()
        assert (await anext(events))[2] == f'data: {{"version": {version + 1}}}'


async def test_who_has_seen_it_hears_of_what_is_new_alone(shop, url):
    seen = {"last-event-id": shop.desk.board.edition}
    async with listening(url, **seen) as events:
        await anext(events)
        await shop.look()
        assert (await anext(events))[2] == f'data: {{"version": {shop.desk.board.version}}}'


async def test_another_daemon_has_other_ids_for_the_same_version(shop, url, tmp_path):
    (tmp_path / "other").mkdir()
    async with open_shop(tmp_path / "other") as other:
        assert other.desk.board.version == shop.desk.board.version
        async with listening(url, **{"last-event-id": other.desk.board.edition}) as events:
            await anext(events)
            assert (await anext(events))[1] == "event: board"


async def test_streams_end_with_the_daemon_and_leave_nothing_behind(shop):
    async with shop.served() as url, listening(url) as events:
        await anext(events)
        await anext(events)
        shop.desk.board.close()
        assert [block async for block in events] == []


async def test_whoever_goes_makes_room_for_others(shop, monkeypatch):
    monkeypatch.setattr(live, "_MOST_STREAMS", 1)
    async with shop.served() as url, httpx.AsyncClient() as client:
        async with listening(url) as events:
            await anext(events)
            refused = await client.get(f"{url}/events")
            assert (refused.status_code, refused.json()["hint"]) == (
                503,
                "reload the page now and then",
            )
        with anyio.fail_after(10):
            while True:
                async with client.stream("GET", f"{url}/events") as answer:
                    if answer.status_code == 200:
                        break


async def test_a_stream_beats_while_there_is_no_news_and_has_an_end():
    class Still:
        """A board without news, where waiting takes as long as it may."""

        edition, version, closed = "one", 1, False

        async def wait_for_news(self, after, *, at_most_seconds):
            clock.advance(at_most_seconds)
            return after

    clock = ManualClock()
    told = [block async for block in live.Live(Still(), clock)._stream("one")]
    assert told == ["retry: 2000\n\n", *[": still here\n\n"] * 40]
    assert clock.monotonic_seconds() == 600


async def test_a_page_that_only_asks_for_the_head_is_not_kept(nobody):
    assert (await nobody.head("/events")).status_code == 200
