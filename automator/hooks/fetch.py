"""What a proof needs from the network: certificates, and the confirmation of a subscription."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import anyio
import httpx

from automator.errors import Unavailable

Fetch = Callable[[str], Awaitable[bytes]]
"""The body of a URL. Raises Unavailable."""

_MOST_BYTES = 256 * 1024
_SECONDS = 10.0


async def fetch(url: str) -> bytes:
    """Follows no redirect: the host was chosen with care. Whoever sends an event waits for it, so it is short."""
    where = urlsplit(url).netloc
    try:
        with anyio.fail_after(_SECONDS):
            return await _read(url, where)
    except (TimeoutError, httpx.HTTPError) as error:
        raise Unavailable(f"no answer: {type(error).__name__}", location=where) from error


async def _read(url: str, where: str) -> bytes:
    body = bytearray()
    async with httpx.AsyncClient() as client, client.stream("GET", url) as answer:
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"the answer is {answer.status_code}", location=where)
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise Unavailable("the answer is too long", location=where)
    return bytes(body)
