"""CloudEvents as a receiver gets them: the specification's attributes, its JSON format, and what goes wrong with it."""

import json
import re
from datetime import datetime

import pytest

from automator.config.messages import MessageKind
from automator.messages.cloudevents import CloudEvents
from automator.model.event import Level
from tests.servers.scripted import Reply, scripted_registry
from tests.unit.messages.making import URLS, channel, committed, move, trouble

pytestmark = pytest.mark.anyio

TYPES = {
    MessageKind.COMMITTED: "dev.automator.update.committed",
    MessageKind.HELD: "dev.automator.update.held",
    MessageKind.REGISTRY_FAILING: "dev.automator.registry.failing",
    MessageKind.REGISTRY_RECOVERED: "dev.automator.registry.recovered",
    MessageKind.PUSH_REFUSED: "dev.automator.push.refused",
    MessageKind.CONFIG_WRONG: "dev.automator.config.wrong",
    MessageKind.TAG_MOVED: "dev.automator.tag.moved",
}


@pytest.fixture
def receiver():
    with scripted_registry() as server:
        server.script("/events", Reply(status=202))
        yield server


def to(url, **settings):
    ops = channel(cloudevents=url, source="/automator/prod", **settings)
    return CloudEvents(ops, URLS)


async def send(receiver, *occasions, path="/events?token=hush"):
    carrier = to(f"{receiver.url}{path}")
    return [await carrier.send(letter) for letter in carrier.letters(occasions)]


def is_valid(event):
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes"""
    assert event["specversion"] == "1.0"
    for required in ("id", "source", "type"):
        assert isinstance(event[required], str)
        assert event[required]
    for name in event.keys() - {"data"}:
        assert re.fullmatch("[a-z0-9]{1,20}", name)
    assert "subject" not in event or event["subject"]
    assert datetime.fromisoformat(event["time"]).tzinfo is not None
    assert event["datacontenttype"] == "application/json"


@pytest.mark.parametrize("kind", MessageKind)
async def test_every_kind_is_a_valid_event_of_its_type(receiver, kind):
    assert await send(receiver, trouble(kind, Level.ERROR)) == [""]
    [request] = receiver.requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
    event = json.loads(request.body)
    is_valid(event)
    assert (event["type"], event["source"]) == (TYPES[kind], "/automator/prod")


async def test_a_commit_with_its_changes(receiver):
    await send(receiver, committed())
    event = json.loads(receiver.requests[0].body)
    assert event["subject"] == "sock-shop:deployment/carts"
    assert event["time"] == "2026-01-01T12:00:00Z"
    assert event["data"]["link"].startswith("https://github.com/shop/config/commit/1a2b3c4d")
    [change] = event["data"]["changes"]
    assert (change["from_image"], change["to_image"]) == ("shop/carts:1.0.0", "shop/carts:1.1.0")


SUBJECTS = [
    (committed(move(), move("a:deployment/b")), "shop"),
    (trouble(), "ghcr.io/shop/carts"),
    (trouble(MessageKind.TAG_MOVED, tag="1.0"), "ghcr.io/shop/carts:1.0"),
    (trouble(MessageKind.CONFIG_WRONG, image_repository=""), None),
]


@pytest.mark.parametrize(("occasion", "subject"), SUBJECTS)
async def test_subject(receiver, occasion, subject):
    await send(receiver, occasion)
    assert json.loads(receiver.requests[0].body).get("subject") == subject


async def test_each_event_has_its_id_and_keeps_it_when_it_is_sent_again(receiver):
    receiver.script("/events", Reply(status=503), Reply(status=200))
    carrier = to(f"{receiver.url}/events")
    first, second = carrier.letters([trouble(), trouble()])
    assert await carrier.send(first) == "the receiver answered 503"
    assert await carrier.send(first) == ""
    assert await carrier.send(second) == ""
    ids = [json.loads(request.body)["id"] for request in receiver.requests]
    assert ids[0] == ids[1] != ids[2]


REFUSALS = [
    (Reply(status=500, body=b"hush"), "the receiver answered 500"),
    (Reply(status=429), "the receiver answered 429"),
    (Reply.redirect("http://127.0.0.1:1/hush"), "the receiver answered 307"),
    (Reply(reset_after=0), "it could not be sent: "),
    (Reply(raw=b"hush\r\n\r\n"), "it could not be sent: "),
]


@pytest.mark.parametrize(("reply", "why"), REFUSALS)
async def test_what_was_not_taken_is_told_without_a_secret(receiver, reply, why):
    receiver.script("/events", reply)
    [answer] = await send(receiver, trouble())
    assert answer.startswith(why)
    assert "hush" not in answer


async def test_a_token_is_sent_and_shown_nowhere(receiver):
    carrier = to(f"{receiver.url}/events", token="hush")
    [letter] = carrier.letters([trouble()])
    assert await carrier.send(letter) == ""
    assert receiver.requests[0].headers["authorization"] == "Bearer hush"
    assert b"hush" not in letter
    assert "hush" not in repr(channel(cloudevents="https://c", token="hush"))


async def test_nobody_is_there():
    with scripted_registry() as gone:
        pass
    [answer] = await send(gone, trouble())
    assert answer == "it could not be sent: ConnectError"


async def test_texts_are_as_they_were_written(receiver):
    await send(receiver, trouble(error="<!channel>\n\x1b"))
    assert json.loads(receiver.requests[0].body)["data"]["error"] == "<!channel>\n\x1b"
