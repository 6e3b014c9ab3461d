"""The signature of Amazon SNS, by which EventBridge sends the events of ECR, and the confirmation of a subscription.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
The time of a message is not looked at: one that comes again causes another early poll, and no more.
"""

import base64
import re
from collections import deque
from collections.abc import Mapping
from typing import Any

import anyio

from automator.clock import Clock
from automator.errors import ConfigError, ProtocolViolation, Unavailable
from automator.extras import load
from automator.hooks.document import read_json, text
from automator.hooks.fetch import Fetch

EXTRA = "aws"

CONFIRMATION = "SubscriptionConfirmation"

_HOST = r"https://sns\.[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE_URL = re.compile(rf"{_HOST}/[A-Za-z0-9._-]{{1,200}}\.pem")
_SUBSCRIBE_URL = re.compile(rf"{_HOST}/\?[!-~]{{1,4000}}")

_CONFIRMATION_FIELDS = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_SIGNED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: _CONFIRMATION_FIELDS,
    "UnsubscribeConfirmation": _CONFIRMATION_FIELDS,
}
_HASHES: Mapping[str, str] = {"1": "SHA1", "2": "SHA256"}

_MOST_KEYS = 16
_MOST_FETCHES = 10
_MINUTE_SECONDS = 60.0
"""Who knows the topic's name can make us fetch: ten times a minute at most, and not again what failed."""


class SnsSignature:
    """Of the messages of one topic. Certificates are fetched from SNS's own hosts alone, one at a time, and kept.

    Raises ConfigError where the library is not installed.
    """

    def __init__(self, topic: str, *, clock: Clock, fetch: Fetch) -> None:
        self._topic = topic
        self._clock = clock
        self._fetch = fetch
        self._keys: dict[str, Any] = {}
        self._fetching = anyio.Lock()
        self._under_way = ""
        self._fetched_at: deque[float] = deque(maxlen=_MOST_FETCHES)
        self._failed_at: dict[str, float] = {}
        self._x509 = load("cryptography.x509", extra=EXTRA, refuse=ConfigError)
        self._rsa = load(
            "cryptography.hazmat.primitives.asymmetric.rsa", extra=EXTRA, refuse=ConfigError
        )
        self._padding = load(
            "cryptography.hazmat.primitives.asymmetric.padding", extra=EXTRA, refuse=ConfigError
        )
        self._hashes = load(
            "cryptography.hazmat.primitives.hashes", extra=EXTRA, refuse=ConfigError
        )
        self._exceptions = load("cryptography.exceptions", extra=EXTRA, refuse=ConfigError)

    async def is_valid(self, body: bytes) -> bool:
        """Raises Unavailable where the certificate cannot be had, or not yet: SNS sends the message again."""
        try:
            message = read_json(body)
            signature = base64.b64decode(text(message, "Signature"), validate=True)
        except (ProtocolViolation, ValueError):
            return False
        fields = _SIGNED_FIELDS.get(text(message, "Type"))
        algorithm = _HASHES.get(text(message, "SignatureVersion"))
        url = text(message, "SigningCertURL")
        if fields is None or algorithm is None or text(message, "TopicArn") != self._topic:
            return False
        if not _CERTIFICATE_URL.fullmatch(url):
            return False
        key = await self._key(url)
        try:
            key.verify(
                signature,
                _canonical(message, fields),
                self._padding.PKCS1v15(),
                getattr(self._hashes, algorithm)(),
            )
        except self._exceptions.InvalidSignature:
            return False
        self._keep(url, key)
        return True

    async def _key(self, url: str) -> Any:
        if url in self._keys:
            return self._keys[url]
        if self._fetching.locked() and url != self._under_way:
            raise Unavailable("another certificate of SNS is being fetched")
        self._under_way = url
        async with self._fetching:
            if url not in self._keys:
                self._admit(url)
                try:
                    key = self._read_key(await self._fetch(url))
                except Unavailable:
                    self._failed_at[url] = self._clock.monotonic_seconds()
                    raise
                self._keep(url, key)
            return self._keys[url]

    def _admit(self, url: str) -> None:
        now = self._clock.monotonic_seconds()
        since = now - _MINUTE_SECONDS
        self._failed_at = {other: at for other, at in self._failed_at.items() if at > since}
        if url in self._failed_at:
            raise Unavailable("SNS's certificate could not be had less than a minute ago")
        if len(self._fetched_at) == _MOST_FETCHES and self._fetched_at[0] > since:
            raise Unavailable("too many certificates of SNS were asked for in a minute")
        self._fetched_at.append(now)

    def _keep(self, url: str, key: Any) -> None:
        """Those that signed a message last are kept."""
        self._keys.pop(url, None)
        self._keys[url] = key
        if len(self._keys) > _MOST_KEYS:
            del self._keys[next(iter(self._keys))]

    def _read_key(self, pem: bytes) -> Any:
        try:
            key = self._x509.load_pem_x509_certificate(pem).public_key()
        except ValueError:
            key = None
        if not isinstance(key, self._rsa.RSAPublicKey):
            raise Unavailable("SNS does not answer with a certificate")
        return key


def _canonical(message: object, fields: tuple[str, ...]) -> bytes:
    """Name and value of each field that the message has, a line each."""
    lines = [line for name in fields if text(message, name) for line in (name, text(message, name))]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def is_confirmation(body: bytes) -> bool:
    """Whether SNS asks if the subscription to the topic is wanted. Raises ProtocolViolation."""
    return text(read_json(body), "Type") == CONFIRMATION


async def confirm(body: bytes, *, topic: str | None, fetch: Fetch) -> None:
    """Says yes to SNS, for the configured topic if there is one. Raises ProtocolViolation and Unavailable."""
    message = read_json(body)
    url = text(message, "SubscribeURL")
    if topic not in {None, text(message, "TopicArn")}:
        raise ProtocolViolation("the subscription is to another topic than the configured one")
    if not _SUBSCRIBE_URL.fullmatch(url):
        raise ProtocolViolation("the subscription is not to be confirmed at a host of SNS")
    await fetch(url)
