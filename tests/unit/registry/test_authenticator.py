"""How long what a registry or its token server granted is used again, and who is asked for it."""

import json
from datetime import timedelta

import anyio
import pytest
from pydantic import SecretStr

from automator.model.image import ImageRepository
from automator.registry.auth import Authenticator
from automator.registry.credentials import Credential
from automator.registry.protocol import Challenge
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio

REPOSITORY = ImageRepository("registry.example.com", "shop/carts")
BASIC = Challenge("basic", {})
PASSWORD = {"username": "robot", "password": SecretStr("first")}


class Credentials:
    """`credential` is what is known now; `read` counts how often it was asked for."""

    def __init__(self, credential):
        self.credential = credential
        self.read = 0

    async def for_repository(self, repository):
        self.read += 1
        return self.credential


class TokenServer:
    """Answers at once, or when `seconds` have passed. `requests` is what it was asked."""

    def __init__(self, clock, *, expires_in, seconds=0):
        self.requests = []
        self._clock = clock
        self._expires_in = expires_in
        self._seconds = seconds

    async def __call__(self, repository, request):
        self.requests.append(request)
        self._clock.advance(self._seconds)
        token = f"t{len(self.requests)}"
        return json.dumps({"token": token, "expires_in": self._expires_in}).encode()


@pytest.fixture
def clock():
    return ManualClock()


def make(clock, credentials, fetch, realms=()):
    return Authenticator(
        host=REPOSITORY.host,
        insecure=False,
        credentials=credentials,
        clock=clock,
        fetch=fetch,
        realms=realms,
    )


def bearer(realm="https://registry.example.com/token"):
    return Challenge("bearer", {"realm": realm})


async def fetch_nothing(repository, request):
    raise AssertionError


async def shown(authenticator):
    return (await authenticator.authorization(REPOSITORY)).header.get_secret_value()


@pytest.mark.parametrize(
    "credential",
    [PASSWORD, {"registry_token": SecretStr("first")}],
    ids=["password", "registry token"],
)
async def test_a_credential_is_read_again_shortly_before_its_end(clock, credential):
    end = clock.now() + timedelta(hours=12)
    credentials = Credentials(Credential(**credential, expires_at=end))
    authenticator = make(clock, credentials, fetch_nothing)
    await authenticator.answer(REPOSITORY, [BASIC], None)
    first = await shown(authenticator)
    clock.advance(12 * 3600 - 31)
    assert await shown(authenticator) == first
    assert credentials.read == 1
    credentials.credential = Credential(username="robot", password=SecretStr("second"))
    clock.advance(1)
    assert await shown(authenticator) != first
    assert credentials.read == 2


async def test_a_credential_without_an_end_is_read_once(clock):
    credentials = Credentials(Credential(**PASSWORD))
    authenticator = make(clock, credentials, fetch_nothing)
    await authenticator.answer(REPOSITORY, [BASIC], None)
    clock.advance(365 * 86400)
    await shown(authenticator)
    assert credentials.read == 1


async def test_a_credential_that_has_ended_is_not_kept(clock):
    credentials = Credentials(Credential(**PASSWORD, expires_at=clock.now() - timedelta(hours=1)))
    authenticator = make(clock, credentials, fetch_nothing)
    await authenticator.answer(REPOSITORY, [BASIC], None)
    await shown(authenticator)
    assert credentials.read == 2


@pytest.mark.parametrize(
    ("token_seconds", "credential_seconds", "kept_seconds"),
    [(300, 3600, 270), (3600, 300, 270), (3600, 60, 50), (60, None, 50)],
    ids=["the token's", "the credential's", "a short one", "no other"],
)
async def test_a_token_is_kept_until_the_first_end_of_both(
    clock, token_seconds, credential_seconds, kept_seconds
):
    end = None if credential_seconds is None else timedelta(seconds=credential_seconds)
    expires_at = None if end is None else clock.now() + end
    tokens = TokenServer(clock, expires_in=token_seconds)
    authenticator = make(clock, Credentials(Credential(**PASSWORD, expires_at=expires_at)), tokens)
    await authenticator.answer(REPOSITORY, [bearer()], None)
    clock.advance(kept_seconds - 1)
    assert await shown(authenticator) == "Bearer t1"
    clock.advance(1)
    assert await shown(authenticator) == "Bearer t2"
    assert len(tokens.requests) == 2


