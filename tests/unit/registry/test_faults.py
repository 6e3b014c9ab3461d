"""Registries that fail or answer what cannot be used: what the client makes of it, and how often it asks."""

import gzip
import json
import socket
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from pydantic import SecretStr

from automator.errors import Denied, NotFound, ProtocolViolation, Throttled, Unavailable
from automator.model.image import ImageRepository
from automator.model.tags import Detail
from automator.registry import listing
from automator.registry.transport import HTTPX_ERRORS, translate
from tests.servers.images import make_image, push_image
from tests.servers.registry import docker_registry
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
LOGIN = ("robot", SecretStr("topsecret"))
TAGS = Reply.json({"name": "shop/carts", "tags": ["1.0"]})
NOT_FOUND = Reply.json({"errors": [{"code": "NAME_UNKNOWN", "message": "no"}]}, status=404)


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host, login=LOGIN) as client:
        yield client


async def test_one_request_asks_for_a_big_page_and_nothing_else(client, scripted, repository):
    scripted.script(PATH, TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert [(r.method, r.path, r.query) for r in scripted.requests] == [("GET", PATH, "n=1000")]
    assert "authorization" not in scripted.requests[0].headers


async def test_pages_are_put_together_without_repeating(client, scripted, repository):
    scripted.script(
        PATH,
        Reply.json({"tags": ["b", "a"]}, link=f'<{PATH}?last=a>; rel="next"'),
        Reply.json({"tags": None}, link='<list?last=z>; rel="next"'),
        Reply.json({"tags": ["a", "c"]}),
    )
    assert (await client.fetch_tags(repository)).tags == ("b", "a", "c")
    assert [r.query for r in scripted.requests] == ["n=1000", "last=a", "last=z"]


@pytest.mark.parametrize("status", [400, 413])
async def test_a_refused_page_size_is_left_out_from_then_on(client, scripted, repository, status):
    scripted.script(PATH, Reply(status=status), TAGS)
    for _ in range(2):
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert [r.query for r in scripted.requests] == ["n=1000", "n=100", "n=100"]


async def test_a_compressed_list(client, scripted, repository):
    headers = {"content-encoding": "gzip"}
    scripted.script(PATH, Reply(body=gzip.compress(TAGS.body), headers=headers))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


REFUSALS = [
    pytest.param(Reply.challenge('Basic realm="x"'), Denied, 2, "401", id="401"),
    pytest.param(Reply(status=401), Denied, 1, "offers nothing", id="401 without a challenge"),
    pytest.param(
        Reply.challenge("Negotiate"), Denied, 1, "offers negotiate", id="401 of another kind"
    ),
    pytest.param(
        Reply.json({"errors": [{"code": "DENIED"}]}, status=403), Denied, 1, "DENIED", id="403"
    ),
    pytest.param(NOT_FOUND, NotFound, 1, "NAME_UNKNOWN: no", id="404"),
    pytest.param(Reply(status=429), Throttled, 3, "lower requests_per_second", id="429"),
    pytest.param(
        Reply(status=500, body=b"<title>Oops</title>"), Unavailable, 3, "500, Oops", id="500"
    ),
    pytest.param(Reply(status=503), Unavailable, 3, "503", id="503"),
    pytest.param(Reply(status=418), ProtocolViolation, 1, "418", id="a status of no meaning"),
    pytest.param(
        Reply(status=200, body=b"<html>hello</html>"), ProtocolViolation, 1, "tag list", id="HTML"
    ),
    pytest.param(
        Reply.json({"tags": ["1"]}, link="nonsense"), ProtocolViolation, 1, "Link", id="bad link"
    ),
    pytest.param(
        Reply(body=b"no gzip at all", headers={"content-encoding": "gzip"}),
        ProtocolViolation,
        1,
        "is not gzip",
        id="bad gzip",
    ),
    pytest.param(
        Reply(body=TAGS.body, cut_after=9),
        Unavailable,
        3,
        "cannot be reached",
        id="cut in the middle",
    ),
    pytest.param(
        Reply(body=b'{"tags": ["1.0", "1.', headers={}),
        ProtocolViolation,
        1,
        "truncated",
        id="truncated JSON",
    ),
]


@pytest.mark.parametrize(("reply", "error", "requests", "says"), REFUSALS)
async def test_a_refusal_is_one_error_that_names_the_image_repository(
    client, scripted, reply, error, requests, says
):
    repository = ImageRepository(scripted.host, "shop/carts")
    scripted.script(PATH, reply)
    with pytest.raises(error) as caught:
        await client.fetch_tags(repository)
    text = str(caught.value)
    assert caught.value.location == str(repository)
    assert caught.value.hint
    assert says in text
    assert "\n" not in text
    assert len(scripted.requests) == client.requests == requests


async def test_a_registry_that_is_down(make_client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        async with make_client(host) as client:
            with pytest.raises(Unavailable, match=f"^{host}/a: the registry cannot be reached"):
                await client.fetch_tags(ImageRepository(host, "a"))
            assert client.requests == 3


async def test_a_registry_that_never_answers_costs_its_time_limit(
    make_client, scripted, repository
):
    scripted.script(PATH, Reply(never=True))
    async with make_client(scripted.host, timeout_seconds=0.05, attempts=1) as client:
        with pytest.raises(Unavailable, match=r"no answer in 0.05 s"):
            await client.fetch_tags(repository)


async def test_a_registry_that_recovers(client, scripted, repository, clock):
    scripted.script(PATH, Reply(status=500), Reply(status=502), TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert len(clock.slept) == 2


async def test_a_failing_host_is_left_alone_and_another_is_not(make_client, scripted, another):
    scripted.script(PATH, Reply(status=500))
    another.script(PATH, TAGS)
    async with make_client(scripted.host) as client:
        for _ in range(10):
            with pytest.raises(Unavailable):
                await client.fetch_tags(ImageRepository(scripted.host, "shop/carts"))
    assert len(scripted.requests) == 5
    async with make_client(another.host) as client:
        assert (await client.fetch_tags(ImageRepository(another.host, "shop/carts"))).tags == (
            "1.0",
        )


@pytest.mark.parametrize("kind", ["seconds", "date"])
async def test_a_short_retry_after_is_waited_for(client, scripted, repository, clock, kind):
    until = format_datetime(clock.now() + timedelta(seconds=7), usegmt=True)
    after = "7" if kind == "seconds" else until
    scripted.script(PATH, Reply(status=429, headers={"retry-after": after}), TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert sum(clock.slept) >= 7


@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_retry_after_stops_all_requests_to_the_host(
    client, scripted, repository, clock, status
):
    scripted.script(PATH, Reply(status=status, headers={"retry-after": "600"}), TAGS)
    with pytest.raises(Throttled) as caught:
        await client.fetch_tags(repository)
    assert timedelta(seconds=590) < caught.value.retry_after <= timedelta(seconds=600)
    with pytest.raises(Throttled):
        await client.fetch_tags(ImageRepository(scripted.host, "shop/other"))
    assert len(scripted.requests) == 1
    clock.advance(600)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


@pytest.mark.parametrize(
    "link", [f"{PATH}?n=1000", f"{PATH}?last=1.0"], ids=["the same", "a circle"]
)
async def test_pages_that_come_again_are_no_list(client, scripted, repository, link):
    scripted.script(PATH, Reply.json({"tags": ["1.0"]}, link=f'<{link}>; rel="next"'))
    with pytest.raises(ProtocolViolation, match="does not end"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) <= 2


async def test_pages_without_end_are_no_list(client, scripted, repository, monkeypatch):
    monkeypatch.setattr(listing, "MOST_PAGES", 20)

    def another_page(request):
        number = len(scripted.requests)
        return Reply.json({"tags": [f"{number}"]}, link=f'<{PATH}?last={number}>; rel="next"')

    scripted.script(PATH, another_page)
    with pytest.raises(ProtocolViolation, match="does not end"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) == 20


async def test_a_list_that_goes_on_at_another_host_is_refused(
    client, scripted, another, repository
):
    link = f'<{another.url}{PATH}>; rel="next"'
    scripted.script(PATH, Reply.json({"tags": ["1.0"]}, link=link))
    with pytest.raises(ProtocolViolation, match="another host"):
        await client.fetch_tags(repository)
    assert another.requests == []


@pytest.mark.parametrize("said", [True, False], ids=["with its length", "as it comes"])
async def test_a_huge_body_is_not_read(client, scripted, repository, monkeypatch, said):
    monkeypatch.setattr(listing, "TAG_LIST_BYTES", 1000)
    body = json.dumps({"tags": ["x" * 100] * 100}).encode()
    headers = {} if said else {"content-encoding": "gzip"}
    scripted.script(PATH, Reply(body=body if said else gzip.compress(body), headers=headers))
    with pytest.raises(ProtocolViolation, match="longer than 1000 bytes"):
        await client.fetch_tags(repository)


async def test_pages_share_the_limit_of_size(client, scripted, repository, monkeypatch):
    monkeypatch.setattr(listing, "TAG_LIST_BYTES", 1000)

    def page(request):
        number = len(scripted.requests)
        link = f'<{PATH}?last={number}>; rel="next"'
        return Reply.json({"tags": ["x" * 100] * 3}, link=link)

    scripted.script(PATH, page)
    with pytest.raises(ProtocolViolation, match="longer than"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) == 4


IMAGE = make_image()
MANIFEST_PATH = "/v2/shop/carts/manifests"
MANIFEST = Reply(body=IMAGE.manifest.data, headers={"content-type": IMAGE.manifest.media_type})
NO_DIGEST = [
    pytest.param([Reply()], id="no header"),
    pytest.param([Reply(status=405)], id="no HEAD"),
]


@pytest.mark.parametrize("head", NO_DIGEST)
async def test_a_registry_that_does_not_tell_digests_is_asked_for_the_manifest(
    client, scripted, repository, head
):
    scripted.script(f"{MANIFEST_PATH}/1.0", *head, MANIFEST)
    assert await client.fetch_digest(repository, "1.0") == IMAGE.digest
    assert [r.method for r in scripted.requests] == ["HEAD", "GET"]


async def test_both_oci_and_docker_types_are_accepted(client, scripted, repository):
    scripted.script(f"{MANIFEST_PATH}/1.0", Reply(headers={"docker-content-digest": IMAGE.digest}))
    await client.fetch_digest(repository, "1.0")
    accepted = scripted.requests[0].headers["accept"].split(", ")
    assert len([each for each in accepted if "oci" in each]) == 2
    assert len([each for each in accepted if "docker" in each]) == 2


@pytest.mark.parametrize("digest", ["nonsense", "sha256:12"])
async def test_a_digest_that_is_none_is_refused(client, scripted, repository, digest):
    scripted.script(f"{MANIFEST_PATH}/1.0", Reply(headers={"docker-content-digest": digest}))
    with pytest.raises(ProtocolViolation, match="Docker-Content-Digest"):
        await client.fetch_digest(repository, "1.0")


async def test_a_manifest_that_does_not_match_its_digest_is_refused(
    recall, client, scripted, repository
):
    other = make_image(label="other")
    scripted.script(f"{MANIFEST_PATH}/{other.digest}", MANIFEST)
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, other.digest, detail=Detail.FULL, recall=recall)
    headers = {"docker-content-digest": other.digest}
    scripted.script(f"{MANIFEST_PATH}/1.0", Reply(body=MANIFEST.body, headers=headers))
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)


async def test_a_config_blob_that_does_not_match_its_digest_is_refused(
    recall, client, scripted, repository
):
    scripted.script(f"{MANIFEST_PATH}/1.0", MANIFEST)
    scripted.script(f"/v2/shop/carts/blobs/{IMAGE.config.digest}", Reply(body=b"{}"))
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)


@pytest.mark.parametrize("part", ["manifest", "config"])
async def test_what_was_changed_in_a_registry_s_storage_is_refused(
    make_client, tmp_path, recall, part
):
    with docker_registry(tmp_path) as registry:
        push_image(registry.url, "shop/carts", "1.0", IMAGE)
        digest = IMAGE.digest if part == "manifest" else IMAGE.config.digest
        name = digest.removeprefix("sha256:")
        stored = registry.storage / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"
        stored.write_bytes(stored.read_bytes().replace(b"amd64", b"arm64") + b"\n")
        async with make_client(registry.host, attempts=1) as client:
            repository = ImageRepository(registry.host, "shop/carts")
            with pytest.raises(ProtocolViolation, match="does not match"):
                await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)


async def test_indexes_in_one_another_without_end_are_refused(recall, client, scripted, repository):
    def nested(depth):
        inner = {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
        if depth:
            inner["manifests"] = [{"digest": f"sha256:{depth:064x}"}]
        return Reply.json(inner)

    scripted.script(f"{MANIFEST_PATH}/1.0", nested(1))
    scripted.script(f"{MANIFEST_PATH}/sha256:{1:064x}", nested(2))
    with pytest.raises(ProtocolViolation):
        await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    assert len(scripted.requests) == 2


HTTPX_CLASSES = [
    each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, Exception)
]
ABSTRACT = {httpx.HTTPError, httpx.RequestError, httpx.TransportError, httpx.ProtocolError}


@pytest.mark.parametrize("kind", HTTPX_CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_httpx_becomes_one_of_ours(kind):
    assert issubclass(kind, HTTPX_ERRORS) or kind in ABSTRACT


def test_only_what_the_network_says_is_quoted():
    assert "refused" in str(translate(httpx.ConnectError("refused"), where="r.example/a"))
    error = translate(
        httpx.LocalProtocolError("Illegal header value topsecret"), where="r.example/a"
    )
    assert isinstance(error, ProtocolViolation)
    assert "topsecret" not in str(error)
