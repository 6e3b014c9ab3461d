"""The daemon's own HTTP: health, readiness, metrics, and the routes that others bring."""

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from automator.errors import UsageError
from automator.report.metrics import MetricsSink
from automator.web.board import Board
from automator.web.pages.errors import ErrorHandlers

_MOST_CONNECTIONS = 128
_HEAD_SECONDS = 10.0


def make_app(
    board: Board,
    metrics: MetricsSink,
    routes: Sequence[BaseRoute] = (),
    errors: ErrorHandlers | None = None,
) -> Starlette:
    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        repos = {
            name: {"commit": repo.commit, "error": repo.error} for name, repo in board.repos.items()
        }
        return JSONResponse(
            {"ready": board.ready, "config_repos": repos},
            status_code=200 if board.ready else 503,
        )

    async def metrics_page(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics_page),
            *routes,
        ],
        exception_handlers=errors,
    )


class _Server(uvicorn.Server):
    """Leaves the signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """uvicorn waits for ever for the head of a request, and has no end of connections: the daemon would run out of files."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
            return
        self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def bind(listen: str) -> socket.socket:
    """`host:port`, `[::1]:port`; raises UsageError where the address can't be had."""
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host.strip("[]"), int(port)))
    except OSError as error:
        sock.close()
        raise UsageError(
            f"cannot listen on {listen}: {error.strerror}",
            hint="change `listen` in the configuration",
        ) from error
    return sock


async def serve(
    app: ASGIApp,
    sock: socket.socket,
    ending: Callable[[], None] | None = None,
    *,
    task_status: TaskStatus[None],
) -> None:
    """Until cancelled; `ending` lets go whom an answer keeps waiting."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        # uvicorn would believe X-Forwarded-For of anybody on this machine: whose headers count is `web.proxy`'s to say.
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task_status.started()
    try:
        await server.serve(sockets=[sock])
    finally:
        if ending is not None:
            ending()
        # A cancelled server leaves its socket open, and the next one could not listen there.
        with anyio.CancelScope(shield=True):
            await server.shutdown(sockets=[sock])
