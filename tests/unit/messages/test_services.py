"""Apprise's services as they get messages, over real HTTP, TLS and SMTP on this machine; and what goes wrong with them."""

import json
import socket

import anyio
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from automator.config.messages import MessageKind
from automator.errors import ConfigError
from automator.messages.services import Service, apprise_urls, check_services
from automator.messages.text import Writer
from automator.model.event import Level
from tests.servers.certificates import make_certificate
from tests.servers.proxy import http_proxy
from tests.servers.scripted import Reply, scripted_registry
from tests.unit.messages.making import URLS, channel, committed, move, trouble

pytestmark = pytest.mark.anyio

EVIL = "<!channel> @everyone <@U1> [x](https://evil.example)"
HOSTILE = committed(move(reason=EVIL), subject=EVIL)
HOSTS = ("hooks.slack.com", "discord.com", "api.telegram.org", "prod-2.logic.azure.com")


def service(url, **settings):
    ops = channel(url=url, **settings)
    return Service(SecretStr(url), ops, Writer(ops, URLS))


async def send(url, *occasions, **settings):
    carrier = service(url, **settings)
    return [await carrier.send(letter) for letter in carrier.letters(occasions)]


@pytest.fixture
def webhook():
    with scripted_registry() as server:
        server.script("/hook/hush", Reply())
        yield server


@pytest.fixture
def hosted(tmp_path, monkeypatch):
    """The services that have a host of their own, behind a proxy that leads there."""
    tls = make_certificate(tmp_path).server_context()
    with scripted_registry(tls=tls) as server:
        routes = dict.fromkeys(HOSTS, server.host)
        with http_proxy(routes=routes) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            yield server


def hook(server):
    return f"json://{server.host}/hook/hush"


async def test_a_webhook_gets_title_text_and_type(webhook):
    occasions = (committed(), trouble(), trouble(MessageKind.REGISTRY_RECOVERED, Level.INFO))
    assert await send(hook(webhook), *occasions) == ["", "", ""]
    bodies = [json.loads(request.body) for request in webhook.requests]
    assert [body["type"] for body in bodies] == ["info", "warning", "success"]
    assert bodies[0]["title"] == "shop: Update shop/carts to 1.1.0 (sock-shop:deployment/carts)"
    assert bodies[0]["message"].startswith("- sock-shop:deployment/carts carts: shop/carts:1.0.0")


async def test_a_digest_is_one_message(webhook):
    assert await send(hook(webhook), committed(), committed(), trouble(), digest="10m") == [""]
    assert json.loads(webhook.requests[0].body)["title"] == "Committed: 2, registry failing: 1"


SERVICES = [
    (
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general?verify=no",
        "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        Reply(body=b"ok"),
    ),
    (
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?verify=no",
        "/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        Reply(status=204),
    ),
    (
        "workflows://prod-2.logic.azure.com:443/643e69f83c8944/4KxAg2zZbqmMb5UO7ckDcU?verify=no",
        "/workflows/643e69f83c8944/triggers/manual/paths/invoke",
        Reply(status=202),
    ),
    (
        "tgram://123456789:AAEabcdefghijklmnopqrstuvwxyz123456/12315544?verify=no",
        "/bot123456789:AAEabcdefghijklmnopqrstuvwxyz123456/sendMessage",
        Reply.json({"ok": True, "result": {"message_id": 1}}),
    ),
]


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize(("url", "path", "reply"), SERVICES, ids=lambda value: str(value)[:9])
async def test_strangers_call_nobody_and_link_nowhere(hosted, url, path, reply, form):
    hosted.script(path, reply)
    assert await send(url, HOSTILE, format=form) == [""]
    sent = json.dumps(json.loads(hosted.requests[0].body), ensure_ascii=False)
    assert "1a2b3c4" in sent
    for markup in (
        "<!channel",
        "&lt;!channel",
        "<@U1",
        "@everyone",
        "@U1",
        "](https://evil",
        "://evil",
    ):
        assert markup not in sent
    assert "allow_mentions" not in sent


async def test_an_overlong_message_is_split(hosted):
    url, path, reply = SERVICES[1]
    hosted.script(path, reply)
    changes = [move(f"shop:deployment/{'w' * 60}{n}") for n in range(40)]
    assert await send(url, committed(*changes)) == [""]
    contents = [json.loads(request.body)["content"] for request in hosted.requests]
    assert len(contents) > 1
    assert all(len(content) <= 2000 for content in contents)


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def mail_server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


async def test_an_email(mail_server):
    url = f"mailto://127.0.0.1:{mail_server.port}/?from=automator@example.com&to=ops@example.com&mode=insecure"
    assert await send(url, committed()) == [""]
    [mail] = mail_server.handler.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("automator@example.com", ["ops@example.com"])
    assert b"Subject: shop: Update shop/carts to 1.1.0" in mail.content
    assert b"https://github.com/shop/config/commit/" in mail.content


FAILURES = [
    (Reply(status=500, body=b"hush"), "the service answered 500"),
    (Reply(status=403), "the service answered 403"),
    (Reply(status=429), "the service answered 429"),
    (Reply(reset_after=0), "the service could not be reached, or did not take it"),
    (Reply(raw=b"hush\r\n\r\n"), "the service could not be reached, or did not take it"),
]


@pytest.mark.parametrize(("reply", "why"), FAILURES)
async def test_what_was_not_taken_is_told_without_a_secret(webhook, reply, why, capfd):
    webhook.script("/hook/hush", reply)
    assert await send(hook(webhook), trouble()) == [why]
    assert "".join(capfd.readouterr()) == ""


async def test_nobody_is_there(capfd):
    with scripted_registry() as gone:
        pass
    [answer] = await send(hook(gone), trouble())
    assert answer == "the service could not be reached, or did not take it"
    assert "".join(capfd.readouterr()) == ""


async def test_one_that_answers_byte_by_byte_can_be_cut_off(webhook):
    """Every byte comes in time for a socket's own limit, and the answer would take hours."""
    webhook.script("/hook/hush", Reply(body=b"x" * 10_000, pause_seconds=0.5))
    with anyio.move_on_after(1) as scope:
        await send(hook(webhook), trouble())
    assert scope.cancelled_caught


def test_urls_of_a_channel_are_told_apart():
    urls = apprise_urls(channel(url="json://a\n  slack://b\n"))
    assert [url.get_secret_value() for url in urls] == ["json://a", "slack://b"]


def test_a_url_that_apprise_does_not_know_is_told_without_itself():
    channels = [channel(name="good"), channel(name="bad", url="json://localhost slakc://hush")]
    with pytest.raises(ConfigError, match="cannot use a URL of the channel bad") as told:
        check_services(channels)
    assert "hush" not in str(told.value)


def test_no_channels_need_no_apprise():
    check_services([channel(cloudevents="https://localhost/events")])
