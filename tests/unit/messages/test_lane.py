"""One way out: order, retries and their end, what overflows, what is left at the end, digests."""

import anyio
import anyio.lowlevel
import pytest

from automator.messages.lane import (
    BURST_SECONDS,
    LONGEST_QUEUE,
    PAUSES_SECONDS,
    REGISTRIES_SECONDS,
    Lane,
    MessageFailed,
)
from automator.messages.occasion import occasion_of
from automator.model.event import BugMet
from tests.servers.clocks import ManualClock
from tests.unit.messages.making import NOW, Notebook, channel, committed, held_event, trouble

pytestmark = pytest.mark.anyio


def numbered(count):
    return [committed(subject=str(number)) for number in range(count)]


async def run(lane, *, until):
    """The events that it reports until `until()` is true."""
    told = []
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.run, told.append)
            for _ in range(10_000):
                await anyio.lowlevel.checkpoint()
                if until():
                    break
            for _ in range(20):  # what it does after that
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    return told


def failed(messages, error):
    return MessageFailed(channel="ops", messages=messages, error=error)


async def test_messages_go_out_in_order_after_a_burst():
    notebook, clock = Notebook(), ManualClock()
    lane = Lane(channel(), notebook, clock)
    for one in numbered(3):
        lane.offer(one)
    assert await run(lane, until=lambda: len(notebook.tried) == 3) == []
    assert notebook.tried == [b"0", b"1", b"2"]
    assert clock.slept == [BURST_SECONDS]


async def test_a_message_that_is_not_taken_is_tried_again_before_the_next_one():
    notebook, clock = Notebook("down", "down"), ManualClock()
    lane = Lane(channel(), notebook, clock)
    for one in numbered(2):
        lane.offer(one)
    assert await run(lane, until=lambda: len(notebook.tried) == 4) == []
    assert notebook.tried == [b"0", b"0", b"0", b"1"]
    assert clock.slept == [BURST_SECONDS, *PAUSES_SECONDS[:2]]


async def test_after_five_tries_in_ten_minutes_it_is_given_up_and_told():
    notebook, clock = Notebook(*["answered 500"] * 5), ManualClock()
    lane = Lane(channel(), notebook, clock)
    for one in numbered(2):
        lane.offer(one)
    told = await run(lane, until=lambda: len(notebook.tried) == 6)
    assert told == [failed(1, "answered 500")]
    assert notebook.tried == [b"0"] * 5 + [b"1"]
    assert 540 <= sum(clock.slept) <= 660


async def test_what_comes_while_a_message_is_tried_is_not_forgotten():
    notebook, clock = Notebook("down"), ManualClock()
    lane = Lane(channel(), notebook, clock)
    lane.offer(committed(subject="first"))

    def until():
        if len(notebook.tried) == 1:
            lane.offer(committed(subject="second"))
        return b"second" in notebook.tried

    await run(lane, until=until)
    assert notebook.tried[:2] == [b"first", b"first"]


async def test_where_too_many_wait_the_oldest_are_dropped_and_told():
    notebook = Notebook()
    lane = Lane(channel(), notebook, ManualClock())
    for one in numbered(LONGEST_QUEUE + 3):
        lane.offer(one)
    told = await run(lane, until=lambda: len(notebook.tried) == LONGEST_QUEUE)
    assert told == [failed(3, "too many were waiting")]
    assert notebook.tried[0] == b"3"


async def test_what_the_channel_does_not_want_never_waits():
    notebook = Notebook()
    lane = Lane(channel(namespace="payment"), notebook, ManualClock())
    lane.offer(committed())
    await lane.finish(print)
    assert notebook.tried == []


async def test_a_digest_waits_and_takes_what_came():
    notebook, clock = Notebook(), ManualClock()
    lane = Lane(channel(digest="10m"), notebook, clock)
    lane.offer(committed(subject="first"))
    await run(lane, until=lambda: notebook.tried)
    assert sum(clock.slept) == 600


