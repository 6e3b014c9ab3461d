"""Reading what senders write: JSON of any shape, in which nothing need be where it should."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from automator.errors import InvalidReference, ProtocolViolation
from automator.model.image import ImageReference, is_tag, parse_repository
from automator.model.registry import PushEvent


def read_json(body: bytes | str) -> object:
    """Raises ProtocolViolation."""
    # Deep nesting exhausts the parser's stack, which is the sender's fault, not ours.
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolViolation("the body is not JSON") from None


def at(document: object, *keys: str) -> object:
    """None where there is nothing."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def text(document: object, *keys: str) -> str:
    """Empty where there is no text."""
    value = at(document, *keys)
    return value if isinstance(value, str) else ""


def items(document: object, *keys: str) -> list[object]:
    """Empty where there is no list."""
    value = at(document, *keys)
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A push as the event tells it, not yet checked; `host` and `tag` are empty where it does not."""

    path: str
    host: str = ""
    tag: str = ""


def told_by(reference: str, *, tag: str = "") -> Iterator[Told]:
    """What an image reference names; one without a host names Docker Hub, as everywhere. Nothing if it is none."""
    try:
        parsed = ImageReference.parse(reference)
    except InvalidReference:
        return
    repository = parsed.repository
    is_bare = repository.path in {parsed.name, f"library/{parsed.name}"}
    yield Told(
        path=parsed.name if is_bare else repository.path,
        host=repository.host,
        tag=tag or parsed.tag or "",
    )


def host_of(url: str) -> str:
    """`host` or `host:port`; empty where the URL has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def as_push_event(told: Told, registry: str | None) -> PushEvent | None:
    """`registry` stands instead of the host told: senders often know the registry by a name of their network alone.

    None where no image reference can name this.
    """
    host = (registry or told.host).lower()
    # A host without these would be read as the first part of a path at Docker Hub.
    if not set(".:") & set(host) and host != "localhost":
        return None
    try:
        repository = parse_repository(f"{host}/{told.path}")
    except InvalidReference:
        return None
    return PushEvent(repository, told.tag if is_tag(told.tag) else "")
