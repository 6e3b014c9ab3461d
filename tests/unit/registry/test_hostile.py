"""Registries that mean harm: without end, without hurry, too large, folded up small, or with names that are traps."""

import gzip
import json
import tracemalloc
import zlib
from contextlib import contextmanager
from itertools import count, repeat

import pytest

from automator.errors import ProtocolViolation, Unavailable
from automator.model.image import ImageRepository
from automator.registry.listing import TAG_LIST_BYTES
from tests.servers.images import make_image
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = Reply.json({"name": "shop/carts", "tags": ["1.0"]})
MIB = 1024 * 1024


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host, attempts=1) as client:
        yield client


@contextmanager
def at_most(most_bytes):
    """Of memory at a time, the server's own included."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most_bytes


# Without hurry


def drip(scripted):
    """A body that is a byte a second."""
    while not scripted.closing.wait(1):
        yield b" "


@pytest.mark.parametrize("part", ["head", "body", "error"])
async def test_a_byte_a_second_costs_the_time_limit(make_client, scripted, repository, part):
    body = Reply(status=500 if part == "error" else 200, pieces=lambda: drip(scripted))
    head = Reply(body=TAGS.body, pause_seconds=1)
    scripted.script(PATH, head if part == "head" else body)
    async with make_client(scripted.host, timeout_seconds=0.1, attempts=1) as client:
        with pytest.raises(Unavailable, match=r"no answer in 0\.1 s"):
            await client.fetch_tags(repository)


# Too large


async def test_a_hundred_megabytes_are_refused_at_the_limit(client, scripted, repository):
    tags = b'"%s",' % (b"x" * 120)
    piece = tags * 512
    sent = count()

    def pieces():
        yield b'{"tags": ['
        for _ in range(100_000_000 // len(piece)):
            next(sent)
            yield piece
        yield b'"x"]}'

    scripted.script(PATH, Reply(pieces=pieces))
    with (
        at_most(TAG_LIST_BYTES + 16 * MIB),
        pytest.raises(ProtocolViolation, match=f"longer than {TAG_LIST_BYTES} bytes"),
    ):
        await client.fetch_tags(repository)
    assert next(sent) * len(piece) < 80_000_000


async def test_an_endless_error_is_read_no_further_than_it_is_told(client, scripted, repository):
    scripted.script(PATH, Reply(status=500, pieces=lambda: repeat(b"x" * 65536)))
    with at_most(2 * MIB), pytest.raises(Unavailable, match="500, xxx"):
        await client.fetch_tags(repository)


async def test_tiny_chunks_cost_no_more_memory_than_large_ones(client, scripted, repository):
    scripted.script(PATH, Reply(pieces=lambda: repeat(b"xy", 20_000)))
    with at_most(MIB // 2), pytest.raises(ProtocolViolation, match="truncated"):
        await client.fetch_tags(repository)


# Folded up small


def bomb():
    """A GiB of blanks in a MiB: each block begins anew, so that one block can be repeated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    blanks = b" " * MIB
    first = deflate.compress(blanks) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(blanks) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + block * 1023


def compressed(body, *, coding="gzip", status=200):
    return Reply(body=body, headers={"content-encoding": coding}, status=status)


async def test_a_bomb_is_unfolded_to_the_limit_and_no_further(client, scripted, repository):
    scripted.script(PATH, compressed(bomb()))
    with (
        at_most(TAG_LIST_BYTES + 16 * MIB),
        pytest.raises(ProtocolViolation, match=f"longer than {TAG_LIST_BYTES} bytes"),
    ):
        await client.fetch_tags(repository)


async def test_a_bomb_in_an_error_costs_nothing(client, scripted, repository):
    scripted.script(PATH, compressed(bomb(), status=500))
    with at_most(8 * MIB), pytest.raises(Unavailable, match="500"):
        await client.fetch_tags(repository)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip, gzip"},
        {"content-encoding": "gzip,br"},
        {"content-encoding": "deflate"},
        {"content-encoding": "br"},
        {"content-encoding": "x" * 1000},
    ],
    ids=lambda headers: headers["content-encoding"][:10],
)
async def test_a_coding_that_was_not_asked_for_is_not_unfolded(
    client, scripted, repository, headers
):
    scripted.script(PATH, Reply(body=gzip.compress(gzip.compress(TAGS.body)), headers=headers))
    with pytest.raises(ProtocolViolation, match="gzip was asked for") as caught:
        await client.fetch_tags(repository)
    assert len(str(caught.value)) < 300
    assert scripted.requests[0].headers["accept-encoding"] == "gzip"


