"""Connections that break at every place of an answer: half an answer is none, and the next attempt mends it."""

import pytest

from automator.errors import ProtocolViolation, Unavailable
from automator.model.image import ImageRepository
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
WHOLE = Reply.json({"name": "shop/carts", "tags": ["1.0", "1.1"]})
CHUNKED = Reply(pieces=lambda: iter([b'{"tags": ["1.0", ', b'"1.1"]}']))
TAGS = ("1.0", "1.1")


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


def wire(reply):
    return b"".join(reply.wire())


def places(reply, **named):
    """Offsets by name: `named` are after the first byte of these; the head's own are always there."""
    data = wire(reply)
    head = data.index(b"\r\n\r\n")
    offsets = {
        "before any byte": 0,
        "in the status line": 5,
        "after the status line": data.index(b"\r\n") + 2,
        "in the headers": head - 5,
        "before the end of the headers": head + 2,
        "after the headers": head + 4,
        "one byte before the end": len(data) - 1,
    }
    offsets |= {name: data.index(sought, head) + 1 for name, sought in named.items()}
    return [pytest.param(data, at, id=name.replace("_", " ")) for name, at in offsets.items()]


PLACES = places(WHOLE, in_the_body=b'"1.0"', before_the_last_bracket=b"]") + places(
    CHUNKED,
    in_a_chunk_header=b"11\r\n",
    in_a_chunk=b'"1.0"',
    between_two_chunks=b"\r\n7",
    in_the_last_chunk=b'"1.1"',
    in_the_end_of_the_last_chunk=b"]}\r\n",
    before_the_empty_chunk=b"\r\n0\r\n",
)


def broken(data, at, *, reset):
    """Torn down, or closed as if all had been said."""
    return Reply(raw=data, reset_after=at) if reset else Reply(raw=data[:at])


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize(("data", "at"), PLACES)
async def test_half_an_answer_is_none_and_the_next_attempt_mends_it(
    make_client, scripted, repository, data, at, reset
):
    scripted.script(PATH, broken(data, at, reset=reset), WHOLE)
    async with make_client(scripted.host, attempts=1) as client:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await client.fetch_tags(repository)
    scripted.script(PATH, broken(data, at, reset=reset), WHOLE)
    async with make_client(scripted.host, attempts=2) as client:
        assert (await client.fetch_tags(repository)).tags == TAGS
        assert client.requests == 2


@pytest.mark.parametrize("reply", [WHOLE, CHUNKED], ids=["with its length", "in chunks"])
async def test_a_reset_after_a_whole_answer_does_no_harm(make_client, scripted, repository, reply):
    data = wire(reply)
    scripted.script(PATH, Reply(raw=data, reset_after=len(data)))
    async with make_client(scripted.host) as client:
        for _ in range(5):
            assert (await client.fetch_tags(repository)).tags == TAGS


@pytest.mark.parametrize("at", range(1, len(WHOLE.body), 4))
async def test_an_answer_that_ends_with_the_connection_is_whole_json_or_none(
    make_client, scripted, repository, at
):
    """Neither length nor chunks: HTTP cannot tell that bytes are missing, the parser can."""
    scripted.script(PATH, Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + WHOLE.body[:at]))
    async with make_client(scripted.host) as client:
        with pytest.raises(ProtocolViolation, match="truncated"):
            await client.fetch_tags(repository)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTX/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"x-header: value\r\n" * 10_000,
        b"HTTP/1.1 200 " + b"x" * 200_000,
    ],
    ids=[
        "two lengths",
        "a negative length",
        "no chunk",
        "no version",
        "no status",
        "no header",
        "SSH",
        "zeros",
        "endless headers",
        "an endless status line",
    ],
)
async def test_what_is_no_http_is_no_answer(make_client, scripted, repository, head):
    scripted.script(PATH, Reply(raw=head))
    async with make_client(scripted.host, attempts=1) as client:
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            await client.fetch_tags(repository)
    assert len(str(caught.value)) < 500
