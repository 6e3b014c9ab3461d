"""The client against distribution's own registry: anonymous, with htpasswd, with tokens, over TLS."""

from datetime import UTC, datetime

import anyio
import httpx
import pytest
from pydantic import SecretStr

from automator.errors import Denied, NotFound, Unavailable
from automator.model.image import ImageRepository
from automator.model.tags import Detail
from automator.registry.credentials import Credential
from tests.servers.certificates import make_certificate
from tests.servers.images import make_image, push_image, write_image
from tests.servers.registry import docker_registry
from tests.servers.tokens import token_server

pytestmark = pytest.mark.anyio

LOGIN = ("robot", SecretStr("topsecret"))
USERS = {"robot": "topsecret"}
CREATED_AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def repository(registry, request):
    """An image repository of the test's own."""
    name = "".join(char for char in request.node.name if char.isalnum() and char.isascii())
    return ImageRepository(registry.host, f"shop/{name.lower()}")


@pytest.fixture
async def client(make_client, registry):
    async with make_client(registry.host) as client:
        yield client


async def test_tags_in_one_request(client, registry, repository):
    for tag in ("1.0", "1.1", "latest"):
        push_image(registry.url, repository.path, tag)
    assert set((await client.fetch_tags(repository)).tags) == {"1.0", "1.1", "latest"}
    assert client.requests == 1
    assert client.requests_by_host == {registry.host: 1}


async def test_what_is_written_into_the_storage_is_as_what_was_pushed(
    client, registry, repository, recall
):
    pushed = push_image(registry.url, repository.path, "pushed", make_image())
    written = write_image(registry.storage, repository.path, "written", make_image())
    assert pushed == written
    assert set((await client.fetch_tags(repository)).tags) == {"pushed", "written"}
    facts = await client.fetch_facts(repository, "written", detail=Detail.TIME, recall=recall)
    assert facts.created_at == CREATED_AT


async def test_the_digest_of_a_tag_in_one_request(client, registry, repository):
    digest = push_image(registry.url, repository.path, "1.0")
    assert await client.fetch_digest(repository, "1.0") == digest
    assert client.requests == 1


async def test_what_is_not_there_is_named(client, registry, repository, recall):
    with pytest.raises(NotFound, match=f"^{repository}: .*404, NAME_UNKNOWN"):
        await client.fetch_tags(repository)
    push_image(registry.url, repository.path, "1.0")
    with pytest.raises(NotFound, match=f"^{repository}:2.0: .*404"):
        await client.fetch_digest(repository, "2.0")
    with pytest.raises(NotFound, match=f"^{repository}:2.0: .*404, MANIFEST_UNKNOWN"):
        await client.fetch_facts(repository, "2.0", detail=Detail.TIME, recall=recall)


@pytest.fixture
def with_passwords(tmp_path):
    with docker_registry(tmp_path, users=USERS) as running:
        write_image(running.storage, "shop/carts", "1.0")
        yield running


async def test_basic_credentials_are_sent_unasked_after_the_first_challenge(
    make_client, with_passwords
):
    repository = ImageRepository(with_passwords.host, "shop/carts")
    async with make_client(with_passwords.host, login=LOGIN) as client:
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
        assert client.requests == 2
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
        assert client.requests == 3


@pytest.mark.parametrize(
    ("login", "says"),
    [(None, "none are known"), (("robot", SecretStr("topsecret-typo")), "check its credentials")],
    ids=["none", "wrong"],
)
async def test_without_the_right_password_it_is_denied(make_client, with_passwords, login, says):
    repository = ImageRepository(with_passwords.host, "shop/carts")
    async with make_client(with_passwords.host, login=login) as client:
        with pytest.raises(Denied, match=says) as caught:
            await client.fetch_tags(repository)
    assert caught.value.location == str(repository)
    assert "topsecret" not in f"{caught.value}{caught.value!r}"


@pytest.fixture(params=["ES256", "RS256"])
def with_tokens(tmp_path, request):
    with (
        token_server(
            tmp_path / "tokens",
            algorithm=request.param,
            users=USERS,
            refresh_tokens={"identity": "robot"},
            public=frozenset({"shop/open"}),
        ) as tokens,
        docker_registry(tmp_path, tokens=tokens) as running,
    ):
        for path in ("shop/carts", "shop/open"):
            write_image(running.storage, path, "1.0")
        yield running, tokens


@pytest.mark.parametrize(
    ("path", "credential"),
    [
        ("shop/open", None),
        ("shop/carts", Credential(username="robot", password=LOGIN[1])),
        ("shop/carts", Credential(identity_token=SecretStr("identity"))),
    ],
    ids=["anonymous", "password", "identity token"],
)
async def test_a_token_serves_until_it_expires(make_client, with_tokens, clock, path, credential):
    registry, tokens = with_tokens
    repository = ImageRepository(registry.host, path)
    async with make_client(registry.host, credential=credential) as client:
        for _ in range(3):
            assert (await client.fetch_tags(repository)).tags == ("1.0",)
        assert len(tokens.requests) == 1
        assert client.requests == 1 + 1 + 3
        clock.advance(tokens.expires_in_seconds - 10)
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
        # Renewed before the registry could refuse the old one.
        assert client.requests == 1 + 1 + 3 + 2


async def test_many_requests_at_once_ask_for_one_token(make_client, with_tokens):
    registry, tokens = with_tokens
    repository = ImageRepository(registry.host, "shop/carts")
    async with (
        make_client(registry.host, login=LOGIN) as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(50):
            group.start_soon(client.fetch_tags, repository)
    assert len(tokens.requests) == 1


@pytest.mark.parametrize(
    ("login", "says"),
    [
        (None, "docker login"),
        (("robot", SecretStr("topsecret-typo")), "token server.*incorrect username or password"),
    ],
    ids=["none", "wrong"],
)
async def test_without_the_right_token_it_is_denied(make_client, with_tokens, login, says):
    registry, _ = with_tokens
    async with make_client(registry.host, login=login) as client:
        with pytest.raises(Denied, match=says) as caught:
            await client.fetch_tags(ImageRepository(registry.host, "shop/carts"))
    assert "topsecret" not in f"{caught.value}{caught.value!r}"


async def test_a_certificate_authority_of_the_registry_s_own(make_client, tmp_path):
    certificate = make_certificate(tmp_path / "tls")
    with docker_registry(tmp_path, tls=certificate) as registry:
        with httpx.Client(verify=False, trust_env=False) as pusher:
            push_image(registry.url, "shop/carts", "1.0", client=pusher)
        repository = ImageRepository(registry.host, "shop/carts")
        ca_file = certificate.certificate_file
        async with make_client(registry.host, insecure=False, ca_file=ca_file) as client:
            assert (await client.fetch_tags(repository)).tags == ("1.0",)
        async with make_client(registry.host, insecure=False) as client:
            with pytest.raises(Unavailable, match="set `ca_file`"):
                await client.fetch_tags(repository)


async def test_a_file_that_holds_no_certificate_is_named(make_client, tmp_path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("no certificate")
    async with make_client("r.example", insecure=False, ca_file=ca_file) as client:
        with pytest.raises(Unavailable, match=f"^r.example: .*{ca_file}"):
            await client.fetch_tags(ImageRepository("r.example", "a"))
