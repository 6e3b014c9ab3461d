"""The body of a request, read within limits before anybody works with it."""

from urllib.parse import parse_qs

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from automator.web.access.refusal import Refusal

MOST_BYTES = 64 * 1024
"""Forms and the API's documents are far shorter."""

_SECONDS = 10.0
_MOST_FIELDS = 100

TOO_LONG = Refusal(413, "the body is too long", f"at most {MOST_BYTES // 1024} KiB")
TOO_SLOW = Refusal(408, "the body took too long", f"it has to come within {_SECONDS:.0f} seconds")
BROKEN_OFF = Refusal(400, "the body broke off")


async def read_body(receive: Receive, headers: Headers) -> bytes | Refusal:
    """No more is read than may be: one that is said to be longer is not begun."""
    said = headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > 9 or int(said) > MOST_BYTES:
        return TOO_LONG
    body = bytearray()
    try:
        with anyio.fail_after(_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return BROKEN_OFF
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    return TOO_LONG
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return TOO_SLOW


def replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body in one piece, and then what `receive` has: that the client went away."""
    pending = [body]

    async def replayed() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replayed


def form_field(body: bytes, name: str) -> str:
    """Of a form as browsers write it; empty where it is missing, stands twice, or the form cannot be read."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else ""
