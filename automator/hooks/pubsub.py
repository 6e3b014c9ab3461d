"""The token with which Pub/Sub pushes the events of Artifact Registry: a JWT of Google for the subscription's account.

https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
"""

from collections.abc import Mapping
from datetime import timedelta

import anyio

from automator.clock import Clock
from automator.errors import ConfigError, ProtocolViolation, Unavailable
from automator.extras import load
from automator.hooks.document import at, read_json, text
from automator.hooks.fetch import Fetch

EXTRA = "google"

CERTIFICATES_URL = "https://www.googleapis.com/oauth2/v1/certs"

_ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
_SKEW_SECONDS = 60
# Google changes its keys every few days, and names the next one long before it is used.
_OLDEST = timedelta(hours=6)
# Whoever invents key names does not make us ask Google at every request.
_YOUNGEST = timedelta(minutes=1)


class PubSubToken:
    """Raises ConfigError where the library is not installed."""

    def __init__(self, *, audience: str, service_account: str, fetch: Fetch, clock: Clock) -> None:
        self._audience = audience
        self._service_account = service_account
        self._fetch = fetch
        self._clock = clock
        self._jwt = load("google.auth.jwt", extra=EXTRA, refuse=ConfigError)
        self._certificates: Mapping[str, str] = {}
        self._asked_seconds: float | None = None
        self._fetching = anyio.Lock()

    async def is_valid(self, authorization: str) -> bool:
        """Raises Unavailable where Google's certificates cannot be had."""
        scheme, _, token = authorization.partition(" ")
        key = self._key_name(token.strip())
        if scheme.lower() != "bearer" or not key:
            return False
        certificates = await self._certificates_with(key)
        try:
            claims = self._jwt.decode(
                token.strip(),
                certs=certificates,
                audience=self._audience,
                clock_skew_in_seconds=_SKEW_SECONDS,
            )
        # What google-auth raises for a token that is wrong is a ValueError, and a TypeError for one of odd types.
        except (ValueError, TypeError, RecursionError):
            return False
        return (
            text(claims, "iss") in _ISSUERS
            and text(claims, "email") == self._service_account
            and at(claims, "email_verified") is True
        )

    def _key_name(self, token: str) -> str:
        try:
            return text(self._jwt.decode_header(token), "kid")
        except (ValueError, TypeError, RecursionError):
            return ""

    async def _certificates_with(self, key: str) -> Mapping[str, str]:
        """By key names. One that is not known is looked for, but not at every request."""
        async with self._fetching:
            pause = _OLDEST if key in self._certificates else _YOUNGEST
            now = self._clock.monotonic_seconds()
            if self._asked_seconds is None or now - self._asked_seconds >= pause.total_seconds():
                self._asked_seconds = now
                self._certificates = _read_certificates(await self._fetch(CERTIFICATES_URL))
        if not self._certificates:
            raise Unavailable("Google's certificates could not be fetched")
        return self._certificates


def _read_certificates(body: bytes) -> Mapping[str, str]:
    try:
        document = read_json(body)
    except ProtocolViolation:
        document = None
    if not isinstance(document, dict):
        raise Unavailable("Google does not answer with certificates")
    return {name: value for name, value in document.items() if isinstance(value, str)}
