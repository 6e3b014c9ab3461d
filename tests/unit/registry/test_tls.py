"""TLS: certificate authorities of one's own, certificates of clients, and files that are not what they should be."""

from ssl import SSLError

import pytest

from automator.errors import Unavailable
from automator.model.image import ImageRepository
from automator.registry.settings import HostSettings
from automator.registry.tls import make_context
from automator.registry.transport import translate
from tests.servers.certificates import make_certificate
from tests.servers.scripted import Reply, scripted_registry

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = Reply.json({"tags": ["1.0"]})


@pytest.fixture(scope="module")
def server_certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("locked"), password="topsecret")


@pytest.fixture
def registry(server_certificate, own):
    """Takes nobody without the certificate `own`."""
    with scripted_registry(tls=server_certificate.server_context(clients=own)) as registry:
        registry.script(PATH, TAGS)
        yield registry


@pytest.fixture
def fetch(make_client, registry, server_certificate):
    async def fetch(**settings):
        changed = {"insecure": False, "ca_file": server_certificate.certificate_file} | settings
        async with make_client(registry.host, attempts=1, **changed) as client:
            return (await client.fetch_tags(ImageRepository(registry.host, "shop/carts"))).tags

    return fetch


@pytest.mark.parametrize("in_one_file", [False, True], ids=["two files", "one file"])
async def test_a_registry_that_asks_for_a_certificate_is_shown_it(
    fetch, own, tmp_path, in_one_file
):
    files = {"client_certificate_file": own.certificate_file, "client_key_file": own.key_file}
    if in_one_file:
        both = tmp_path / "both.pem"
        both.write_bytes(own.key_file.read_bytes() + own.certificate_file.read_bytes())
        files = {"client_certificate_file": both}
    assert await fetch(**files) == ("1.0",)


@pytest.mark.parametrize("shown", ["none", "another"])
async def test_without_the_right_one_nothing_is_answered(fetch, foreign, registry, shown):
    files = {
        "client_certificate_file": foreign.certificate_file,
        "client_key_file": foreign.key_file,
    }
    with pytest.raises(Unavailable, match="cannot be reached"):
        await fetch(**({} if shown == "none" else files))
    assert registry.requests == []


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "set `client_certificate_file`"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "set `client_certificate_file`"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "set `ca_file`"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "set `insecure: true`"),
    ],
)
def test_what_tls_says_becomes_a_hint(said, hint):
    """By itself: where the connection breaks first, the registry's word about a certificate of ours does not arrive."""
    error = translate(SSLError(said), where="r.example/a")
    assert isinstance(error, Unavailable)
    assert error.hint.startswith(hint)


async def test_a_registry_of_an_unknown_authority_is_not_asked(fetch, registry):
    with pytest.raises(Unavailable, match="set `ca_file`"):
        await fetch(ca_file=None)
    assert registry.requests == []


async def test_plain_http_where_tls_was_expected(make_client, scripted):
    repository = ImageRepository(scripted.host, "shop/carts")
    async with make_client(scripted.host, insecure=False, attempts=1) as client:
        with pytest.raises(Unavailable, match="set `insecure: true`"):
            await client.fetch_tags(repository)


def test_the_usual_authorities_stay(own):
    usual = make_context(HostSettings(host="r.example"))
    more = make_context(HostSettings(host="r.example", ca_file=own.certificate_file))
    assert len(more.get_ca_certs()) == len(usual.get_ca_certs()) + 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"ca_file": "absent.pem"}, r"absent\.pem cannot be used: No such file"),
        ({"ca_file": "."}, r"`ca_file` is a file of certificates"),
        ({"ca_file": "garbage.pem"}, r"garbage\.pem cannot be used: NO_CERT"),
        ({"client_certificate_file": "absent.pem"}, r"No such file"),
        ({"client_certificate_file": "garbage.pem"}, r"garbage\.pem with the key in garbage\.pem"),
        ({"client_certificate_file": "own.pem"}, r"belong together and have no password"),
        ({"client_certificate_file": "own.pem", "client_key_file": "absent.pem"}, r"No such file"),
        ({"client_certificate_file": "own.pem", "client_key_file": "foreign.key"}, "MISMATCH"),
        ({"client_certificate_file": "locked.pem", "client_key_file": "locked.key"}, "no password"),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    own, foreign, locked, tmp_path, monkeypatch, settings, says
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "garbage.pem").write_text("topsecret")
    (tmp_path / "own.pem").write_bytes(own.certificate_file.read_bytes())
    (tmp_path / "foreign.key").write_bytes(foreign.key_file.read_bytes())
    (tmp_path / "locked.pem").write_bytes(locked.certificate_file.read_bytes())
    (tmp_path / "locked.key").write_bytes(locked.key_file.read_bytes())
    with pytest.raises(Unavailable, match=says) as caught:
        make_context(HostSettings(host="r.example", **settings))
    assert caught.value.location == "r.example"
    assert "topsecret" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)
