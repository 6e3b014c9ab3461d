"""`POST /hooks/NAME` and `/hooks/NAME/SECRET`: pushes that others tell of. It answers at once and waits for no poll.

Who has no proof learns nothing, not even which hooks there are. No URL is logged: it may hold the secret.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import assert_never

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from automator.clock import Clock
from automator.hooks.receiver import Receiver
from automator.hooks.request import (
    BODY_BYTES,
    Accepted,
    Handshake,
    HookRequest,
    Postponed,
    Receipt,
    Refused,
    Unreadable,
)
from automator.model.event import Event, HookReceived, HookRefused
from automator.model.registry import PushEvent
from automator.report.quiet import Quiet

_QUIET = timedelta(minutes=1)
# Senders give up after some seconds themselves. Nothing is proven yet, and the body is held in memory.
_BODY_SECONDS = 10.0


def hook_routes(
    receivers: Iterable[Receiver],
    tell: Callable[[PushEvent], None],
    report: Callable[[Event], None],
    *,
    clock: Clock,
) -> list[Route]:
    """`tell` is called for each push, `report` for the log; neither may wait."""
    by_name = {receiver.name: receiver for receiver in receivers}
    refusals = _Refusals(report, clock)

    async def hook(request: Request) -> Response:
        name = request.path_params["name"]
        receiver = by_name.get(name)
        body = await _read(request)
        if body is None:
            refusals.add(name if receiver else "", "the body is too long, or broke off")
            return _error(413, "the body is too long", {"connection": "close"})
        receipt = (
            Refused() if receiver is None else await receiver.receive(_hook_request(request, body))
        )
        match receipt:
            case Accepted(events):
                for event in events:
                    tell(event)
                report(HookReceived(hook=name, pushes=len(events)))
            case Handshake():
                pass
            case Refused():
                refusals.add(name if receiver else "", "no valid proof of the sender")
            case Unreadable(why) | Postponed(why):
                refusals.add(name, why)
            case _:
                assert_never(receipt)
        return _answer(receipt)

    methods = ["POST", "OPTIONS"]
    return [
        Route("/hooks/{name}", hook, methods=methods),
        Route("/hooks/{name}/{token:path}", hook, methods=methods),
    ]


async def _read(request: Request) -> bytes | None:
    """None where there is more than a hook's body may have: the rest is not read. Or where the sender went away."""
    body = bytearray()
    try:
        with anyio.fail_after(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES:
                    return None
    except (ClientDisconnect, TimeoutError):
        return None
    return bytes(body)


def _hook_request(request: Request, body: bytes) -> HookRequest:
    return HookRequest(
        method=request.method,
        headers=dict(request.headers),
        path_token=request.path_params.get("token", ""),
        query_token=request.query_params.get("token", ""),
        body=body,
    )


def _answer(receipt: Receipt) -> Response:
    match receipt:
        case Accepted(events):
            return JSONResponse({"events": len(events)}, status_code=202)
        case Handshake(headers):
            return Response(headers=dict(headers))
        case Refused():
            return _error(401, "no valid proof of the sender")
        case Unreadable(why):
            return _error(400, why)
        case Postponed(why):
            return _error(503, why)
        case _:
            assert_never(receipt)


def _error(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers=headers)


class _Refusals:
    """Reports one a minute for each hook."""

    def __init__(self, report: Callable[[Event], None], clock: Clock) -> None:
        self._report = report
        self._quiet = Quiet(clock, every=_QUIET)

    def add(self, hook: str, why: str) -> None:
        unreported = self._quiet.unreported(hook)
        if unreported is not None:
            self._report(HookRefused(hook=hook, why=why, unreported=unreported))
