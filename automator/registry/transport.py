"""HTTP exchanges on behalf of one registry host: redirects, sizes, time limits; httpx's errors become ours here alone.

Knows nothing of image repositories beyond the name to put into an error (`where`). What a redirect may do:

    to another origin                       without the credentials
    from https down to plain HTTP           never
    into a more private network             never (`addresses.py`)
    with a form, which holds a secret       never
    with a user and password in the URL     never
"""

import re
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import anyio
import httpx
from pydantic import SecretStr

from automator.errors import Denied, ProtocolViolation, RegistryError, Unavailable
from automator.registry.addresses import Networks, Resolve, resolve
from automator.registry.inflate import ACCEPT_ENCODING, Inflater
from automator.registry.protocol import origin

FORM = "application/x-www-form-urlencoded"

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_ERROR_BYTES = 65536
_LONGEST_SAID = 200
# httpx reads where a redirect leads before it is asked to follow it, and takes a bad URL for a broken connection.
_BAD_LOCATION = "Invalid URL in location header"
_QUOTED_BYTES = re.compile(r"bytearray\(|b['\"]")
_NO_CODING = frozenset({"", "identity"})
# Longer than the usual poll interval, so that a poll finds its connections still open.
_KEEPALIVE_SECONDS = 120.0

_NO_ANSWER = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
    # httpx lets through what TLS says after the handshake, such as that a certificate of ours is wanted.
    ssl.SSLError,
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
    # httpx lets through what idna says of a host name that a registry names, such as `xn--a`.
    UnicodeError,
)
HTTPX_ERRORS = (*_NO_ANSWER, *_UNUSABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request. `authorization` goes to the origin of `url` and to no other.

    `content` is a body of the type `content_type`, and holds a secret; `secrets` are those in it and in `authorization`,
    which an answer that echoes them must not tell; `validator` is an entity tag: what still has
    it need not be sent again (304). `is_pull` marks what registries count as the pull of an image. `named_by` is the URL
    of the registry that named this one, which is then judged as a redirect is; empty for our own choice.
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
    named_by: str = ""
    secrets: tuple[SecretStr, ...] = ()

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
    """One connection pool. `requests` counts what was sent, redirects and tokens included.

    `proxy` is a URL, and stands before the environment's HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. Raises
    Unavailable for a proxy that cannot be used.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        max_connections: int,
        timeout_seconds: float,
        proxy: SecretStr | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self.requests = 0
        self._timeout_seconds = timeout_seconds
        self._networks = Networks(resolve)
        try:
            self._client = httpx.AsyncClient(
                verify=tls,
                proxy=None if proxy is None else proxy.get_secret_value(),
                timeout=None,  # noqa: S113 - one time limit stands around the whole exchange, below
                follow_redirects=False,
                headers={"user-agent": "automator", "accept-encoding": ACCEPT_ENCODING},
                # A registry's cookies would tie requests together and cost work on each of them.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                limits=httpx.Limits(
                    max_connections=max_connections,
                    max_keepalive_connections=max_connections,
                    keepalive_expiry=_KEEPALIVE_SECONDS,
                ),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            # Without its cause, which may quote the proxy's password. SOCKS would need another library.
            raise Unavailable(
                "the proxy of the settings or the environment cannot be used",
                hint="a proxy is written http://host:port",
            ) from None

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
        if exchange.named_by:
            await self._judge(exchange.where, url, named_by=exchange.named_by)
        for _ in range(_MOST_REDIRECTS + 1):
            answer, target = await self._send_once(exchange, url, headers, asked=asked)
            if target is None:
                return answer
            url = _redirect(exchange, url, target)
            if origin(url) != asked:
                headers.pop("authorization", None)
                await self._judge(exchange.where, url, named_by=exchange.url)
        raise ProtocolViolation(
            f"the registry redirects more than {_MOST_REDIRECTS} times", location=exchange.where
        )

    async def _judge(self, where: str, url: str, *, named_by: str) -> None:
        host = _host(url)
        if not await self._networks.allow(host, named_by=_host(named_by)):
            raise ProtocolViolation(
                f"the registry sends us to {host}, which is in a more private network than its own",
                location=where,
                hint="nothing was asked there; check the registry's configuration",
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
            if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
                raise _proxy_refusal(exchange.where)
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


def _host(url: str) -> str:
    """As httpx reads it, which is what is connected to."""
    return httpx.URL(url).raw_host.decode("ascii")


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
    """Where to go next, as the head of this module says; but for the network, which takes a look at its name."""
    try:
        following = urljoin(url, target)
        scheme = "" if "@" in urlsplit(following).netloc else origin(following)[0]
    except ValueError:
        scheme = ""
    downgraded = scheme == "http" and url.startswith("https:")
    if exchange.content is not None or downgraded or scheme not in {"http", "https"}:
        raise _not_followed(exchange.where)
    return following


def _not_followed(where: str) -> ProtocolViolation:
    return ProtocolViolation(
        "the registry redirects to a place that is not followed",
        location=where,
        hint="check the registry's configuration",
    )


async def _read(response: httpx.Response, exchange: Exchange) -> bytes:
    """The whole body within its limit, which counts what is unfolded; of an error as much as can be read, for its text.

    One buffer, as a registry may send its answer in pieces of a few bytes.
    """
    is_error = response.status_code >= 400
    limit = _LONGEST_ERROR_BYTES if is_error else exchange.body_limit
    coding = response.headers.get("content-encoding", "").strip().lower()
    inflater = None if coding in _NO_CODING else Inflater(coding, where=exchange.where)
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            for piece in (chunk,) if inflater is None else inflater.inflate(chunk):
                body += piece
                if len(body) > limit:
                    raise _too_long(limit, exchange.where)
        if inflater is not None:
            inflater.finish()
    except ProtocolViolation:
        if not is_error:
            raise
    return bytes(body)


def _too_long(limit: int, where: str) -> ProtocolViolation:
    return ProtocolViolation(
        f"the registry's answer is longer than {limit} bytes",
        location=where,
        hint="no tag list, manifest or config blob is that long",
    )


def _proxy_refusal(where: str) -> Denied:
    return Denied(
        "the proxy refuses: 407",
        location=where,
        hint="check the user and password in `proxy`, or in HTTPS_PROXY and HTTP_PROXY",
    )


def translate(error: Exception, *, where: str) -> RegistryError:
    """The words of httpx are told only of the network: those of other errors may quote what was sent."""
    if not isinstance(error, _NO_ANSWER):
        return ProtocolViolation(
            f"the exchange with the registry failed: {type(error).__name__}",
            location=where,
            hint="the registry or a proxy before it does not speak HTTP as it should",
        )
    # What cannot be parsed is quoted as bytes, and may be an echo of the credentials that were sent.
    said = " ".join(_QUOTED_BYTES.split(str(error), maxsplit=1)[0].split())[:_LONGEST_SAID].rstrip(
        ": "
    )
    said = said or type(error).__name__
    if isinstance(error, httpx.ProxyError) and said.startswith("407"):
        return _proxy_refusal(where)
    if said.startswith(_BAD_LOCATION):
        return _not_followed(where)
    return Unavailable(
        f"the registry cannot be reached: {said}", location=where, hint=_network_hint(error, said)
    )


def _network_hint(error: Exception, said: str) -> str:
    if isinstance(error, httpx.ProxyError):
        return "the proxy answers for it: check the proxy settings"
    if "ALERT" in said and ("CERTIFICATE" in said or "UNKNOWN_CA" in said):
        return "set `client_certificate_file` to a certificate that the registry takes"
    if "CERTIFICATE" in said:
        return "set `ca_file` for a registry with a certificate authority of its own"
    if "SSL" in said:
        return "set `insecure: true` if the registry speaks plain HTTP"
    return "check the registry's host name, the network and the proxy settings"