async def test_the_life_of_a_token_begins_when_it_is_asked_for(clock):
    tokens = TokenServer(clock, expires_in=300, seconds=100)
    authenticator = make(clock, Credentials(None), tokens)
    await authenticator.answer(REPOSITORY, [bearer()], None)
    clock.advance(169)
    assert await shown(authenticator) == "Bearer t1"
    clock.advance(1)
    assert await shown(authenticator) == "Bearer t2"


@pytest.mark.parametrize(
    ("realm", "named_by"),
    [
        ("https://registry.example.com/token", "https://registry.example.com"),
        ("https://auth.example.com/token", "https://registry.example.com"),
        ("https://auth.internal/token", ""),
    ],
    ids=["its own host", "its domain", "named in the configuration"],
)
async def test_a_token_server_is_the_registry_s_choice_unless_it_is_ours(clock, realm, named_by):
    """What the registry chose is judged by its network; what we chose is not."""
    tokens = TokenServer(clock, expires_in=300)
    credentials = Credentials(Credential(**PASSWORD))
    authenticator = make(clock, credentials, tokens, realms=("auth.internal",))
    await authenticator.answer(REPOSITORY, [bearer(realm)], None)
    assert [request.named_by for request in tokens.requests] == [named_by]
    assert not tokens.requests[0].is_anonymous


OTHER = ImageRepository(REPOSITORY.host, "shop/orders")


def of_scope(scope):
    return Challenge("bearer", {"realm": "https://registry.example.com/token", "scope": scope})


async def answer_both(authenticator, scope, refused=(None, None)):
    """What two image repositories are to show, after challenges that came at the same time."""
    shown = {}

    async def answer(repository, challenge, before):
        shown[repository] = await authenticator.answer(repository, [challenge], before)

    async with anyio.create_task_group() as tasks:
        for repository, before in zip((REPOSITORY, OTHER), refused, strict=True):
            challenge = of_scope(scope.format(repository.path))
            tasks.start_soon(answer, repository, challenge, before)
    return shown[REPOSITORY], shown[OTHER]


@pytest.mark.parametrize(
    ("scope", "count"),
    [("aws", 1), ("*", 1), ("repository:{}:pull", 2)],
    ids=["ECR Public", "Gitea", "a repository"],
)
async def test_a_token_for_everything_is_asked_for_once(clock, scope, count):
    server = TokenServer(clock, expires_in=3600)
    authenticator = make(clock, Credentials(Credential(**PASSWORD)), server)
    await answer_both(authenticator, scope)
    assert len(server.requests) == count
    clock.advance(3600)
    for repository in (REPOSITORY, OTHER):
        await authenticator.authorization(repository)
    assert len(server.requests) == 2 * count


async def test_a_token_for_everything_belongs_to_its_credential(clock):
    server, credentials = TokenServer(clock, expires_in=3600), Credentials(Credential(**PASSWORD))
    authenticator = make(clock, credentials, server)
    await authenticator.answer(REPOSITORY, [of_scope("aws")], None)
    credentials.credential = Credential(username="robot", password=SecretStr("second"))
    await authenticator.answer(OTHER, [of_scope("aws")], None)
    assert len(server.requests) == 2


async def test_a_token_for_everything_that_is_refused_is_shown_to_nobody_else(clock):
    server = TokenServer(clock, expires_in=3600)
    authenticator = make(clock, Credentials(Credential(**PASSWORD)), server)
    refused = await answer_both(authenticator, "aws")
    again = await answer_both(authenticator, "aws", refused)
    assert len(server.requests) == 2
    assert again[0] is again[1]
    authenticator.forget(REPOSITORY)
    assert await authenticator.answer(REPOSITORY, [of_scope("aws")], None) not in {*refused, *again}
