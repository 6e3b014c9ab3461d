"""The whole way of a message: from an event to the channels, none of which waits for another."""

import json
from datetime import timedelta

import anyio
import pytest

from automator.clock import SystemClock
from automator.errors import PushRejected
from automator.messages import lane, messenger
from automator.messages.messenger import Messenger
from automator.model.event import CommitPushed, ConfigReloaded, PassFinished
from automator.report.sinks import Reporter
from automator.survey.news import pass_failed
from tests.servers.scripted import Reply, scripted_registry
from tests.unit.messages.making import COMMIT, NOW, URLS, channel

pytestmark = pytest.mark.anyio

PUSHED = CommitPushed(
    config_repo="shop", commit=COMMIT, subject="Update x", changes=1, took=timedelta(0)
)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(lane, "BURST_SECONDS", 0.01)
    monkeypatch.setattr(lane, "PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr(messenger, "LAST_SECONDS", 1.0)


@pytest.fixture
def server():
    with scripted_registry() as server:
        server.script("/quick", Reply())
        server.script("/hush", Reply(never=True))
        yield server


def open_messenger(*channels):
    return Messenger(channels, URLS, clock=SystemClock())


async def run_until(messages, is_enough):
    """What was reported."""
    told = []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(messages.run, told.append)
            while not is_enough(told):  # noqa: ASYNC110 - a server in a thread has no Event
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    return told


async def test_a_channel_that_hangs_holds_up_no_other_and_not_the_end(server):
    messages = open_messenger(
        channel(name="hangs", url=None, cloudevents=f"{server.url}/hush"),
        channel(name="hangs-too", url=f"json://{server.host}/hush"),
        channel(name="quick", url=None, cloudevents=f"{server.url}/quick"),
    )
    Reporter([messages]).emit(PUSHED)
    told = await run_until(
        messages, lambda _: server.requests_for("/quick") and len(server.requests_for("/hush")) == 2
    )
    assert [json.loads(one.body)["data"]["commit"] for one in server.requests_for("/quick")] == [
        COMMIT
    ]
    assert sorted((one.channel, one.error) for one in told) == [
        ("hangs", "automator ended before they were delivered"),
        ("hangs-too", "automator ended before they were delivered"),
    ]


async def test_what_waits_at_the_end_is_delivered(server, monkeypatch):
    monkeypatch.setattr(messenger, "LAST_SECONDS", 60)  # a busy machine starts a child slowly
    messages = open_messenger(
        channel(url=None, cloudevents=f"{server.url}/quick"),
        channel(name="digest", url=f"json://{server.host}/quick", digest="1h"),
    )
    messages.receive(PUSHED)
    assert await run_until(messages, lambda _: server.requests) == []
    assert len(server.requests_for("/quick")) == 2


async def test_a_program_that_ends_at_once_delivers_too(server):
    messages = open_messenger(channel(url=None, cloudevents=f"{server.url}/quick"))
    messages.receive(PUSHED)
    await messages.finish(print)
    assert len(server.requests) == 1


async def test_every_url_of_a_channel_is_tried_by_itself(server):
    server.script("/hush", Reply(status=500))
    urls = f"json://{server.host}/hush json://{server.host}/quick"
    messages = open_messenger(channel(url=urls))
    messages.receive(PUSHED)
    told = await run_until(messages, lambda told: told and server.requests_for("/quick"))
    assert len(server.requests_for("/quick")) == 1
    assert len(server.requests_for("/hush")) == 2
    [failed] = told
    assert (failed.channel, failed.error) == ("ops", "the service answered 500")
    assert "hush" not in repr(told)


async def test_other_events_are_no_message(server):
    messages = open_messenger(channel(url=None, cloudevents=f"{server.url}/quick"))
    messages.receive(ConfigReloaded())
    await messages.finish(print)
    assert server.requests == []


async def test_no_channels_are_no_work():
    messages = open_messenger()
    messages.receive(PUSHED)
    with anyio.fail_after(5):
        await messages.run(print)


def refused(config_repo):
    return pass_failed(config_repo, PushRejected("no", rule=True), retry_at=NOW, took=timedelta(0))


def finished(config_repo):
    return PassFinished(
        config_repo=config_repo,
        at=NOW,
        workloads={},
        behind=0,
        behind_versions=0,
        most_behind_versions=0,
        behind_for=None,
        took=timedelta(0),
    )


async def test_a_refused_push_is_told_again_only_after_a_pass_that_succeeded(server):
    messages = open_messenger(channel(url=None, cloudevents=f"{server.url}/quick"))
    for event in (
        refused("a"),
        refused("a"),
        refused("b"),
        finished("a"),
        refused("a"),
        refused("b"),
    ):
        messages.receive(event)
    await messages.finish(print)
    assert [json.loads(one.body)["subject"] for one in server.requests] == ["a", "b", "a"]
