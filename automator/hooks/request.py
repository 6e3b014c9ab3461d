"""A request to a hook, and what becomes of it, without a web framework. What may hold a secret is in no repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from automator.model.registry import PushEvent

BODY_BYTES = 1024 * 1024
"""No sender's event is nearly as long."""

MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """`headers` have lower-case names; the tokens are what the URL has: `/hooks/NAME/TOKEN`, `/hooks/NAME?token=TOKEN`.

    `body` is exactly as sent: signatures are of its bytes.
    """

    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    path_token: str = field(default="", repr=False)
    query_token: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sender is who it should be. No events: it told of something else than a push."""

    events: tuple[PushEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Handshake:
    """The sender asks whether it may send here: `headers` say yes."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no valid proof of the sender. Why is not said: it would help to guess one."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A proven sender wrote what cannot be read; `why` quotes nothing of it."""

    why: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """What the proof needs could not be fetched now; the sender will try again."""

    why: str


Receipt = Accepted | Handshake | Refused | Unreadable | Postponed
