"""Registries that fail, lie or reach for credentials: what the client makes of it, and what it sends."""

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
from automator.registry import client as client_module
from automator.registry.credentials import Credential
from automator.registry.transport import HTTPX_ERRORS, Exchange, translate
from tests.servers.certificates import make_certificate
from tests.servers.images import make_image
from tests.servers.scripted import Reply, scripted_registry

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


def challenge(text):
    return Reply(status=401, headers={"www-authenticate": text})


async def test_one_request_asks_for_a_big_page_and_nothing_else(client, scripted, repository):
    scripted.script(PATH, TAGS)
    assert await client.fetch_tags(repository) == ("1.0",)
    assert [(r.method, r.path, r.query) for r in scripted.requests] == [("GET", PATH, "n=1000")]
    assert "authorization" not in scripted.requests[0].headers


async def test_pages_are_put_together_without_repeating(client, scripted, repository):
    scripted.script(
        PATH,
        Reply.json({"tags": ["b", "a"]}, link=f'<{PATH}?last=a>; rel="next"'),
        Reply.json({"tags": None}, link='<list?last=z>; rel="next"'),
        Reply.json({"tags": ["a", "c"]}),
    )
    assert await client.fetch_tags(repository) == ("b", "a", "c")
    assert [r.query for r in scripted.requests] == ["n=1000", "last=a", "last=z"]


@pytest.mark.parametrize("status", [400, 413])
async def test_a_refused_page_size_is_left_out_from_then_on(client, scripted, repository, status):
    scripted.script(PATH, Reply(status=status), TAGS)
    for _ in range(2):
        assert await client.fetch_tags(repository) == ("1.0",)
    assert [r.query for r in scripted.requests] == ["n=1000", "", ""]


async def test_a_compressed_list(client, scripted, repository):
    headers = {"content-encoding": "gzip"}
    scripted.script(PATH, Reply(body=gzip.compress(TAGS.body), headers=headers))
    assert await client.fetch_tags(repository) == ("1.0",)


REFUSALS = [
    pytest.param(challenge('Basic realm="x"'), Denied, 2, "401", id="401"),
    pytest.param(Reply(status=401), Denied, 1, "offers nothing", id="401 without a challenge"),
    pytest.param(challenge("Negotiate"), Denied, 1, "offers negotiate", id="401 of another kind"),
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
        "DecodingError",
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
    assert await client.fetch_tags(repository) == ("1.0",)
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
        assert await client.fetch_tags(ImageRepository(another.host, "shop/carts")) == ("1.0",)


@pytest.mark.parametrize("kind", ["seconds", "date"])
async def test_a_short_retry_after_is_waited_for(client, scripted, repository, clock, kind):
    until = format_datetime(clock.now() + timedelta(seconds=7), usegmt=True)
    after = "7" if kind == "seconds" else until
    scripted.script(PATH, Reply(status=429, headers={"retry-after": after}), TAGS)
    assert await client.fetch_tags(repository) == ("1.0",)
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
    assert await client.fetch_tags(repository) == ("1.0",)


@pytest.mark.parametrize(
    "link", [f"{PATH}?n=1000", f"{PATH}?last=1.0"], ids=["the same", "a circle"]
)
async def test_pages_that_come_again_are_no_list(client, scripted, repository, link):
    scripted.script(PATH, Reply.json({"tags": ["1.0"]}, link=f'<{link}>; rel="next"'))
    with pytest.raises(ProtocolViolation, match="does not end"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) <= 2


async def test_pages_without_end_are_no_list(client, scripted, repository, monkeypatch):
    monkeypatch.setattr(client_module, "MOST_PAGES", 20)

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
    monkeypatch.setattr(client_module, "TAG_LIST_BYTES", 1000)
    body = json.dumps({"tags": ["x" * 100] * 100}).encode()
    headers = {} if said else {"content-encoding": "gzip"}
    scripted.script(PATH, Reply(body=body if said else gzip.compress(body), headers=headers))
    with pytest.raises(ProtocolViolation, match="longer than 1000 bytes"):
        await client.fetch_tags(repository)


async def test_pages_share_the_limit_of_size(client, scripted, repository, monkeypatch):
    monkeypatch.setattr(client_module, "TAG_LIST_BYTES", 1000)

    def page(request):
        number = len(scripted.requests)
        link = f'<{PATH}?last={number}>; rel="next"'
        return Reply.json({"tags": ["x" * 100] * 3}, link=link)

    scripted.script(PATH, page)
    with pytest.raises(ProtocolViolation, match="longer than"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) == 4


# Digests


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


async def test_a_manifest_that_does_not_match_its_digest_is_refused(client, scripted, repository):
    other = make_image(label="other")
    scripted.script(f"{MANIFEST_PATH}/{other.digest}", MANIFEST)
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, other.digest)
    headers = {"docker-content-digest": other.digest}
    scripted.script(f"{MANIFEST_PATH}/1.0", Reply(body=MANIFEST.body, headers=headers))
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, "1.0")


