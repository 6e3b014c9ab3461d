"""Mirrors before the registry, and settings that change under way."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from automator.errors import NotFound, Throttled
from automator.model.event import MirrorFailing, MirrorRecovered
from automator.model.image import ImageRepository
from automator.model.tags import Detail
from automator.registry.client import RegistryClient
from automator.registry.credentials import Credential, Credentials
from automator.registry.retries import RetryPolicy
from automator.registry.settings import HostSettings
from tests.servers.images import make_image
from tests.servers.personas.auth import PASSWORD
from tests.servers.personas.hosted import Harbor
from tests.servers.personas.persona import serve
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

TAGS = Reply.json({"tags": ["1.0"]}, etag='"registry"')
MIRRORED = Reply.json({"tags": ["0.9"]}, etag='"mirror"')
PATH, MIRROR_PATH = "/v2/shop/carts/tags/list", "/v2/hub/shop/carts/tags/list"
BASIC = Reply(status=401, headers={"www-authenticate": 'Basic realm="x"'})
IMAGE = make_image()
LOGIN = Credential(username="robot", password=SecretStr("topsecret"))


@pytest.fixture
def mirror(another):
    """Has the registry's images under `hub/`."""
    return another


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


def host(server, **settings):
    return HostSettings(
        host=server.host, **{"insecure": True, "requests_per_second": 1e6} | settings
    )


@pytest.fixture
async def make(clock):
    """A client of several hosts."""

    def make(*hosts, attempts=1, report=lambda _event: None, **logins):
        return RegistryClient(
            hosts={each.host: each for each in hosts},
            credentials=Credentials(clock=clock, configured=logins),
            clock=clock,
            retry=RetryPolicy(attempts=attempts),
            report=report,
        )

    return make


@pytest.fixture
def events():
    return []


@pytest.fixture
async def client(make, scripted, mirror, events):
    mirrors = (ImageRepository(mirror.host, "hub"),)
    async with make(host(scripted, mirrors=mirrors), host(mirror), report=events.append) as client:
        yield client


async def test_a_mirror_is_asked_first_by_the_name_that_it_has_there(
    client, scripted, mirror, repository
):
    mirror.script(MIRROR_PATH, MIRRORED)
    assert (await client.fetch_tags(repository)).tags == ("0.9",)
    assert scripted.requests == []
    assert client.requests_by_host == {mirror.host: 1}


async def test_a_mirror_may_have_the_registry_s_own_names(make, scripted, mirror, repository):
    mirror.script(PATH, MIRRORED)
    mirrors = (ImageRepository(mirror.host, ""),)
    async with make(host(scripted, mirrors=mirrors), host(mirror)) as client:
        assert (await client.fetch_tags(repository)).tags == ("0.9",)


