"""Redirects: how many are followed, to where, and what goes with them."""

import ssl
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from automator.errors import Denied, ProtocolViolation
from automator.model.image import ImageRepository
from automator.model.tags import Detail
from automator.registry.transport import Exchange, Transport
from tests.servers.images import make_image
from tests.servers.proxy import http_proxy
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
LOGIN = ("robot", SecretStr("topsecret"))
TAGS = Reply.json({"name": "shop/carts", "tags": ["1.0"]})
BASIC = Reply.challenge('Basic realm="x"')
IMAGE = make_image()
MANIFEST_PATH = "/v2/shop/carts/manifests"
MANIFEST = Reply(body=IMAGE.manifest.data, headers={"content-type": IMAGE.manifest.media_type})


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host, login=LOGIN) as client:
        yield client


async def test_a_redirected_blob_is_fetched_without_credentials(
    recall, client, scripted, another, repository
):
    blob = f"/v2/shop/carts/blobs/{IMAGE.config.digest}"
    scripted.script(f"{MANIFEST_PATH}/1.0", BASIC, MANIFEST)
    scripted.script(blob, Reply(status=307, headers={"location": f"{another.url}/store/1?sig=a"}))
    another.script("/store/1", Reply(body=IMAGE.config.data))
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    assert facts.created_at is not None
    assert len(scripted.credentials_seen) == 2
    assert len(another.requests) == 1
    assert another.credentials_seen == []


