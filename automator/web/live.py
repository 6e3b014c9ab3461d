"""`GET /events`: server-sent events that tell a page when the board has news, so that it need not ask.

    id: 5f1c09aa-7
    event: board
    data: {"version":7}

The form is that of https://html.spec.whatwg.org/multipage/server-sent-events.html. Whoever comes back with the id that it saw
last (`Last-Event-ID`) hears of the board at once only where that is another one by now.
"""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from automator.clock import Clock
from automator.web.board import Board
from automator.web.desk import Desk

_HEARTBEAT_SECONDS = 15.0
"""Proxies give up on connections where nothing comes."""

_LIFE_SECONDS = 600.0
"""Then the browser connects anew: who may not read any more learns it so."""

_PAUSE_SECONDS = 0.5
"""Many news in a row are told as one."""

_MOST_STREAMS = 64
"""Of the connections that the daemon has, some are left for requests."""

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Live:
    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._streams = 0

    def route(self) -> Route:
        return Route("/events", self._answer)

    async def _answer(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=_HEADERS)
        if self._streams >= _MOST_STREAMS:
            body = {"error": "too many pages listen", "hint": "reload the page now and then"}
            return JSONResponse(body, status_code=503, headers={"retry-after": "30"})
        stream = self._stream(request.headers.get("last-event-id", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    async def _stream(self, seen: str) -> AsyncIterator[str]:
        board, clock = self._board, self._clock
        ends = clock.monotonic_seconds() + _LIFE_SECONDS
        self._streams += 1
        try:
            yield "retry: 2000\n\n"
            while not board.closed and (left := ends - clock.monotonic_seconds()) > 0:
                if board.edition != seen:
                    seen = board.edition
                    data = json.dumps({"version": board.version})
                    yield f"id: {seen}\nevent: board\ndata: {data}\n\n"
                    await clock.sleep(_PAUSE_SECONDS)
                    continue
                await board.wait_for_news(
                    board.version, at_most_seconds=min(left, _HEARTBEAT_SECONDS)
                )
                if board.edition == seen:
                    yield ": still here\n\n"
        finally:
            self._streams -= 1


def live_route(desk: Desk) -> Route:
    return Live(desk.board, desk.tools.clock).route()