async def test_mirrors_are_asked_in_their_order(make, scripted, mirror, repository):
    mirror.script("/v2/second/shop/carts/tags/list", MIRRORED)
    mirrors = tuple(ImageRepository(mirror.host, path) for path in ("first", "second", "third"))
    async with make(host(scripted, mirrors=mirrors), host(mirror)) as client:
        assert (await client.fetch_tags(repository)).tags == ("0.9",)
    assert [request.path.split("/")[2] for request in mirror.requests] == ["first", "second"]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=503), id="fails"),
        pytest.param(Reply(status=429, headers={"retry-after": "3600"}), id="is busy"),
        pytest.param(BASIC, id="denies"),
        pytest.param(Reply(status=404), id="does not have it"),
        pytest.param(Reply(body=b"<html>"), id="lies"),
        pytest.param(Reply(body=MIRRORED.body, cut_after=3), id="hangs up"),
    ],
)
async def test_a_mirror_that_cannot_help_is_passed_over_for_this_request(
    client, scripted, mirror, repository, reply
):
    mirror.script(MIRROR_PATH, reply)
    scripted.script(PATH, TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert mirror.requests != []


async def test_a_mirror_that_helps_again_is_used_again(client, scripted, mirror, repository):
    mirror.script(MIRROR_PATH, Reply(status=404), MIRRORED)
    scripted.script(PATH, TAGS)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert (await client.fetch_tags(repository)).tags == ("0.9",)


async def test_one_that_fails_is_told_once_and_so_is_that_it_serves_again(
    client, scripted, mirror, repository, events
):
    other = ImageRepository(scripted.host, "shop/orders")
    down = Reply(status=503)
    mirror.script(MIRROR_PATH, down, down, MIRRORED)
    mirror.script("/v2/hub/shop/orders/tags/list", down, down, MIRRORED)
    scripted.script(PATH, TAGS)
    scripted.script("/v2/shop/orders/tags/list", TAGS)
    for each in (repository, other, repository, other):
        await client.fetch_tags(each)
    failing = MirrorFailing(
        mirror=mirror.host,
        error=f"{mirror.host}/hub/shop/carts: the registry fails: 503 (it is asked again later)",
    )
    assert events == [failing]
    await client.fetch_tags(repository)
    assert events == [failing], "the other is not served yet"
    await client.fetch_tags(other)
    assert events == [failing, MirrorRecovered(mirror=mirror.host)]


async def test_one_that_does_not_have_an_image_repository_does_not_fail(
    client, scripted, mirror, repository, events
):
    mirror.script(MIRROR_PATH, Reply(status=404))
    scripted.script(PATH, TAGS)
    await client.fetch_tags(repository)
    assert events == []


async def test_if_all_fail_it_is_the_registry_s_own_error(client, scripted, mirror, repository):
    mirror.script(MIRROR_PATH, Reply(status=503))
    with pytest.raises(NotFound) as caught:
        await client.fetch_tags(repository)
    assert caught.value.location == str(repository)


async def test_a_mirror_whose_settings_cannot_be_used_is_passed_over(
    make, scripted, mirror, repository, tmp_path
):
    scripted.script(PATH, TAGS)
    broken = host(mirror, insecure=False, ca_file=tmp_path / "none.pem")
    mirrors = (ImageRepository(mirror.host, "hub"),)
    async with make(host(scripted, mirrors=mirrors), broken) as client:
        assert (await client.fetch_tags(repository)).tags == ("1.0",)


async def test_each_gets_its_own_credentials(make, scripted, mirror, repository):
    mirror.script(MIRROR_PATH, BASIC, Reply(status=404))
    scripted.script(PATH, BASIC, TAGS)
    mirrors = (ImageRepository(mirror.host, "hub"),)
    async with make(
        host(scripted, mirrors=mirrors), host(mirror), **{scripted.host: LOGIN}
    ) as client:
        await client.fetch_tags(repository)
    assert not any("authorization" in request.headers for request in mirror.requests)
    assert "authorization" in scripted.requests[-1].headers


async def test_each_keeps_its_own_page_size(client, scripted, mirror, repository):
    mirror.script(MIRROR_PATH, Reply(status=400), Reply(status=400), MIRRORED, Reply(status=404))
    scripted.script(PATH, TAGS)
    for _ in range(2):
        await client.fetch_tags(repository)
    assert [request.query for request in mirror.requests] == ["n=1000", "n=100", "", ""]
    assert [request.query for request in scripted.requests] == ["n=1000"]


async def test_a_validator_goes_to_nobody_but_who_gave_it(client, scripted, mirror, repository):
    mirror.script(MIRROR_PATH, MIRRORED, Reply(status=503), MIRRORED, Reply(status=304))
    scripted.script(PATH, TAGS)
    of_mirror = await client.fetch_tags(repository)
    of_registry = await client.fetch_tags(repository, validator=of_mirror.validator)
    assert (of_mirror.tags, of_registry.tags) == (("0.9",), ("1.0",))
    again = await client.fetch_tags(repository, validator=of_registry.validator)
    assert await client.fetch_tags(repository, validator=again.validator) is None
    sent = [request.headers.get("if-none-match") for request in mirror.requests]
    assert sent == [None, '"mirror"', None, '"mirror"']
    assert "if-none-match" not in scripted.requests[0].headers


async def test_facts_come_from_a_mirror_and_digests_if_the_registry_has_none(
    client, scripted, mirror, repository, recall
):
    manifest = Reply(
        body=IMAGE.manifest.data,
        headers={
            "content-type": IMAGE.manifest.media_type,
            "docker-content-digest": IMAGE.digest,
        },
    )
    mirror.script("/v2/hub/shop/carts/manifests/1.0", manifest)
    mirror.script(f"/v2/hub/shop/carts/blobs/{IMAGE.config.digest}", Reply(body=IMAGE.config.data))
    assert await client.fetch_digest(repository, "1.0") == IMAGE.digest
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    assert facts.created_at is not None
    assert [request.method for request in scripted.requests] == ["HEAD"], "a mirror may lag behind"


async def test_an_image_that_a_mirror_has_not_whole_comes_from_the_registry(
    client, scripted, mirror, repository, recall
):
    manifest = Reply(body=IMAGE.manifest.data, headers={"content-type": IMAGE.manifest.media_type})
    mirror.script("/v2/hub/shop/carts/manifests/1.0", manifest)
    scripted.script("/v2/shop/carts/manifests/1.0", manifest)
    scripted.script(f"/v2/shop/carts/blobs/{IMAGE.config.digest}", Reply(body=IMAGE.config.data))
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    assert facts.digest == IMAGE.digest


async def test_what_a_mirror_tells_of_its_copies_is_not_taken_for_the_registry_s_word(
    client, mirror, repository
):
    told = {IMAGE.digest: {"tag": ["0.9"], "timeUploadedMs": "1704164646000"}}
    mirror.script(MIRROR_PATH, Reply.json({"tags": ["0.9"], "manifest": told}))
    assert (await client.fetch_tags(repository)).told == {}


async def test_a_registry_with_mirrors_is_not_asked_beside_them(make, mirror):
    login = Credential(username=Harbor.user, password=SecretStr(PASSWORD))
    mirrors = (ImageRepository(mirror.host, "hub"),)
    with serve(Harbor, {"shop/carts": {"1.0": "2025-06-01T10:00:00Z"}}) as harbor:
        repository = ImageRepository(harbor.host, "shop/carts")
        own, logins = host(harbor.server), {harbor.host: login}
        async with make(replace(own, mirrors=mirrors), host(mirror), **logins) as client:
            await client.fetch_tags(repository)  # at the registry, as the mirror does not have it
            assert await client.fetch_told(repository, {}) is None
        async with make(own, **logins) as client:
            await client.fetch_tags(repository)
            assert await client.fetch_told(repository, {}) is not None


# Settings that change: the daemon makes a new client, and hands over the limits


async def test_a_pause_outlives_the_client(scripted, repository, clock):
    scripted.script(PATH, Reply(status=429, headers={"retry-after": "3600"}), TAGS)
    limits = {}

    def make_next(**settings):
        hosts = {scripted.host: host(scripted, **settings)}
        return RegistryClient(
            hosts=hosts, credentials=Credentials(clock=clock), clock=clock, limits=limits
        )

    async with make_next() as client:
        with pytest.raises(Throttled):
            await client.fetch_tags(repository)
    async with make_next(requests_per_second=7, max_concurrent=3) as client:
        with pytest.raises(Throttled):
            await client.fetch_tags(repository)
        assert client.requests == 0
        assert limits[scripted.host].requests_per_second == 7
        clock.advance(3601)
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
