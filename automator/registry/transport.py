"""HTTP exchanges on behalf of one registry host: redirects, sizes, time limits; httpx's errors become ours here alone.

Knows nothing of image repositories beyond the name to put into an error (`where`).
"""

import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin

import anyio
import httpx

from automator.errors import ProtocolViolation, RegistryError, Unavailable
from automator.registry.protocol import origin

FORM = "application/x-www-form-urlencoded"

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_ERROR_BYTES = 65536
# Longer than the usual poll interval, so that a poll finds its connections still open.
_KEEPALIVE_SECONDS = 120.0

_NO_ANSWER = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
)
_UNUSABLE = (
    httpx.DecodingError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.TooManyRedirects,
    httpx.HTTPStatusError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
)
HTTPX_ERRORS = (*_NO_ANSWER, *_UNUSABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request. `authorization` goes to the origin of `url` and to no other.

    `content` is a body of the type `content_type`, and holds a secret; `validator` is an entity tag: what still has
    it need not be sent again (304). `is_pull` marks what registries count as the pull of an image.
    """

    method: str
    url: str
    where: str
    body_limit: int
    accept: str = ""
    authorization: str | None = None
    content: str | None = None
    content_type: str = FORM
    validator: str = ""
    is_pull: bool = False

    def __repr__(self) -> str:
        return f"Exchange({self.method} for {self.where})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`redirected` is true where another origin than the one asked has answered."""

    status: int
    headers: httpx.Headers
    body: bytes
    redirected: bool


class Transport:
    """One connection pool. `requests` counts what was sent, redirects and tokens included."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        max_connections: int,
        timeout_seconds: float,
    ) -> None:
        self.requests = 0
        self._timeout_seconds = timeout_seconds
        self._client = httpx.AsyncClient(
            verify=tls,
            timeout=None,  # noqa: S113 - one time limit stands around the whole exchange, below
            follow_redirects=False,
            headers={"user-agent": "automator"},
            # A registry's cookies would tie requests together and cost work on each of them.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=_KEEPALIVE_SECONDS,
            ),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(self, exchange: Exchange) -> Answer:
        """Any status that is no redirect is an answer; RegistryError where there is none that can be used."""
        try:
            with anyio.fail_after(self._timeout_seconds):
                return await self._follow(exchange)
        except TimeoutError as error:
            raise Unavailable(
                f"no answer in {self._timeout_seconds:g} s",
                location=exchange.where,
                hint="check the registry, or raise its timeout",
            ) from error
        except HTTPX_ERRORS as error:
            raise translate(error, where=exchange.where) from error

    async def _follow(self, exchange: Exchange) -> Answer:
        url = exchange.url
        asked = origin(url)
        headers = _headers(exchange)
        for _ in range(_MOST_REDIRECTS + 1):
            answer, target = await self._send_once(exchange, url, headers, asked=asked)
            if target is None:
                return answer
            url = _redirect(exchange, url, target)
            if origin(url) != asked:
                headers.pop("authorization", None)
        raise ProtocolViolation(
            f"the registry redirects more than {_MOST_REDIRECTS} times", location=exchange.where
        )

    async def _send_once(
        self,
        exchange: Exchange,
        url: str,
        headers: dict[str, str],
        *,
        asked: tuple[str, str, int | None],
    ) -> tuple[Answer, str | None]:
        """The answer, and where it redirects to."""
        self.requests += 1
        request = self._client.build_request(
            exchange.method, url, headers=headers, content=exchange.content
        )
        response = await self._client.send(request, stream=True)
        try:
            target = response.headers.get("location")
            if response.status_code not in _REDIRECTS:
                target = None
            body = b"" if target is not None else await _read(response, exchange)
        finally:
            await response.aclose()
        answer = Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            redirected=origin(url) != asked,
        )
        return answer, target


def _headers(exchange: Exchange) -> dict[str, str]:
    headers = {}
    if exchange.accept:
        headers["accept"] = exchange.accept
    if exchange.authorization is not None:
        headers["authorization"] = exchange.authorization
    if exchange.content is not None:
        headers["content-type"] = exchange.content_type
    if exchange.validator:
        headers["if-none-match"] = exchange.validator
    return headers


def _redirect(exchange: Exchange, url: str, target: str) -> str:
    """Where to go next; refused for a form, which holds a secret, and from https down to plain HTTP."""
    try:
        following = urljoin(url, target)
        scheme = origin(following)[0]
    except ValueError:
        scheme = ""
    downgraded = scheme == "http" and url.startswith("https:")
    if exchange.content is not None or downgraded or scheme not in {"http", "https"}:
        raise ProtocolViolation(
            "the registry redirects to a place that is not followed",
            location=exchange.where,
            hint="check the registry's configuration",
        )
    return following


async def _read(response: httpx.Response, exchange: Exchange) -> bytes:
    """The whole body within its limit; of an error only the beginning, which is all that is told of it."""
    is_error = response.status_code >= 400
    limit = _LONGEST_ERROR_BYTES if is_error else exchange.body_limit
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            if is_error:
                break
            raise ProtocolViolation(
                f"the registry's answer is longer than {limit} bytes",
                location=exchange.where,
                hint="no tag list, manifest or config blob is that long",
            )
    return b"".join(chunks)


def translate(error: Exception, *, where: str) -> RegistryError:
    """The words of httpx are told only of the network: those of other errors may quote what was sent."""
    if not isinstance(error, _NO_ANSWER):
        return ProtocolViolation(
            f"the exchange with the registry failed: {type(error).__name__}",
            location=where,
            hint="the registry or a proxy before it does not speak HTTP as it should",
        )
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error.__cause__, Exception) and "CERTIFICATE" in said:
        hint = "set `ca_file` for a registry with a certificate authority of its own"
    elif "SSL" in said:
        hint = "set `insecure: true` if the registry speaks plain HTTP"
    else:
        hint = "check the registry's host name, the network and the proxy settings"
    return Unavailable(f"the registry cannot be reached: {said}", location=where, hint=hint)
