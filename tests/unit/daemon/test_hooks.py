"""The hooks of a running daemon: what senders are answered, what is looked at, and what the log says."""

import json
import logging
from contextlib import asynccontextmanager
from urllib.parse import quote

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from automator.daemon.hooks import hook_routes
from automator.daemon.http import bind, serve
from automator.hooks.request import BODY_BYTES
from automator.model.event import HookReceived, HookRefused, LogFormat
from automator.model.image import ImageRepository
from automator.model.registry import PushEvent
from automator.report.log import LogSink, configure_logging
from tests.servers.clocks import ManualClock
from tests.unit.hooks import payloads
from tests.unit.hooks.making import SECRET, TOPIC, prove, receiver, request

pytestmark = pytest.mark.anyio

IN_URL = quote(SECRET, safe="")
CARTS = PushEvent(ImageRepository("quay.io", "shop/carts"), "1.2")
NO_PROOF = {"error": "no valid proof of the sender"}


class Daemon:
    """`told` is what is to be looked at, `reported` what goes to the log."""

    def __init__(self, port, clock):
        self.address = ("127.0.0.1", port)
        self.clock = clock
        self.told = []
        self.reported = []
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    async def post(self, path, document=payloads.QUAY, **more):
        return await self.client.post(path, json=document, **more)

    async def raw(self, text):
        """Everything that is answered to `text`, until the server hangs up."""
        stream = await anyio.connect_tcp(*self.address)
        with anyio.fail_after(10):
            async with stream:
                await stream.send(text)
                return b"".join([chunk async for chunk in stream])


@asynccontextmanager
async def running(*receivers):
    sock = bind("127.0.0.1:0")
    daemon = Daemon(sock.getsockname()[1], ManualClock())
    routes = hook_routes(receivers, daemon.told.append, daemon.reported.append, clock=daemon.clock)
    with sock:
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve, Starlette(routes=routes), sock)
            async with daemon.client:
                yield daemon
            tasks.cancel_scope.cancel()


@pytest.fixture
async def daemon():
    async with running(receiver("quay")) as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/hooks/hook/{IN_URL}", {}),
        (f"/hooks/hook/{quote(SECRET)}", {}),
        (f"/hooks/hook?token={IN_URL}", {}),
        ("/hooks/hook", {"Authorization": f"Bearer {SECRET}"}),
    ],
)
async def test_a_proven_push_is_looked_at(daemon, path, headers):
    answer = await daemon.post(path, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"events": 1})
    assert daemon.told == [CARTS]
    assert daemon.reported == [HookReceived(hook="hook", pushes=1)]


async def test_a_signature_is_of_the_body_as_it_was_sent():
    async with running(receiver("github")) as daemon:
        pretty = json.dumps(payloads.GITHUB, indent=2, ensure_ascii=False).encode()
        headers = dict(prove("github", request(None, raw=pretty)).headers)
        answer = await daemon.client.post("/hooks/hook", content=pretty, headers=headers)
        assert (answer.status_code, len(daemon.told)) == (202, 1)
        answer = await daemon.client.post("/hooks/hook", content=pretty + b"\n", headers=headers)
        assert (answer.status_code, len(daemon.told)) == (401, 1)


@pytest.mark.parametrize(
    ("path", "hook"),
    [
        ("/hooks/hook", "hook"),
        ("/hooks/hook/", "hook"),
        ("/hooks/hook/guessed", "hook"),
        ("/hooks/hook?token=", "hook"),
        (f"/hooks/another/{IN_URL}", ""),
        ("/hooks/another", ""),
    ],
)
async def test_without_a_proof_nobody_learns_which_hooks_there_are(daemon, path, hook):
    answer = await daemon.post(path)
    assert (answer.status_code, answer.json()) == (401, NO_PROOF)
    assert daemon.told == []
    why = "no valid proof of the sender"
    assert daemon.reported == [HookRefused(hook=hook, why=why, unreported=0)]


async def test_a_body_that_cannot_be_read_is_answered_with_the_reason(daemon):
    answer = await daemon.client.post(f"/hooks/hook/{IN_URL}", content=b"{")
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not JSON"})
    assert daemon.reported == [HookRefused(hook="hook", why="the body is not JSON", unreported=0)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/hooks/hook", f"/hooks/hook/{IN_URL}", "/hooks/another"])
async def test_events_are_posted(daemon, method, path):
    assert (await daemon.client.request(method, path)).status_code == 405
    assert daemon.reported == []


@pytest.mark.parametrize("name", ["hook", "another"])
async def test_a_long_body_is_not_read_to_its_end(daemon, name):
    head = f"POST /hooks/{name}/{IN_URL} HTTP/1.1\r\nhost: daemon\r\nconnection: close\r\n"
    body = b"x" * (BODY_BYTES + 1)
    answer = await daemon.raw(f"{head}content-length: 9999999999\r\n\r\n".encode() + body)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b'{"error":"the body is too long"}')
    hook = "hook" if name == "hook" else ""
    [refused] = daemon.reported
    assert (refused.hook, refused.why) == (hook, "the body is too long, or broke off")


async def test_the_longest_body_is_read(daemon):
    body = json.dumps(payloads.QUAY).encode().ljust(BODY_BYTES)
    answer = await daemon.client.post(f"/hooks/hook/{IN_URL}", content=body)
    assert answer.status_code == 202


