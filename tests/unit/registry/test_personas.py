"""Every registry that people use, with its deviations: what the client makes of it, and what it sends to whom.

A row tells the requests to the registry and to the other host that it sends clients to, for one tag list of five tags,
the digest of one, and its facts, in this order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest
from pydantic import SecretStr

from automator.errors import Denied, NotFound
from automator.model.image import ImageRepository, Platform
from automator.model.tags import Detail
from automator.registry.credentials import Credential
from tests.servers.personas.auth import IDENTITY_TOKEN, PASSWORD, Open
from tests.servers.personas.clouds import CLOUDS, Acr, Ecr, EcrPublic, Google
from tests.servers.personas.hosted import (
    HOSTED,
    Artifactory,
    Distribution2,
    Distribution3,
    Gitea,
    GitLab,
    Harbor,
    Nexus,
    Zot,
)
from tests.servers.personas.persona import ABSENT, Persona, serve
from tests.servers.personas.public import PUBLIC, DockerHub, Ghcr, Kubernetes, Microsoft, Quay
from tests.servers.personas.traffic import kind_of, leaks
from tests.servers.scripted import Request

pytestmark = pytest.mark.anyio

PATH = "shop/carts"
CREATED = "2025-06-02T10:00:00Z"
TAGS = {
    "1.10": "2025-06-01T10:00:00Z",
    "1.9": CREATED,
    "latest": CREATED,
    "v2": CREATED,
    "a_b": CREATED,
}


@dataclass(frozen=True)
class Row:
    kind: type[Persona]
    server: str
    elsewhere: str = ""


ROWS = [
    Row(DockerHub, "tags tags tags tags head manifest blob", "token store"),
    Row(Ghcr, "tags token tags tags tags head manifest blob", "store"),
    Row(Quay, "tags token tags tags tags head manifest blob", "store"),
    Row(Kubernetes, "tags head manifest blob", "tags head manifest blob"),
    Row(Microsoft, "tags tags tags head manifest blob", "store"),
    Row(Ecr, "tags tags tags tags tags tags head manifest blob", "store"),
    Row(EcrPublic, "tags token tags tags tags head manifest blob", "store"),
    Row(Google, "tags token tags head manifest blob"),
    Row(Acr, "tags token tags tags tags head manifest blob", "store"),
    Row(Distribution2, "tags head manifest blob"),
    Row(Distribution3, "tags tags tags tags tags tags head manifest blob"),
    Row(Harbor, "tags token tags tags tags head manifest blob"),
    Row(GitLab, "tags tags tags tags head manifest blob", "token store"),
    Row(Gitea, "tags token tags tags tags head manifest blob"),
    Row(Artifactory, "tags tags tags tags head manifest blob"),
    Row(Nexus, "tags tags head manifest manifest blob"),
    Row(Zot, "tags tags tags tags head manifest blob"),
]
ERRORS = {
    Artifactory: "404, repository name not known to registry",
    Ecr: "404, repository name not known to registry",
    Kubernetes: "404, repository name not known to registry",
    Nexus: "404, 404 - repository name not known to registry",
    Zot: "404",
}
GUARDED = [row.kind for row in ROWS if not isinstance(row.kind.auth, Open)]
# A private ECR registry knows no strangers.
PERHAPS_PUBLIC = [row.kind for row in ROWS if row.kind is not Ecr]


def name(value: object) -> str | None:
    kind = value.kind if isinstance(value, Row) else value
    return kind.__name__ if isinstance(kind, type) else None


def words(requests: Sequence[Request]) -> str:
    return " ".join(kind_of(request) for request in requests)


async def nothing_known(digest):
    return None


async def check_everything(client, persona):
    repository = ImageRepository(persona.host, PATH)
    image = persona.images[PATH]["1.9"]
    listing = await client.fetch_tags(repository)
    assert sorted(listing.tags) == sorted(TAGS)
    assert await client.fetch_digest(repository, "1.9") == image.digest
    facts = await client.fetch_facts(repository, "1.9", detail=Detail.FULL, recall=nothing_known)
    assert facts.digest == image.digest
    assert facts.created_at == datetime.fromisoformat(CREATED)
    assert facts.platforms == {Platform("linux", "amd64")}


def password_of(persona):
    return (persona.user, SecretStr(PASSWORD))


@pytest.mark.parametrize("row", ROWS, ids=name)
async def test_with_a_login(make_client, row):
    with serve(row.kind, {PATH: TAGS}) as persona:
        async with make_client(persona.host, login=password_of(persona)) as client:
            await check_everything(client, persona)
        assert words(persona.server.requests) == row.server
        assert words(persona.elsewhere.requests) == row.elsewhere
        assert leaks(persona) == []


@pytest.mark.parametrize("kind", PERHAPS_PUBLIC, ids=name)
async def test_public_images_are_told_to_strangers(make_client, kind):
    with serve(kind, {PATH: TAGS}, is_public=True) as persona:
        async with make_client(persona.host) as client:
            await check_everything(client, persona)


@pytest.mark.parametrize("kind", GUARDED, ids=name)
async def test_private_images_are_not(make_client, kind):
    with serve(kind, {PATH: TAGS}) as persona:
        async with make_client(persona.host) as client:
            with pytest.raises(Denied) as refused:
                await client.fetch_tags(ImageRepository(persona.host, PATH))
        assert f"docker login {persona.host}" in refused.value.hint


@pytest.mark.parametrize("kind", GUARDED, ids=name)
async def test_a_wrong_password_is_denied_and_not_repeated_in_the_error(make_client, kind):
    with serve(kind, {PATH: TAGS}) as persona:
        login = (persona.user, SecretStr("wr0ng"))
        async with make_client(persona.host, login=login) as client:
            with pytest.raises(Denied) as refused:
                await client.fetch_tags(ImageRepository(persona.host, PATH))
        assert "wr0ng" not in str(refused.value)


@pytest.mark.parametrize("row", ROWS, ids=name)
async def test_what_is_not_there(make_client, row):
    with serve(row.kind, {PATH: TAGS}) as persona:
        async with make_client(persona.host, login=password_of(persona)) as client:
            with pytest.raises(NotFound) as refused:
                await client.fetch_tags(ImageRepository(persona.host, ABSENT))
    told = ERRORS.get(row.kind, "404, NAME_UNKNOWN: repository name not known to registry")
    assert refused.value.message == f"the registry does not have it: {told}"


@pytest.mark.parametrize("kind", [Distribution2, Ghcr, Google, Nexus], ids=name)
async def test_no_tags_at_all(make_client, kind):
    with serve(kind, {PATH: {}}, is_public=True) as persona:
        async with make_client(persona.host) as client:
            assert (await client.fetch_tags(ImageRepository(persona.host, PATH))).tags == ()


async def test_google_tells_every_digest_and_time_in_its_list(make_client):
    with serve(Google, {PATH: TAGS}) as google:
        async with make_client(google.host, login=password_of(google)) as client:
            told = (await client.fetch_tags(ImageRepository(google.host, PATH))).told
    assert {tag: listed.digest for tag, listed in told.items()} == {
        tag: image.digest for tag, image in google.images[PATH].items()
    }
    assert told["1.9"].pushed_at == datetime.fromisoformat(CREATED)


async def test_an_identity_token_is_posted_to_acr(make_client):
    credential = Credential(identity_token=SecretStr(IDENTITY_TOKEN))
    with serve(Acr, {PATH: TAGS}) as acr:
        async with make_client(acr.host, credential=credential) as client:
            await check_everything(client, acr)
        assert [request.method for request in acr.server.requests_for("/oauth2/token")] == ["POST"]
        assert leaks(acr) == []


async def test_harbor_tells_the_rest_once_it_is_known_as_harbor(make_client):
    with serve(Harbor, {PATH: TAGS}) as harbor:
        repository = ImageRepository(harbor.host, PATH)
        async with make_client(harbor.host, login=password_of(harbor)) as client:
            assert await client.fetch_told(repository, {}) is None
            await client.fetch_tags(repository)
            told = await client.fetch_told(repository, {})
            assert client.requests == len(harbor.server.requests)
    assert {tag: listed.digest for tag, listed in told.items()} == {
        tag: image.digest for tag, image in harbor.images[PATH].items()
    }
    assert told["1.9"].created_at == datetime.fromisoformat(CREATED)


async def test_ecr_tells_the_rest_by_the_api_of_aws_whose_requests_count(make_client, monkeypatch):
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    with serve(Ecr, {PATH: TAGS}) as ecr:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", ecr.elsewhere.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
        async with make_client(host) as client:
            told = await client.fetch_told(ImageRepository(host, PATH), {})
            assert client.requests_by_host == {host: 3}
    assert told.keys() == TAGS.keys()


def test_no_persona_is_left_out():
    assert {row.kind for row in ROWS} == {*PUBLIC, *CLOUDS, *HOSTED}
