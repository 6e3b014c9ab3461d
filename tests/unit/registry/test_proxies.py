"""Proxies: whose word counts, what goes through them, and that their passwords are not shown."""

import socket
import ssl
import traceback

import pytest
from pydantic import SecretStr

from automator.errors import Denied, Unavailable
from automator.model.image import ImageRepository
from automator.registry.transport import Transport
from tests.servers.certificates import make_certificate
from tests.servers.proxy import http_proxy
from tests.servers.scripted import Reply, scripted_registry

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = Reply.json({"tags": ["1.0"]})
LOGIN = "robot:topsecret"


@pytest.fixture
def proxy(scripted):
    with http_proxy(routes={"registry.test": scripted.host}) as proxy:
        yield proxy


@pytest.fixture
def guarded():
    """A proxy that wants a user and password."""
    with http_proxy(login=LOGIN) as proxy:
        yield proxy


@pytest.fixture
def secure(tmp_path):
    """A registry over TLS, and the settings to speak to it."""
    certificate = make_certificate(tmp_path)
    with scripted_registry(tls=certificate.server_context()) as registry:
        registry.script(PATH, TAGS)
        yield registry, {"insecure": False, "ca_file": certificate.certificate_file}


@pytest.fixture
def fetch(make_client, scripted):
    scripted.script(PATH, TAGS)

    async def fetch(host, **settings):
        async with make_client(host, attempts=1, **settings) as client:
            return (await client.fetch_tags(ImageRepository(host, "shop/carts"))).tags

    return fetch


def with_login(proxy, login):
    return proxy.url.replace("http://", f"http://{login}@")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_the_environment_s_proxy(fetch, scripted, proxy, monkeypatch, variable):
    monkeypatch.setenv(variable, proxy.url)
    assert await fetch(scripted.host) == ("1.0",)
    assert [method for method, _ in proxy.requests] == ["GET"]


async def test_its_exceptions(fetch, scripted, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "r.example,127.0.0.1")
    assert await fetch(scripted.host) == ("1.0",)
    assert proxy.requests == []


async def test_a_proxy_of_the_settings_stands_before_the_environment(
    fetch, scripted, proxy, guarded, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", guarded.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert await fetch(scripted.host, proxy=SecretStr(proxy.url)) == ("1.0",)
    assert len(proxy.requests) == 1
    assert guarded.requests == []


async def test_a_name_that_only_the_proxy_knows(fetch, proxy):
    assert await fetch("registry.test", proxy=SecretStr(proxy.url)) == ("1.0",)
    assert proxy.requests == [("GET", f"http://registry.test{PATH}?n=1000")]


async def test_https_goes_through_a_tunnel(fetch, proxy, secure):
    registry, settings = secure
    assert await fetch(registry.host, proxy=SecretStr(proxy.url), **settings) == ("1.0",)
    assert proxy.requests == [("CONNECT", registry.host)]


@pytest.mark.parametrize("tunnel", [False, True], ids=["plain", "tunnel"])
async def test_a_proxy_that_wants_a_password(fetch, scripted, guarded, secure, tunnel):
    registry, settings = secure if tunnel else (scripted, {})
    proxy = SecretStr(with_login(guarded, LOGIN))
    assert await fetch(registry.host, proxy=proxy, **settings) == ("1.0",)
    assert registry.credentials_seen == []


@pytest.mark.parametrize("from_environment", [False, True], ids=["settings", "environment"])
@pytest.mark.parametrize("tunnel", [False, True], ids=["plain", "tunnel"])
async def test_a_proxy_that_refuses_the_password(
    fetch, scripted, guarded, secure, monkeypatch, tunnel, from_environment
):
    registry, settings = secure if tunnel else (scripted, {})
    url = with_login(guarded, "robot:wrongsecret")
    if from_environment:
        monkeypatch.setenv("ALL_PROXY", url)
    else:
        settings = settings | {"proxy": SecretStr(url)}
    with pytest.raises(Denied, match="the proxy refuses: 407") as caught:
        await fetch(registry.host, **settings)
    assert "secret" not in everything_told(caught.value)
    assert registry.requests == []
    assert len(guarded.requests) == 1


@pytest.mark.parametrize("tunnel", [False, True], ids=["plain", "tunnel"])
async def test_a_proxy_that_is_down(fetch, scripted, secure, tunnel):
    registry, settings = secure if tunnel else (scripted, {})
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://{LOGIN}@127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unavailable, match="proxy settings") as caught:
            await fetch(registry.host, proxy=SecretStr(url), **settings)
    assert "topsecret" not in everything_told(caught.value)


async def test_a_proxy_that_cannot_reach_the_registry(fetch, proxy, secure):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unavailable, match=r"502 Bad Gateway.*the proxy answers for it"):
            await fetch(host, proxy=SecretStr(proxy.url), **secure[1])


@pytest.mark.parametrize(
    "url",
    [
        "socks5://robot:topsecret@127.0.0.1:1",
        "ftp://robot:topsecret@127.0.0.1:1",
        "http://robot:topsecret",
    ],
    ids=["SOCKS", "FTP", "a password for a port"],
)
async def test_a_proxy_that_cannot_be_one(fetch, scripted, monkeypatch, url):
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(Unavailable, match="a proxy is written http://host:port") as caught:
        await fetch(scripted.host)
    assert "topsecret" not in everything_told(caught.value)


async def test_a_transport_does_not_show_its_proxy(guarded):
    transport = Transport(
        tls=ssl.create_default_context(),
        max_connections=1,
        timeout_seconds=1,
        proxy=SecretStr(with_login(guarded, LOGIN)),
    )
    assert "topsecret" not in f"{transport!r} {transport}"
    await transport.close()


def everything_told(error):
    """Also what a traceback would say of the errors behind it."""
    return f"{error!r} {vars(error)} {''.join(traceback.format_exception(error))}"
