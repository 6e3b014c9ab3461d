"""The registry's JSON to values: tag lists, tokens, digests; and what `manifests.py` reads the rest with.

Garbage is a ProtocolViolation that names `where`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from automator.errors import InvalidReference, ProtocolViolation
from automator.model.image import Digest, is_tag, parse_digest
from automator.model.tags import ListedImage

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

MANIFEST_ACCEPT = f"{OCI_INDEX}, {DOCKER_INDEX}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
"""Without all four a registry converts, or answers with another digest than a runtime would pull."""

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIG_TYPES = frozenset({OCI_CONFIG, DOCKER_CONFIG})

# Docker's schema 1 is of images too, though they cannot be read; a list that tells no type tells nothing against it.
_LISTED_IMAGE_TYPES = (
    INDEX_TYPES
    | MANIFEST_TYPES
    | {
        "",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""As programs in Go write a time that there is none of."""
_LATEST_MILLISECONDS = datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000
_SHORTEST_TOKEN_SECONDS = 60
_LONGEST_TOKEN_SECONDS = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPage:
    """One page of a tag list. `told` is what Google's registries say of the tags beside it.

    `size` is how many entries the registry counts in it, those that are no tags by their grammar included.
    """

    tags: tuple[str, ...]
    size: int
    told: Mapping[str, ListedImage]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Token:
    """A bearer token and how long it is good for; it has no repr, so that it is never shown."""

    value: str
    lifetime_seconds: int


def parse_tags(body: bytes, *, where: str) -> TagPage:
    """`tags` may be null or missing beside `name`; what is no tag by its grammar is dropped."""
    document = load_object(body, "tag list", where=where)
    if "errors" in document or not document.keys() & {"name", "tags"}:
        raise garbage("tag list", where=where)
    listed = document.get("tags")
    if listed is None:
        listed = []
    if not isinstance(listed, list) or not all(isinstance(tag, str) for tag in listed):
        raise garbage("tag list", where=where)
    tags = tuple(tag for tag in listed if is_tag(tag))
    return TagPage(tags=tags, size=len(listed), told=_told(document.get("manifest"), set(tags)))


def _told(manifests: object, tags: set[str]) -> dict[str, ListedImage]:
    """Google's list: `manifest: {DIGEST: {tag: [..], mediaType, timeCreatedMs, timeUploadedMs}}`.

    A help that may be missing: what cannot be read is left out.
    """
    told: dict[str, ListedImage] = {}
    for digest, said in mapping(manifests).items():
        named = mapping(said).get("tag")
        if not isinstance(named, list):
            continue
        try:
            image = ListedImage(
                digest=parse_digest(digest),
                created_at=_milliseconds(said.get("timeCreatedMs")),
                pushed_at=_milliseconds(said.get("timeUploadedMs")),
                is_image=media_type_of(said) in _LISTED_IMAGE_TYPES,
            )
        except InvalidReference:
            continue
        told |= {tag: image for tag in named if isinstance(tag, str) and tag in tags}
    return told


def _milliseconds(value: object) -> datetime | None:
    """Since 1970, as a string of digits. Zero and less stand for a time that there is none of."""
    text = str(value)
    if len(text) > 15 or not (text.isascii() and text.isdigit()):
        return None
    count = int(text)
    return datetime.fromtimestamp(count / 1000, UTC) if 0 < count < _LATEST_MILLISECONDS else None


def parse_token(body: bytes, *, where: str) -> Token:
    """The answer of a token server. It promises 60 seconds if it says nothing, or less (distribution, token auth)."""
    document = load_object(body, "answer of the token server", where=where)
    value = document.get("token") or document.get("access_token")
    if (
        not isinstance(value, str)
        or not value.isascii()
        or not all(33 <= ord(c) < 127 for c in value)
    ):
        raise garbage("answer of the token server", where=where)
    lifetime = document.get("expires_in")
    if not isinstance(lifetime, int | float) or not lifetime >= _SHORTEST_TOKEN_SECONDS:
        lifetime = _SHORTEST_TOKEN_SECONDS
    return Token(value=value, lifetime_seconds=int(min(lifetime, _LONGEST_TOKEN_SECONDS)))


def verify_digest(body: bytes, digest: Digest, *, where: str) -> None:
    algorithm, _, expected = digest.partition(":")
    if algorithm not in {"sha256", "sha512"}:
        raise ProtocolViolation(
            f"the digest {digest} cannot be verified", location=where, hint="sha256 and sha512 can"
        )
    if hashlib.new(algorithm, body).hexdigest() != expected.lower():
        raise ProtocolViolation(
            f"the registry's content does not match its digest {digest}",
            location=where,
            hint="the registry or a proxy before it sends something else than was pushed",
        )


def compute_digest(body: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


def parse_digest_header(text: str, *, where: str) -> Digest:
    return read_digest(text.strip(), "Docker-Content-Digest header", where=where)


def parse_json(body: bytes) -> object:
    """None for what is no JSON, as for `null`, which is wanted nowhere."""
    # Deep nesting exhausts the parser's stack, which is the registry's fault, not ours. The parser's own decoding
    # would let through lone surrogates, which nothing can be done with afterwards.
    try:
        parsed: object = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return parsed


def parse_time(text: str) -> datetime | None:
    """RFC 3339, of any number of digits. What cannot be read is as good as none."""
    try:
        read = datetime.fromisoformat(text)
        read = (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if read == _NEVER else read


def load_object(body: bytes, what: str, *, where: str) -> dict[str, Any]:
    document = parse_json(body)
    if not isinstance(document, dict):
        raise garbage(what, where=where)
    return document


def garbage(what: str, *, where: str) -> ProtocolViolation:
    return ProtocolViolation(
        f"the registry's {what} is truncated or not what the OCI specification says",
        location=where,
        hint="it is not used; the next poll asks again",
    )


def mapping(value: object) -> Mapping[str, Any]:
    """Itself, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def media_type_of(document: Mapping[str, Any]) -> str:
    """Of a manifest or a descriptor; empty where it tells none."""
    said = document.get("mediaType")
    return said if isinstance(said, str) else ""


def read_digest(value: object, what: str, *, where: str) -> Digest:
    try:
        return parse_digest(value if isinstance(value, str) else "")
    except InvalidReference as error:
        raise garbage(what, where=where) from error
