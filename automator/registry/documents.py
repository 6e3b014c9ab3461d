"""The registry's JSON to values: tag lists, image manifests and indexes, config blobs, tokens; and digests.

The only reader of what a registry sends as a body. Garbage is a ProtocolViolation that names `where`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from automator.errors import InvalidReference, ProtocolViolation
from automator.model.image import Digest, Platform, is_tag, parse_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

MANIFEST_ACCEPT = f"{OCI_INDEX}, {DOCKER_INDEX}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
"""Without all four a registry converts, or answers with another digest than a runtime would pull."""

CREATED_ANNOTATION = "org.opencontainers.image.created"

_INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})
_MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})
_USUAL = Platform("linux", "amd64")
_SHORTEST_TOKEN_SECONDS = 60
_LONGEST_TOKEN_SECONDS = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """`config` is None where the manifest is of an artifact that is no image."""

    config: Digest | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageIndex:
    """`child` is the manifest that stands for all: linux/amd64, else the first that is no attestation."""

    child: Digest | None
    platforms: frozenset[Platform]
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigBlob:
    created_at: datetime | None
    platform: Platform | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Token:
    """A bearer token and how long it is good for; it has no repr, so that it is never shown."""

    value: str
    lifetime_seconds: int


def parse_tags(body: bytes, *, where: str) -> tuple[str, ...]:
    """One page of a tag list. `tags` may be null or missing beside `name`; what is no tag by its grammar is dropped."""
    document = _load_object(body, "tag list", where=where)
    if "errors" in document or not document.keys() & {"name", "tags"}:
        raise _garbage("tag list", where=where)
    tags = document.get("tags")
    if tags is None:
        return ()
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise _garbage("tag list", where=where)
    return tuple(tag for tag in tags if is_tag(tag))


def parse_manifest(body: bytes, content_type: str, *, where: str) -> ImageManifest | ImageIndex:
    document = _load_object(body, "image manifest", where=where)
    if document.get("schemaVersion") == 1:
        raise ProtocolViolation(
            "the image has a manifest of Docker's schema 1, which no digest can be taken of",
            location=where,
            hint="push the image again with a current tool",
        )
    media_type = document.get("mediaType") or content_type.partition(";")[0].strip().lower()
    created_at = _created(_mapping(document.get("annotations")).get(CREATED_ANNOTATION))
    if media_type in _INDEXES or (media_type not in _MANIFESTS and "manifests" in document):
        return _parse_index(document, created_at, where=where)
    config = document.get("config")
    if not isinstance(config, dict):
        raise _garbage("image manifest", where=where)
    digest = _digest(config.get("digest"), "image manifest", where=where)
    is_image = config.get("mediaType") in _CONFIGS
    return ImageManifest(config=digest if is_image else None, created_at=created_at)


def _parse_index(
    document: Mapping[str, Any], created_at: datetime | None, *, where: str
) -> ImageIndex:
    entries = document.get("manifests")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _garbage("image index", where=where)
    children: dict[Platform | None, Digest] = {}
    for entry in entries:
        said = _mapping(entry.get("platform"))
        # BuildKit's attestations stand in the index as images of the platform unknown/unknown.
        if said.get("os") == "unknown" or said.get("architecture") == "unknown":
            continue
        digest = _digest(entry.get("digest"), "image index", where=where)
        children.setdefault(_platform(said), digest)
    first = next(iter(children.values()), None)
    return ImageIndex(
        child=children.get(_USUAL, first),
        platforms=frozenset(platform for platform in children if platform is not None),
        created_at=created_at,
    )


def parse_config(body: bytes, *, where: str) -> ConfigBlob:
    document = _load_object(body, "config blob", where=where)
    return ConfigBlob(created_at=_created(document.get("created")), platform=_platform(document))


def parse_token(body: bytes, *, where: str) -> Token:
    """The answer of a token server. It promises 60 seconds if it says nothing, or less (distribution, token auth)."""
    document = _load_object(body, "answer of the token server", where=where)
    value = document.get("token") or document.get("access_token")
    if (
        not isinstance(value, str)
        or not value.isascii()
        or not all(33 <= ord(c) < 127 for c in value)
    ):
        raise _garbage("answer of the token server", where=where)
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
    return _digest(text.strip(), "Docker-Content-Digest header", where=where)


def _load_object(body: bytes, what: str, *, where: str) -> dict[str, Any]:
    # Deep nesting exhausts the parser's stack, which is the registry's fault, not ours.
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _garbage(what, where=where) from error
    if not isinstance(document, dict):
        raise _garbage(what, where=where)
    return document


def _garbage(what: str, *, where: str) -> ProtocolViolation:
    return ProtocolViolation(
        f"the registry's {what} is truncated or not what the OCI specification says",
        location=where,
        hint="it is not used; the next poll asks again",
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _digest(value: object, what: str, *, where: str) -> Digest:
    try:
        return parse_digest(value if isinstance(value, str) else "")
    except InvalidReference as error:
        raise _garbage(what, where=where) from error


def _platform(said: Mapping[str, Any]) -> Platform | None:
    os, architecture, variant = said.get("os"), said.get("architecture"), said.get("variant")
    if not isinstance(os, str) or not isinstance(architecture, str) or not os or not architecture:
        return None
    return Platform(os, architecture, variant if isinstance(variant, str) else "")


def _created(value: object) -> datetime | None:
    """A time that cannot be read is as good as none: the image is not refused for it."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