async def test_a_redirect_on_the_same_host_keeps_them(client, scripted, repository):
    scripted.script(PATH, BASIC, Reply.redirect("/elsewhere", status=302))
    scripted.script("/elsewhere", TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert len(scripted.credentials_seen) == 2


async def test_a_redirect_there_and_back_does_not_bring_them_back(
    client, scripted, another, repository
):
    scripted.script(PATH, BASIC, Reply(status=302, headers={"location": f"{another.url}/x"}))
    another.script("/x", Reply(status=302, headers={"location": f"{scripted.url}/y"}))
    scripted.script("/y", TAGS)
    await client.fetch_tags(repository)
    assert "authorization" not in scripted.requests_for("/y")[0].headers


async def test_a_challenge_from_where_a_redirect_led_gets_nothing(
    client, scripted, another, repository
):
    scripted.script(PATH, Reply(status=307, headers={"location": f"{another.url}/x"}))
    another.script("/x", BASIC)
    with pytest.raises(Denied, match="another host, to which the registry redirects"):
        await client.fetch_tags(repository)
    assert len(another.requests) == 1
    assert another.credentials_seen == []


@pytest.mark.parametrize(
    "location",
    [PATH, "ftp://r.example/x", "http://[", "file:///etc/passwd", "http://r:x/", ""],
    ids=["a circle", "ftp", "no URL", "file", "no port", "itself"],
)
async def test_a_redirect_that_leads_nowhere(client, scripted, repository, location):
    scripted.script(PATH, Reply.redirect(location, status=302))
    with pytest.raises(ProtocolViolation, match="redirects"):
        await client.fetch_tags(repository)


async def test_ten_thousand_redirects_cost_six_requests(client, scripted, repository):
    places = [PATH, *(f"/{number}" for number in range(10_000))]
    for place, following in pairwise(places):
        scripted.script(place, Reply.redirect(following))
    with pytest.raises(ProtocolViolation, match="more than 5 times"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) == 6


async def test_five_redirects_are_followed(client, scripted, repository):
    places = [PATH, "/1", "/2", "/3", "/4", "/5"]
    for place, following in pairwise(places):
        scripted.script(place, Reply.redirect(following))
    scripted.script("/5", TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_redirect_that_brings_a_user_of_its_own_is_not_followed(
    client, scripted, repository, scheme
):
    scripted.script(PATH, Reply.redirect(f"{scheme}://admin:secret@{scripted.host}/x"))
    with pytest.raises(ProtocolViolation, match="not followed") as caught:
        await client.fetch_tags(repository)
    assert "secret" not in str(caught.value)
    assert len(scripted.requests) == 1


# Into a more private network. The names are the proxy's: what it would be asked for is all that would leave.


ADDRESSES = {
    "public.test": ("93.184.216.34",),
    "store.test": ("93.184.216.35",),
    "private.test": ("10.0.0.7",),
    "mixed.test": ("93.184.216.36", "127.0.0.1"),
}
REGISTRY = "http://public.test/v2/"


async def resolve(name):
    return ADDRESSES.get(name, ())


@pytest.fixture
def proxy(scripted):
    names = ["public.test", "store.test", "elsewhere.test"]
    with http_proxy(routes=dict.fromkeys(names, scripted.host)) as proxy:
        yield proxy


@pytest.fixture
async def transport(proxy):
    transport = Transport(
        tls=ssl.create_default_context(),
        max_connections=2,
        timeout_seconds=10,
        proxy=SecretStr(proxy.url),
        resolve=resolve,
    )
    yield transport
    await transport.close()


def exchange(url, **changed):
    return Exchange(
        method="GET",
        url=url,
        where="public.test/shop/carts",
        body_limit=1000,
        authorization="Bearer topsecret",
        **changed,
    )


HIDDEN = [
    "169.254.169.254",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "10.0.0.1",
    "192.168.1.1:8080",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "[::1]",
    "0.0.0.0",
    "private.test",
    "mixed.test",
]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", HIDDEN)
async def test_nothing_is_asked_in_a_more_private_network(transport, proxy, scripted, scheme, host):
    scripted.script("/v2/", Reply.redirect(f"{scheme}://{host}/latest/meta-data/?key=hidden"))
    with pytest.raises(ProtocolViolation, match="more private network") as caught:
        await transport.send(exchange(REGISTRY))
    assert proxy.requests == [("GET", REGISTRY)]
    said = str(caught.value)
    assert said.startswith("public.test/shop/carts: ")
    assert host.split(":8080")[0].strip("[]") in said
    assert "hidden" not in said


@pytest.mark.parametrize("host", ["store.test", "elsewhere.test"], ids=["public", "unknown here"])
async def test_another_public_place_is_asked_without_credentials(transport, proxy, scripted, host):
    scripted.script("/v2/", Reply.redirect(f"http://{host}/x"))
    scripted.script("/x", TAGS)
    assert (await transport.send(exchange(REGISTRY))).redirected
    assert proxy.requests == [("GET", REGISTRY), ("GET", f"http://{host}/x")]
    assert scripted.credentials_seen == ["Bearer topsecret"]


async def test_a_second_redirect_is_judged_by_the_registry_too(transport, proxy, scripted):
    scripted.script("/v2/", Reply.redirect("http://store.test/x"))
    scripted.script("/x", Reply.redirect("http://10.0.0.1/"))
    with pytest.raises(ProtocolViolation, match=r"to 10\.0\.0\.1"):
        await transport.send(exchange(REGISTRY))
    assert len(proxy.requests) == 2


@pytest.mark.parametrize("host", HIDDEN)
async def test_a_place_that_the_registry_only_names_is_judged_alike(transport, proxy, host):
    with pytest.raises(ProtocolViolation, match="more private network"):
        await transport.send(exchange(f"https://{host}/token", named_by=REGISTRY))
    assert proxy.requests == []


async def test_a_registry_on_this_machine_may_not_send_us_where_no_network_is(
    client, scripted, another, repository
):
    """What is sent to 0.0.0.0 would arrive at `another`."""
    port = urlsplit(another.url).port
    scripted.script(PATH, BASIC, Reply.redirect(f"http://0.0.0.0:{port}/x"))
    with pytest.raises(ProtocolViolation, match=r"sends us to 0\.0\.0\.0"):
        await client.fetch_tags(repository)
    assert another.requests == []
