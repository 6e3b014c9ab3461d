"""Headers that every answer has: what browsers may do with it."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_TLS_ONLY = {"strict-transport-security": "max-age=31536000"}
_PRIVATE = {"cache-control": "no-store"}


def secured(send: Send, *, https: bool, private: bool) -> Send:
    """`private` answers stay out of every cache. Bodies go through as they come, so that streams are streams."""
    wanted = {**_HEADERS, **(_TLS_ONLY if https else {}), **(_PRIVATE if private else {})}

    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in wanted.items():
                headers[name] = value
        await send(message)

    return send_secured
