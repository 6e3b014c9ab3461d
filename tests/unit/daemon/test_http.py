"""What the daemon says of itself."""

import socket
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from automator.daemon.http import bind, make_app, serve
from automator.errors import UsageError
from automator.model.event import CommitPushed
from automator.report.metrics import MetricsSink
from automator.web.board import Board

pytestmark = pytest.mark.anyio


async def _get(board, path, metrics=None):
    app = make_app(board, metrics or MetricsSink())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as client:
        return await client.get(path)


async def test_alive_before_anything_was_read():
    assert (await _get(Board(["shop"]), "/healthz")).status_code == 200


async def test_ready_once_every_config_repo_was_read():
    board = Board(["shop", "site"])
    board.repos["shop"].commit = "c0ffee"
    assert (await _get(board, "/readyz")).status_code == 503
    board.repos["site"].commit = "beef"
    answer = await _get(board, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["config_repos"]["shop"] == {"commit": "c0ffee", "error": ""}


async def test_one_that_fails_later_leaves_the_daemon_ready_and_is_shown():
    board = Board(["shop"])
    board.repos["shop"].commit = "c0ffee"
    board.fail("shop", "remote is down", "", retry_at=datetime(2026, 1, 1, tzinfo=UTC))
    answer = await _get(board, "/readyz")
    assert (answer.status_code, answer.json()["config_repos"]["shop"]["error"]) == (
        200,
        "remote is down",
    )


async def test_metrics_count_events(events):
    metrics = MetricsSink()
    for event in events:
        metrics.receive(event)
    text = (await _get(Board([]), "/metrics", metrics)).text
    assert 'automator_commits_total{config_repo="shop"} 1.0' in text
    assert 'automator_changes_total{config_repo="shop"} 3.0' in text


@pytest.fixture
def events():
    return [
        CommitPushed(
            config_repo="shop", commit="c", subject="s", changes=3, took=timedelta(seconds=1)
        )
    ]


def test_an_address_in_use_is_a_usage_error_that_says_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=r"cannot listen on .* \(change `listen`"):
            bind(f"127.0.0.1:{taken.getsockname()[1]}")


async def test_nobody_takes_another_address_by_saying_so():
    async def address(request):
        return PlainTextResponse(request.client.host)

    app = Starlette(routes=[Route("/", address)])
    with bind("127.0.0.1:0") as sock:
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve, app, sock)
            async with httpx.AsyncClient() as client:
                url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
                answer = await client.get(url, headers={"X-Forwarded-For": "192.0.2.1"})
            tasks.cancel_scope.cancel()
    assert answer.text == "127.0.0.1"
