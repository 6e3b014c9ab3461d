"""Token servers: which of them get a registry's credentials, and that nothing of these is ever shown."""

import json
from urllib.parse import quote_plus, urlsplit

import pytest
from pydantic import SecretStr

from automator.errors import Denied, ProtocolViolation
from automator.model.image import ImageRepository
from automator.registry.credentials import Credential
from automator.registry.realms import Trust, judge_realm
from automator.registry.transport import Exchange
from tests.servers.certificates import make_certificate
from tests.servers.scripted import Reply, scripted_registry

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
LOGIN = ("robot", SecretStr("topsecret"))
TAGS = Reply.json({"name": "shop/carts", "tags": ["1.0"]})
BASIC = Reply.challenge('Basic realm="x"')


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host, login=LOGIN) as client:
        yield client


def bearer(realm):
    return Reply.challenge(f'Bearer realm="{realm}",service="s"')


async def test_a_realm_on_the_registry_s_own_host_gets_them(client, scripted, repository):
    scripted.script(PATH, bearer(f"{scripted.url}/token?a=b"), TAGS)
    scripted.script("/token", Reply.json({"access_token": "t0ken"}))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    asked = scripted.requests_for("/token")[0]
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.parameters == {
        "a": ["b"],
        "service": ["s"],
        "scope": ["repository:shop/carts:pull"],
    }
    assert scripted.requests[-1].headers["authorization"] == "Bearer t0ken"


async def test_a_realm_on_another_host_over_http_gets_none(client, scripted, repository):
    with scripted_registry() as elsewhere:
        realm = elsewhere.url.replace("127.0.0.1", "localhost")
        scripted.script(PATH, bearer(f"{realm}/token"), TAGS)
        elsewhere.script("/token", Reply.json({"token": "t0ken"}))
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
        assert len(elsewhere.requests) == 1
        assert elsewhere.credentials_seen == []


@pytest.fixture
def elsewhere(tmp_path):
    """A token server over https on another host than the registry; and whom its certificate is to be believed of."""
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as server:
        server.script("/token", Reply.json({"token": "t0ken"}))
        realm = server.url.replace("127.0.0.1", "localhost") + "/token"
        yield server, realm, certificate.certificate_file


async def test_a_realm_on_another_host_over_https_is_not_asked_and_gets_none(
    make_client, repository, scripted, elsewhere
):
    server, realm, ca_file = elsewhere
    scripted.script(PATH, bearer(realm), TAGS)
    async with make_client(scripted.host, login=LOGIN, ca_file=ca_file) as client:
        with pytest.raises(
            Denied, match="credentials to localhost, which is not trusted"
        ) as caught:
            await client.fetch_tags(repository)
    assert "`realms: [localhost]`" in caught.value.hint
    assert server.requests == []
    assert scripted.credentials_seen == []


@pytest.mark.parametrize("with_port", [False, True], ids=["host", "host and port"])
async def test_a_realm_that_the_configuration_names_gets_them(
    make_client, repository, scripted, elsewhere, with_port
):
    server, realm, ca_file = elsewhere
    scripted.script(PATH, bearer(realm), TAGS)
    named = urlsplit(realm).netloc if with_port else "localhost"
    settings = {"ca_file": ca_file, "realms": (named,)}
    async with make_client(scripted.host, login=LOGIN, **settings) as client:
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert len(server.credentials_seen) == 1


async def test_without_credentials_any_realm_over_https_may_be_asked(
    make_client, repository, scripted, elsewhere
):
    server, realm, ca_file = elsewhere
    scripted.script(PATH, bearer(realm), TAGS)
    async with make_client(scripted.host, ca_file=ca_file) as client:
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert len(server.requests) == 1
    assert server.credentials_seen == []


async def test_a_realm_in_a_more_private_network_is_not_asked(
    client, repository, scripted, another
):
    """0.0.0.0 stands for all that is no network; what is sent to it would arrive at `another`."""
    port = urlsplit(another.url).port
    scripted.script(PATH, bearer(f"http://0.0.0.0:{port}/token"))
    with pytest.raises(ProtocolViolation, match=r"to 0\.0\.0\.0, which is in a more private"):
        await client.fetch_tags(repository)
    assert another.requests == []