async def test_a_config_blob_that_does_not_match_its_digest_is_refused(
    client, scripted, repository
):
    scripted.script(f"{MANIFEST_PATH}/1.0", MANIFEST)
    scripted.script(f"/v2/shop/carts/blobs/{IMAGE.config.digest}", Reply(body=b"{}"))
    with pytest.raises(ProtocolViolation, match="does not match"):
        await client.fetch_facts(repository, "1.0")


async def test_indexes_in_one_another_without_end_are_refused(client, scripted, repository):
    def nested(depth):
        inner = {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
        if depth:
            inner["manifests"] = [{"digest": f"sha256:{depth:064x}"}]
        return Reply.json(inner)

    scripted.script(f"{MANIFEST_PATH}/1.0", nested(1))
    scripted.script(f"{MANIFEST_PATH}/sha256:{1:064x}", nested(2))
    with pytest.raises(ProtocolViolation):
        await client.fetch_facts(repository, "1.0")
    assert len(scripted.requests) == 2


# Who gets the credentials


BASIC = challenge('Basic realm="x"')


def credentials_seen(server):
    return [r.headers["authorization"] for r in server.requests if "authorization" in r.headers]


async def test_a_redirected_blob_is_fetched_without_credentials(
    client, scripted, another, repository
):
    blob = f"/v2/shop/carts/blobs/{IMAGE.config.digest}"
    scripted.script(f"{MANIFEST_PATH}/1.0", BASIC, MANIFEST)
    scripted.script(blob, Reply(status=307, headers={"location": f"{another.url}/store/1?sig=a"}))
    another.script("/store/1", Reply(body=IMAGE.config.data))
    facts = await client.fetch_facts(repository, "1.0")
    assert facts.created_at is not None
    assert len(credentials_seen(scripted)) == 2
    assert len(another.requests) == 1
    assert credentials_seen(another) == []


async def test_a_redirect_on_the_same_host_keeps_them(client, scripted, repository):
    scripted.script(PATH, BASIC, Reply(status=302, headers={"location": "/elsewhere"}))
    scripted.script("/elsewhere", TAGS)
    assert await client.fetch_tags(repository) == ("1.0",)
    assert len(credentials_seen(scripted)) == 2


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
    assert credentials_seen(another) == []


@pytest.mark.parametrize(
    "location",
    [PATH, "ftp://r.example/x", "http://[", "file:///etc/passwd"],
    ids=["a circle", "ftp", "no URL", "file"],
)
async def test_a_redirect_that_leads_nowhere(client, scripted, repository, location):
    scripted.script(PATH, Reply(status=302, headers={"location": location}))
    with pytest.raises(ProtocolViolation, match="redirects"):
        await client.fetch_tags(repository)


def bearer(realm):
    return challenge(f'Bearer realm="{realm}",service="s"')


async def test_a_realm_on_the_registry_s_own_host_gets_them(client, scripted, repository):
    scripted.script(PATH, bearer(f"{scripted.url}/token?a=b"), TAGS)
    scripted.script("/token", Reply.json({"access_token": "t0ken"}))
    assert await client.fetch_tags(repository) == ("1.0",)
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
        assert await client.fetch_tags(repository) == ("1.0",)
        assert len(elsewhere.requests) == 1
        assert credentials_seen(elsewhere) == []


async def test_a_realm_on_another_host_over_https_gets_them_as_docker_hub_s_does(
    make_client, repository, scripted, tmp_path
):
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as elsewhere:
        realm = elsewhere.url.replace("127.0.0.1", "localhost")
        scripted.script(PATH, bearer(f"{realm}/token"), TAGS)
        elsewhere.script("/token", Reply.json({"token": "t0ken"}))
        ca_file = certificate.certificate_file
        async with make_client(scripted.host, login=LOGIN, ca_file=ca_file) as client:
            assert await client.fetch_tags(repository) == ("1.0",)
        assert len(credentials_seen(elsewhere)) == 1


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


@pytest.mark.parametrize("realm", ["", "nonsense", "ftp://r.example/token", "https://", "http://["])
async def test_a_realm_that_is_none(client, scripted, repository, realm):
    scripted.script(PATH, bearer(realm))
    with pytest.raises(ProtocolViolation, match="not https"):
        await client.fetch_tags(repository)


async def test_a_token_server_s_redirect_gets_none(client, scripted, another, repository):
    scripted.script(PATH, bearer(f"{scripted.url}/token"), TAGS)
    scripted.script("/token", Reply(status=307, headers={"location": f"{another.url}/token"}))
    another.script("/token", Reply.json({"token": "t0ken"}))
    await client.fetch_tags(repository)
    assert credentials_seen(another) == []


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
        assert await client.fetch_tags(repository) == ("1.0",)
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


# httpx's errors


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
