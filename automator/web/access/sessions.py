"""Who is logged in, and who is about to be: in memory, bounded, and outliving changes of the configuration.

A session remembers how somebody proved who they are, never what they may do: that is looked up at each request.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from automator.clock import Clock
from automator.web.access.failures import Failures

IDLE = timedelta(hours=1)
_MOST_SESSIONS = 1000
_MOST_OF_ONE = 20
_MOST_PENDING = 1000
_MOST_PENDING_OF_ONE = 100
_PENDING_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogin:
    token_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcLogin:
    """What the provider said of somebody. `email` is empty unless it may be believed."""

    issuer: str
    client_id: str
    subject: str
    name: str
    email: str
    groups: frozenset[str]


Login = TokenLogin | OidcLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """Somebody who was sent to the provider. `browser` is the hash of the cookie that they must come back with.

    `address` is the client's, as failures count it.
    """

    address: str
    browser: str
    nonce: str
    verifier: str
    next_path: str
    began_seconds: float


@dataclass(slots=True)
class _Session:
    login: Login
    began_seconds: float
    used_seconds: float


class Sessions:
    """Ids are known by their hashes: who reads the memory of a crash logs in with none of them."""

    def __init__(self, clock: Clock) -> None:
        self.failures = Failures(clock)
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._pending: dict[str, PendingLogin] = {}

    def begin(self, login: Login) -> str:
        """The session's id. The session used least recently goes when there are too many, of one person or of all."""
        session_id = secrets.token_urlsafe(32)
        now = self._clock.monotonic_seconds()
        own = [key for key, session in self._sessions.items() if _same(session.login, login)]
        _drop_oldest(self._sessions, own, most=_MOST_OF_ONE)
        _drop_oldest(self._sessions, list(self._sessions), most=_MOST_SESSIONS)
        self._sessions[hash_secret(session_id)] = _Session(login, now, now)
        return session_id

    def find(self, session_id: str, *, lasts: timedelta) -> Login | None:
        """Counts as use."""
        key = hash_secret(session_id)
        session = self._sessions.get(key)
        if session is None:
            return None
        now = self._clock.monotonic_seconds()
        is_old = now - session.began_seconds >= lasts.total_seconds()
        if is_old or now - session.used_seconds >= IDLE.total_seconds():
            del self._sessions[key]
            return None
        session.used_seconds = now
        self._sessions.move_to_end(key)
        return session.login

    def end(self, session_id: str) -> None:
        self._sessions.pop(hash_secret(session_id), None)

    def csrf(self, whose: str) -> str:
        """What only a page that was made for `whose` can know."""
        return hmac.digest(self._key, whose.encode(), "sha256").hex()

    def send_away(self, *, address: str, browser: str, next_path: str) -> tuple[str, PendingLogin]:
        """Begins a login at the provider; the first is the `state` to come back with.

        The oldest goes when there are too many, of one address or of all: nobody has proven anything yet.
        """
        now = self._clock.monotonic_seconds()
        state = secrets.token_urlsafe(32)
        pending = PendingLogin(
            address=address,
            browser=hash_secret(browser),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next_path=next_path,
            began_seconds=now,
        )
        own = [key for key, other in self._pending.items() if other.address == address]
        _drop_oldest(self._pending, own, most=_MOST_PENDING_OF_ONE)
        _drop_oldest(self._pending, list(self._pending), most=_MOST_PENDING)
        self._pending[hash_secret(state)] = pending
        return state, pending

    def come_back(self, *, state: str, browser: str) -> PendingLogin | None:
        """Once for each state, in time, and in the browser that began."""
        pending = self._pending.pop(hash_secret(state), None)
        if pending is None:
            return None
        age = self._clock.monotonic_seconds() - pending.began_seconds
        is_own = hmac.compare_digest(pending.browser, hash_secret(browser))
        return pending if is_own and age < _PENDING_SECONDS else None


def hash_secret(secret: str) -> str:
    """Of 256 random bits: see tokens.py."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _drop_oldest(kept: MutableMapping[str, Any], keys: Sequence[str], *, most: int) -> None:
    """Of these keys, oldest first, so many that one more has room."""
    for key in keys[: max(0, len(keys) + 1 - most)]:
        del kept[key]


def _same(one: Login, other: Login) -> bool:
    if isinstance(one, OidcLogin) and isinstance(other, OidcLogin):
        return (one.issuer, one.subject) == (other.issuer, other.subject)
    return one == other