async def test_a_sender_that_goes_away_breaks_nothing(daemon, caplog):
    stream = await anyio.connect_tcp(*daemon.address)
    await stream.send(b"POST /hooks/hook HTTP/1.1\r\nhost: daemon\r\ncontent-length: 10\r\n\r\n{")
    await stream.aclose()
    with anyio.fail_after(10):
        while not daemon.reported:
            await anyio.lowlevel.checkpoint()
    assert (await daemon.post(f"/hooks/hook/{IN_URL}")).status_code == 202
    assert caplog.records == []


async def test_a_sender_of_cloudevents_may_ask_whether_it_may_send():
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    async with running(receiver("cloudevents")) as daemon:
        answer = await daemon.client.options(f"/hooks/hook/{IN_URL}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
        assert answer.headers["WebHook-Allowed-Rate"] == "*"
        assert (await daemon.client.options("/hooks/hook", headers=headers)).status_code == 401
        assert (await daemon.client.options(f"/hooks/hook/{IN_URL}")).status_code == 400


async def test_a_proof_that_cannot_be_checked_now_is_to_be_sent_again():
    google = {"audience": "a", "service_account": "s"}

    async def fetch(_url):
        return b"out of order"

    async with running(receiver("gar", fetch=fetch, **google)) as daemon:
        token = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.e30"
        answer = await daemon.post("/hooks/hook", headers={"Authorization": token})
        assert answer.status_code == 503
        assert daemon.reported[0].why == "Google does not answer with certificates"


async def test_who_knocks_all_the_time_does_not_fill_the_log(daemon):
    for _ in range(5):
        await daemon.post("/hooks/hook")
        await daemon.post("/hooks/another")
        await daemon.post("/hooks/third")
    daemon.clock.advance(59)
    await daemon.post("/hooks/hook")
    daemon.clock.advance(1)
    await daemon.post("/hooks/hook")
    await daemon.post("/hooks/another")
    assert [(event.hook, event.unreported) for event in daemon.reported] == [
        ("hook", 0),
        ("", 0),
        ("hook", 5),
        ("", 9),
    ]


async def test_every_hook_has_its_own_secret():
    first, second = receiver("quay"), receiver("quay", secret="another")
    second.name = "second"
    async with running(first, second) as daemon:
        assert (await daemon.post(f"/hooks/hook/{IN_URL}")).status_code == 202
        assert (await daemon.post(f"/hooks/second/{IN_URL}")).status_code == 401
        assert (await daemon.post("/hooks/second/another")).status_code == 202


@pytest.mark.parametrize("body", [b"{", b"{}", json.dumps(payloads.QUAY).encode()])
async def test_no_secret_is_answered_or_logged(daemon, capsys, caplog, body):
    caplog.set_level(logging.INFO, logger="uvicorn")
    wrong = SECRET + "x"
    answers = [
        await daemon.client.post(path, content=body, headers=headers)
        for path, headers in [
            (f"/hooks/hook/{IN_URL}", {}),
            (f"/hooks/hook/{quote(wrong, safe='')}", {}),
            (f"/hooks/hook?token={quote(wrong)}", {}),
            (f"/hooks/{IN_URL}", {}),
            ("/hooks/hook", {"Authorization": f"Bearer {wrong}", "X-Gitlab-Token": wrong}),
        ]
    ]
    configure_logging("debug", LogFormat.JSON)
    for event in daemon.reported:
        LogSink().receive(event)
    logged = capsys.readouterr().err
    assert '"hook.' in logged
    # pytest listens at the access log too, which reaches nobody else.
    assert not logging.getLogger("uvicorn.access").propagate
    by_server = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    answered = [answer.text + str(answer.headers) for answer in answers]
    for text in [logged, *by_server, *answered]:
        assert "correct" not in text
        assert "battery" not in text


def test_the_settings_of_a_receiver_show_no_secret():
    hook = receiver("ecr", topic=TOPIC, secret=SECRET)
    assert SECRET not in repr(vars(hook))


HEAD = b"POST /hooks/hook HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    "begun",
    [b"", HEAD, HEAD + b"content-length: 1000\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_who_sends_no_end_is_hung_up_on(monkeypatch, begun):
    """Nothing is proven yet: nobody may hold the daemon's connections, or its memory."""
    monkeypatch.setattr("automator.daemon.http._HEAD_SECONDS", 0.2)
    monkeypatch.setattr("automator.daemon.hooks._BODY_SECONDS", 0.2)
    async with running(receiver("quay")) as daemon:
        answer = await daemon.raw(begun)
        assert b" 202 " not in answer
        assert daemon.told == []


async def test_connections_beyond_their_number_are_refused_and_the_others_served(monkeypatch):
    monkeypatch.setattr("automator.daemon.http._MOST_CONNECTIONS", 3)
    async with running(receiver("quay")) as daemon:
        idle = [await anyio.connect_tcp(*daemon.address) for _ in range(3)]
        with pytest.raises(httpx.TransportError):
            await daemon.post(f"/hooks/hook/{IN_URL}")
        for stream in idle:
            await stream.aclose()
        await anyio.sleep(0.05)
        assert (await daemon.post(f"/hooks/hook/{IN_URL}")).status_code == 202
