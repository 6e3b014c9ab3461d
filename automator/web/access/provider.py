"""What an OpenID provider publishes: its endpoints and its keys. Fetched when they are needed, and kept for a while.

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import anyio

from automator.clock import Clock
from automator.errors import Denied, ProtocolViolation, Unavailable
from automator.hooks.document import items, read_json, text
from automator.hooks.fetch import fetch

Key = Mapping[str, object]
"""A JSON Web Key."""

_OLDEST = timedelta(hours=1)
# Whoever invents key names does not make us ask the provider at every login.
_YOUNGEST = timedelta(minutes=1)
# People wait for each other's questions: one that fails is the answer to those who wait.
_PAUSE = timedelta(seconds=10)
_KEY_TYPES = frozenset({"RSA", "EC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The part of a provider's metadata that a login needs. `takes_basic`: the client's secret as HTTP Basic."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_basic: bool


class Provider:
    """Raises Unavailable where the provider does not answer, ProtocolViolation where its answer cannot be used."""

    def __init__(self, issuer: str, *, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._document: Document | None = None
        self._document_seconds = 0.0
        self._keys: tuple[Key, ...] = ()
        self._keys_seconds: float | None = None
        self._failed_seconds: float | None = None
        self._fetching = anyio.Lock()

    async def document(self) -> Document:
        async with self._fetching:
            return await self._fresh_document()

    async def key(self, key_id: str | None) -> Key:
        """The key of this name, or the only one. One that is not known is looked for. Raises Denied where there is none."""
        async with self._fetching:
            found = self._find(key_id)
            pause = _OLDEST if found else _YOUNGEST
            now = self._clock.monotonic_seconds()
            if self._keys_seconds is None or now - self._keys_seconds >= pause.total_seconds():
                uri = (await self._fresh_document()).jwks_uri
                self._keys = _read_keys(await self._fetch(uri))
                self._keys_seconds = now
                found = self._find(key_id)
        if found is None:
            raise Denied("the ID token is signed with a key that the provider does not have")
        return found

    def _find(self, key_id: str | None) -> Key | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.get("kid") == key_id), None)

    async def _fresh_document(self) -> Document:
        now = self._clock.monotonic_seconds()
        if self._document is None or now - self._document_seconds >= _OLDEST.total_seconds():
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            self._document = _read_document(await self._fetch(url), self._issuer)
            self._document_seconds = now
        return self._document

    async def _fetch(self, url: str) -> bytes:
        failed, now = self._failed_seconds, self._clock.monotonic_seconds()
        if failed is not None and now - failed < _PAUSE.total_seconds():
            raise Unavailable("no answer a moment ago", location=urlsplit(url).netloc)
        try:
            return await fetch(url)
        except Unavailable:
            self._failed_seconds = self._clock.monotonic_seconds()
            raise


def _read_document(body: bytes, issuer: str) -> Document:
    document = read_json(body)
    if text(document, "issuer") != issuer:
        raise ProtocolViolation(
            "the provider calls itself otherwise", hint="write its own `issuer` into web.oidc"
        )
    methods = items(document, "token_endpoint_auth_methods_supported")
    return Document(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        # Not saying is saying client_secret_basic.
        takes_basic=not methods or "client_secret_basic" in methods,
    )


def _endpoint(document: object, name: str, issuer: str) -> str:
    """Over TLS, as the issuer itself is."""
    url = text(document, name)
    if not url.startswith(("https://", f"{urlsplit(issuer).scheme}://")):
        raise ProtocolViolation(f"the provider has no {name}")
    return url


def _read_keys(body: bytes) -> tuple[Key, ...]:
    """Those that sign: of the others a provider may have any."""
    keys = [key for key in items(read_json(body), "keys") if isinstance(key, dict)]
    return tuple(
        key for key in keys if key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"
    )
