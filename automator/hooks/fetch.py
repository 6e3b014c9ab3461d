"""What a proof needs from the network: certificates, keys, the confirmation of a subscription, a token for a code."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

import anyio
import httpx

from automator.errors import Unavailable

Fetch = Callable[[str], Awaitable[bytes]]
"""The body of a URL. Raises Unavailable."""

_MOST_BYTES = 256 * 1024
_SECONDS = 10.0


async def fetch(url: str) -> bytes:
    """Follows no redirect: the host was chosen with care. Whoever sends an event waits for it, so it is short."""
    return await _ask("GET", url)


async def post_form(
    url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None
) -> bytes:
    """`basic` is the name and the secret of an OAuth client (RFC 6749, section 2.3.1). Raises Unavailable."""
    auth = httpx.BasicAuth(*map(quote_plus, basic)) if basic is not None else None
    return await _ask("POST", url, data=form, auth=auth)


async def _ask(method: str, url: str, **how: Any) -> bytes:
    """`how` is httpx's."""
    where = urlsplit(url).netloc
    try:
        with anyio.fail_after(_SECONDS):
            return await _read(method, url, where, **how)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"no answer: {type(error).__name__}", location=where) from error


async def _read(method: str, url: str, where: str, **how: Any) -> bytes:
    body = bytearray()
    async with httpx.AsyncClient() as client, client.stream(method, url, **how) as answer:
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"the answer is {answer.status_code}", location=where)
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise Unavailable("the answer is too long", location=where)
    return bytes(body)
