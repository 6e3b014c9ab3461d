"""One answer must not cost more than itself: no crash, no secret told, no registry lost for good."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from automator.errors import NotFound, ProtocolViolation, RegistryError, Throttled, Unavailable
from automator.model.image import ImageRepository
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = Reply.json({"tags": ["1.0"]})
SECRET = "hunter2-secret"


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    login = ("robot", SecretStr(SECRET))
    async with make_client(scripted.host, login=login, attempts=1) as client:
        yield client


@pytest.mark.parametrize("url", ["http://xn--a/", "http://xn--/t"])
async def test_a_host_name_that_is_none_is_an_error_of_ours(client, scripted, repository, url):
    scripted.script(PATH, Reply.redirect(url))
    with pytest.raises(RegistryError):
        await client.fetch_tags(repository)


@pytest.mark.parametrize("host", ["xn--a", "xn--"])
async def test_a_realm_that_is_no_host_name_is_an_error_of_ours(
    make_client, scripted, repository, host
):
    scripted.script(PATH, Reply.challenge(f'Bearer realm="https://{host}/t"'))
    async with make_client(scripted.host, attempts=1) as anonymous:
        with pytest.raises(RegistryError):
            await anonymous.fetch_tags(repository)


@pytest.mark.parametrize("shape", ["{}\r\n\r\n", "HTTP/1.1 200 OK\r\nauthorization : {}\r\n\r\n"])
async def test_an_echo_that_is_no_http_is_not_quoted(client, scripted, repository, shape):
    def echo(request):
        sent = request.headers.get("authorization")
        if sent is None:
            return Reply.challenge('Basic realm="x"')
        return Reply(raw=shape.format(sent).encode())

    scripted.script(PATH, echo)
    with pytest.raises((Unavailable, ProtocolViolation)) as caught:
        await client.fetch_tags(repository)
    sent = scripted.requests[-1].headers["authorization"]
    assert sent.split()[1] not in str(caught.value)


async def test_a_realm_that_moved_is_found_when_the_old_one_has_failed(
    client, scripted, repository, clock
):
    realm = ["old"]

    def tags(request):
        if request.headers.get("authorization") == f"Bearer {realm[0]}":
            return TAGS
        return Reply.challenge(f'Bearer realm="{scripted.url}/{realm[0]}"')

    scripted.script(PATH, tags)
    scripted.script("/old", Reply.json({"token": "old"}), Reply(status=404))
    scripted.script("/new", Reply.json({"token": "new"}))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    realm[0] = "new"
    clock.advance(120)
    with pytest.raises(NotFound):
        await client.fetch_tags(repository)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


@pytest.mark.parametrize(
    "told",
    [
        {"ratelimit-limit": "1;w=31622400", "ratelimit-remaining": "0"},
        {"ratelimit": '"d";r=0', "ratelimit-policy": '"d";q=1;w=31622400'},
    ],
    ids=["Docker Hub's", "IETF's"],
)
async def test_a_quota_of_a_year_is_tried_again_after_a_day(
    client, scripted, repository, clock, told
):
    scripted.script(PATH, Reply(body=TAGS.body, headers=told), TAGS)
    await client.fetch_tags(repository)
    with pytest.raises(Throttled):
        await client.fetch_tags(repository)
    clock.advance(86401)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


@pytest.mark.parametrize("hours", [-6, 0, 6])
async def test_the_reset_of_a_quota_is_meant_by_the_registry_s_own_clock(
    client, scripted, repository, clock, hours
):
    theirs = clock.now() + timedelta(hours=hours)
    told = {
        "date": format_datetime(theirs, usegmt=True),
        "ratelimit-limit": "100",
        "ratelimit-remaining": "0",
        "ratelimit-reset": str(int(theirs.timestamp()) + 60),
    }
    scripted.script(PATH, Reply(body=TAGS.body, headers=told), TAGS)
    await client.fetch_tags(repository)
    with pytest.raises(Throttled):
        await client.fetch_tags(repository)
    clock.advance(61)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


async def test_another_host_s_retry_after_does_not_pause_the_registry(
    client, scripted, another, repository
):
    other = ImageRepository(scripted.host, "shop/user")
    scripted.script("/v2/shop/user/tags/list", Reply.redirect(f"{another.url}/x"))
    another.script("/x", Reply(status=503, headers={"retry-after": "86400"}))
    scripted.script(PATH, TAGS)
    with pytest.raises(Unavailable):
        await client.fetch_tags(other)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


async def test_tokens_count_as_requests(make_client, scripted, clock):
    """Most token servers are the registry's own."""
    scripted.script("/token", Reply.json({"token": "t"}))
    challenge = Reply.challenge(f'Bearer realm="{scripted.url}/token"')
    async with make_client(scripted.host, requests_per_second=1) as client:
        for number in range(5):
            scripted.script(f"/v2/app{number}/tags/list", challenge, TAGS)
            await client.fetch_tags(ImageRepository(scripted.host, f"app{number}"))
    assert len(scripted.requests) == 15
    assert clock.monotonic_seconds() >= 14