async def test_a_registry_s_image_repositories_are_waited_for_unless_there_is_more_to_tell():
    notebook, clock = Notebook(), ManualClock()
    lane = Lane(channel(), notebook, clock)
    lane.offer(trouble(subject="down"))
    await run(lane, until=lambda: notebook.tried)
    assert sum(clock.slept) == REGISTRIES_SECONDS
    lane.offer(trouble(subject="down"))
    lane.offer(committed(subject="pushed"))
    await run(lane, until=lambda: len(notebook.tried) == 3)
    assert sum(clock.slept) == REGISTRIES_SECONDS + BURST_SECONDS


async def test_held_changes_of_a_pass_are_one_in_the_queue():
    notebook, clock = Notebook(), ManualClock()
    lane = Lane(channel(about=["held"]), notebook, clock)
    for number in range(LONGEST_QUEUE + 3):
        lane.offer(occasion_of(held_event(f"shop:deployment/{number}"), NOW))
    assert await run(lane, until=lambda: notebook.tried) == []
    assert len(notebook.tried) == 1


async def test_one_that_is_closed_delivers_what_it_has_at_once_and_ends():
    notebook, clock = Notebook("down"), ManualClock()
    lane = Lane(channel(digest="1d"), notebook, clock)
    lane.offer(committed(subject="first"))
    lane.close()
    with anyio.fail_after(10):
        await lane.run(print)
    assert notebook.tried == [b"first", b"first"]
    assert clock.slept == [PAUSES_SECONDS[0]]


async def test_one_that_is_closed_while_it_waits_for_news_ends():
    lane = Lane(channel(), Notebook(), ManualClock())
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.run, print)
            await anyio.lowlevel.checkpoint()
            lane.close()


async def test_at_the_end_each_is_tried_once():
    notebook = Notebook("down")
    lane = Lane(channel(), notebook, ManualClock())
    for one in numbered(2):
        lane.offer(one)
    told = []
    await lane.finish(told.append)
    assert notebook.tried == [b"0", b"1"]
    assert told == [failed(1, "down")]


async def test_what_there_is_no_time_for_is_told():
    lane = Lane(channel(), Notebook(), ManualClock())
    for one in numbered(2):
        lane.offer(one)
    told = []
    lane.abandon(told.append, "automator ended")
    lane.abandon(told.append, "automator ended")
    assert told == [failed(2, "automator ended")]


async def test_a_bug_at_the_end_is_told_and_the_end_goes_on():
    lane = Lane(channel(), Broken(), ManualClock())
    lane.offer(committed(subject="bad"))
    told = []
    await lane.finish(told.append)
    assert [type(event) for event in told] == [BugMet, MessageFailed]


SECRET = "hush"


class Broken(Notebook):
    def letters(self, occasions):
        if occasions[0].subject == "bad":
            raise KeyError(SECRET)
        return super().letters(occasions)

    async def send(self, letter):
        if letter == b"slow":
            await anyio.sleep_forever()
        return await super().send(letter)


async def test_a_bug_costs_a_message_and_not_the_lane():
    notebook = Broken()
    lane = Lane(channel(), notebook, ManualClock())
    lane.offer(committed(subject="bad"))
    told = await run(lane, until=lambda: not lane.is_waiting)
    lane.offer(committed(subject="good"))
    await run(lane, until=lambda: notebook.tried)
    assert isinstance(told[0], BugMet)
    assert "KeyError" in told[0].traceback
    assert "hush" not in repr(told)
    assert told[1] == failed(1, "internal error: KeyError")


async def test_a_try_that_takes_too_long_is_a_try(monkeypatch):
    monkeypatch.setattr("automator.messages.lane.SEND_SECONDS", 0.01)
    lane = Lane(channel(), Broken(), ManualClock())
    lane.offer(committed(subject="slow"))
    told = []
    with anyio.fail_after(10):
        await lane.finish(told.append)
    assert told == [failed(1, "it took too long")]