async def test_a_registry_over_https_may_not_send_for_tokens_over_http(
    make_client, scripted, tmp_path
):
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as secure:
        secure.script(PATH, bearer(f"{scripted.url}/token"))
        settings = {"insecure": False, "ca_file": certificate.certificate_file}
        async with make_client(secure.host, login=LOGIN, **settings) as client:
            with pytest.raises(ProtocolViolation, match="not https"):
                await client.fetch_tags(ImageRepository(secure.host, "shop/carts"))
            secure.script(PATH, Reply(status=302, headers={"location": f"{scripted.url}/x"}))
            with pytest.raises(ProtocolViolation, match="not followed"):
                await client.fetch_tags(ImageRepository(secure.host, "shop/carts"))
    assert scripted.requests == []


@pytest.mark.parametrize(
    "realm",
    [
        "",
        "nonsense",
        "ftp://r.example/token",
        "https://",
        "http://[",
        "https://a:b@r.example/token",
        "https://\x1bc.example/token",
        f"https://{'a' * 254}/token",
        "https://r.example:x/token",
    ],
    ids=ascii,
)
async def test_a_realm_that_is_none(client, scripted, repository, realm):
    scripted.script(PATH, bearer(realm))
    with pytest.raises(ProtocolViolation, match="not https"):
        await client.fetch_tags(repository)


async def test_a_token_server_s_redirect_gets_none(client, scripted, another, repository):
    scripted.script(PATH, bearer(f"{scripted.url}/token"), TAGS)
    scripted.script("/token", Reply(status=307, headers={"location": f"{another.url}/token"}))
    another.script("/token", Reply.json({"token": "t0ken"}))
    await client.fetch_tags(repository)
    assert another.credentials_seen == []


async def test_an_identity_token_does_not_follow_a_redirect(
    make_client, scripted, another, repository
):
    scripted.script(PATH, bearer(f"{scripted.url}/token"), TAGS)
    scripted.script("/token", Reply(status=307, headers={"location": f"{another.url}/token"}))
    credential = Credential(identity_token=SecretStr("topsecret"))
    async with make_client(scripted.host, credential=credential) as client:
        with pytest.raises(ProtocolViolation, match="not followed"):
            await client.fetch_tags(repository)
    assert another.requests == []


async def test_a_revoked_token_is_replaced(client, scripted, repository):
    want = bearer(f"{scripted.url}/token")
    scripted.script("/token", Reply.json({"token": "old"}), Reply.json({"token": "new"}))
    scripted.script(PATH, want, TAGS, want, TAGS)
    for _ in range(2):
        assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert scripted.requests[-1].headers["authorization"] == "Bearer new"


def echo(request):
    """Tells back all that it was sent."""
    said = f"{dict(request.headers)} {request.body!r} {request.query} topsecret"
    return Reply.json({"errors": [{"code": "DENIED", "message": said[-150:]}]}, status=403)


SECRETS = ["topsecret", "cm9ib3Q6dG9wc2VjcmV0", "t0ken"]


@pytest.mark.parametrize(
    "credential",
    [
        Credential(username="robot", password=SecretStr("topsecret")),
        Credential(identity_token=SecretStr("topsecret")),
    ],
    ids=["password", "identity token"],
)
async def test_a_token_server_that_echoes_secrets_is_not_quoted(
    make_client, scripted, repository, credential
):
    scripted.script(PATH, bearer(f"{scripted.url}/token"))
    scripted.script("/token", echo)
    async with make_client(scripted.host, credential=credential) as client:
        with pytest.raises(Denied, match="token server") as caught:
            await client.fetch_tags(repository)
        shown = f"{caught.value} {caught.value!r} {client!r} {credential!r} {vars(caught.value)}"
    assert not [secret for secret in SECRETS if secret in shown]


async def test_a_registry_that_echoes_secrets_is_not_quoted(client, scripted, repository):
    scripted.script(PATH, BASIC, echo)
    with pytest.raises(Denied) as caught:
        await client.fetch_tags(repository)
    assert not [secret for secret in SECRETS if secret in f"{caught.value} {caught.value!r}"]