FOLDED = gzip.compress(TAGS.body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (TAGS.body, "is not gzip"),
        (FOLDED[:-1], "ends too early"),
        (FOLDED[:20], "ends too early"),
        (FOLDED[:-8] + bytes(8), "is not gzip"),
        (FOLDED + b"x", "goes on after its end"),
        (FOLDED + FOLDED, "goes on after its end"),
    ],
    ids=["plain", "cut by a byte", "cut in the middle", "a wrong checksum", "more", "twice"],
)
async def test_what_is_not_gzip_once_and_whole_is_refused(client, scripted, repository, body, says):
    scripted.script(PATH, compressed(body))
    with pytest.raises(ProtocolViolation, match=says):
        await client.fetch_tags(repository)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "Identity", ""])
async def test_what_was_asked_for_is_unfolded(client, scripted, repository, coding):
    tags = [f"build-{number}" for number in range(50_000)]
    body = json.dumps({"tags": tags}).encode()
    folded = body if coding in {"Identity", ""} else gzip.compress(body)
    scripted.script(PATH, compressed(folded, coding=coding))
    assert (await client.fetch_tags(repository)).tags == tuple(tags)


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_an_answer_without_a_body_may_name_any_coding(client, scripted, repository, coding):
    digest = make_image().digest
    headers = {"docker-content-digest": digest, "content-encoding": coding}
    scripted.script("/v2/shop/carts/manifests/1.0", Reply(headers=headers))
    assert await client.fetch_digest(repository, "1.0") == digest


async def test_an_error_is_told_by_its_status_though_its_text_cannot_be_read(
    client, scripted, repository
):
    scripted.script(PATH, compressed(b"\x0b\x02\x80", coding="br", status=503))
    with pytest.raises(Unavailable, match="the registry fails: 503"):
        await client.fetch_tags(repository)


# A million tags


def million():
    return (f"build-{number:07}" for number in range(1_000_000))


async def test_a_million_tags_at_once(client, scripted, repository):
    scripted.script(PATH, Reply.json({"tags": list(million())}))
    with at_most(180 * MIB):
        tags = (await client.fetch_tags(repository)).tags
    assert tags == tuple(million())


async def test_a_million_tags_a_thousand_at_a_time(make_client, scripted, repository):
    tags = tuple(million())
    last = f'<{PATH}?n=1000&last=%d>; rel="next"'
    pages = [
        Reply.json({"tags": tags[start : start + 1000]}, link=last % start)
        for start in range(0, len(tags) - 1000, 1000)
    ]
    scripted.script(PATH, *pages, Reply.json({"tags": tags[-1000:]}))
    async with make_client(scripted.host) as client:
        with at_most(130 * MIB):
            listed = (await client.fetch_tags(repository)).tags
        assert client.requests == 1000
    assert listed == tags


# Names that are traps


NO_TAGS = [
    "$(reboot)",
    "`id`",
    "a;b",
    "a|b",
    "a&b",
    "a b",
    "1.0\n",
    "1.0\nnewTag: evil",
    "\r1.0",
    "1.0: evil",
    "!!python/object:os.system",
    "&anchor",
    "*alias",
    "{a}",
    "\x1b[31m1.0\x1b[0m",
    "\x001.0",
    "..",
    "../../etc",
    ".hidden",
    "-rf",
    "a/b",
    "a@sha256",
    "x" * 129,
    "é",
    "\uff11.0",
    "\u202e0.1",
    "",
]


async def test_names_that_are_no_tags_do_not_come_out(client, scripted, repository):
    scripted.script(PATH, Reply.json({"tags": ["0.9", *NO_TAGS, "1.0"]}))
    assert (await client.fetch_tags(repository)).tags == ("0.9", "1.0")


@pytest.mark.parametrize("name", NO_TAGS, ids=ascii)
async def test_nor_does_one_of_them_alone(client, scripted, repository, name):
    scripted.script(PATH, Reply.json({"tags": [name]}))
    assert (await client.fetch_tags(repository)).tags == ()


@pytest.mark.parametrize("text", [b"\xff1.0", b"1.0\xc3", b"\xc0\xae\xc0\xae", b"\xed\xa0\x80"])
async def test_a_list_that_is_no_utf_8_is_no_list(client, scripted, repository, text):
    scripted.script(PATH, Reply(body=b'{"tags": ["1.0", "%s"]}' % text))
    with pytest.raises(ProtocolViolation, match="tag list"):
        await client.fetch_tags(repository)