@pytest.mark.parametrize(
    "spell",
    [str, quote_plus, lambda secret: json.dumps(secret)[1:-1]],
    ids=["as it is", "as a form has it", "as JSON has it"],
)
async def test_what_is_sent_along_is_not_quoted_however_it_is_echoed(
    client, scripted, repository, spell
):
    """A request that brings its own authorization or body, as those beside the OCI protocol do."""
    secret = 'top"secret+/=='
    scripted.script(PATH, Reply(status=403, body=f"you sent {spell(secret)}".encode()))
    exchange = Exchange(
        method="POST",
        url=f"{scripted.url}{PATH}",
        where="login",
        body_limit=1000,
        content="a body with it",
        secrets=(SecretStr(secret),),
    )
    with pytest.raises(Denied, match=r"refuses: 403, you sent \*\*\* "):
        await client._sources.open(repository).ask(exchange)


def test_an_exchange_shows_no_secret():
    exchange = Exchange(
        method="POST",
        url="https://r.example/token?topsecret",
        where="r.example/a",
        body_limit=1,
        authorization="Bearer topsecret",
        content="refresh_token=topsecret",
    )
    assert "topsecret" not in repr(exchange)


TRUSTED = [
    ("docker.io", "https://auth.docker.io/token"),
    ("ghcr.io", "https://ghcr.io/token"),
    ("ghcr.io", "https://GHCR.IO./token"),
    ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
    ("registry.example.com", "https://gitlab.example.com/jwt/auth"),
    ("registry.example.com:5000", "https://registry.example.com/token"),
    ("registry.example.com:5000", "https://registry.example.com:8443/token"),
    ("registry.example.co.uk", "https://auth.example.co.uk/token"),
    ("docker.elastic.co", "https://docker-auth.elastic.co/auth"),
    ("icr.io", "https://us.icr.io/oauth/token"),
    ("nvcr.io", "https://authn.nvidia.com/token"),
    ("10.0.0.1:5000", "https://10.0.0.1/token"),
    ("[fd00::1]:5000", "https://[fd00::1]/token"),
]
UNTRUSTED = [
    ("docker.io", "https://auth.docker.io.evil.example/token"),
    ("docker.io", "https://evildocker.io/token"),
    ("docker.io", "https://docker.com/token"),
    ("ghcr.io", "https://evil.io/token"),
    ("quay.io", "https://io/token"),
    ("registry.co.uk", "https://evil.co.uk/token"),
    ("registry.com.au", "https://com.au/token"),
    ("registry", "https://evil/token"),
    ("10.0.0.1:5000", "https://0.0.1/token"),
    ("10.0.0.1:5000", "https://11.0.0.1/token"),
    ("[fd00::1]:5000", "https://[fd00::2]/token"),
    ("r.example.com", "https://authn.nvidia.com/token"),
]


@pytest.mark.parametrize("insecure", [False, True], ids=["over https", "over plain HTTP"])
@pytest.mark.parametrize(("host", "realm"), TRUSTED)
def test_a_realm_of_the_registry_s_own_domain_is_trusted(host, realm, insecure):
    assert judge_realm(realm, host=host, insecure=insecure, realms=()) is Trust.TRUSTED


@pytest.mark.parametrize("insecure", [False, True], ids=["over https", "over plain HTTP"])
@pytest.mark.parametrize(("host", "realm"), UNTRUSTED)
def test_a_realm_elsewhere_is_not_unless_it_is_configured(host, realm, insecure):
    assert judge_realm(realm, host=host, insecure=insecure, realms=()) is Trust.UNTRUSTED
    named = (urlsplit(realm).hostname,)
    assert judge_realm(realm, host=host, insecure=insecure, realms=named) is Trust.CONFIGURED


@pytest.mark.parametrize(
    ("configured", "trust"),
    [
        ("auth.example.com", Trust.CONFIGURED),
        ("auth.example.com:8443", Trust.CONFIGURED),
        ("Auth.Example.com", Trust.CONFIGURED),
        ("auth.example.com:443", Trust.UNTRUSTED),
        ("example.com", Trust.UNTRUSTED),
    ],
)
def test_a_configured_realm_is_that_host_and_with_a_port_that_port(configured, trust):
    realm = "https://auth.example.com:8443/token"
    assert judge_realm(realm, host="r.io", insecure=False, realms=(configured,)) is trust
