"""Image manifests, image indexes and config blobs to what they say of an image.

Whatever stands in them is foreign text. What is no image (a chart, a signature, an attestation) is told from one by its
media types, and is no error. A document that is none of these is a ProtocolViolation, one of Docker's schema 1 a NotFound:
there is nothing to run. Both name `where`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

from automator.errors import NotFound
from automator.model.image import Digest, Platform
from automator.registry.documents import (
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    garbage,
    load_object,
    mapping,
    media_type_of,
    parse_time,
    read_digest,
)

CREATED = "org.opencontainers.image.created"
SOURCE = "org.opencontainers.image.source"
REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"

_TYPES = INDEX_TYPES | MANIFEST_TYPES
# Signatures and attestations of cosign and BuildKit have the config of an image: only their layers tell.
_IMAGE_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_UNKNOWN = "unknown"
_USUAL = Platform("linux", "amd64")
_PLATFORM_PART = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_TEXT = 512
_LARGEST_IMAGE_BYTES = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an index, a manifest or a config blob says of an image, each as far as it does."""

    created_at: datetime | None = None
    platforms: frozenset[Platform] = frozenset()
    size_bytes: int | None = None
    source: str = ""
    revision: str = ""
    version: str = ""

    @property
    def is_complete(self) -> bool:
        texts = (self.source, self.revision, self.version)
        sized = self.size_bytes is not None
        return self.created_at is not None and bool(self.platforms) and sized and all(texts)

    def filled_from(self, other: Self) -> "Description":
        """With what `other` says where this says nothing."""
        return Description(
            created_at=self.created_at or other.created_at,
            platforms=self.platforms or other.platforms,
            size_bytes=other.size_bytes if self.size_bytes is None else self.size_bytes,
            source=self.source or other.source,
            revision=self.revision or other.revision,
            version=self.version or other.version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An image manifest, which has a `config`, or an image index, which has a `child`; an artifact has neither.

    `child` is the manifest that stands for all: linux/amd64, else the first that is of an image.
    """

    description: Description
    is_image: bool = True
    config: Digest | None = None
    child: Digest | None = None


def parse_manifest(body: bytes, content_type: str, *, where: str) -> Manifest:
    document = load_object(body, "image manifest", where=where)
    if document.get("schemaVersion") == 1:
        raise NotFound(
            "the image has a manifest of Docker's schema 1 alone, which current runtimes cannot pull",
            location=where,
            hint="push the image again with a current tool",
        )
    said = _read_texts(mapping(document.get("annotations")))
    media_type = media_type_of(document) or content_type.partition(";")[0].strip().lower()
    if media_type not in _TYPES and media_type.startswith("application/vnd."):
        return Manifest(description=said, is_image=False)
    # Some registries and proxies tell no type, or the type of any JSON.
    if media_type in INDEX_TYPES or (media_type not in MANIFEST_TYPES and "manifests" in document):
        return _parse_index(document, said, where=where)
    return _parse_image(document, said, where=where)


def _parse_image(document: Mapping[str, Any], said: Description, *, where: str) -> Manifest:
    config = document.get("config")
    if not isinstance(config, dict):
        raise garbage("image manifest", where=where)
    digest = read_digest(config.get("digest"), "image manifest", where=where)
    layers = document.get("layers")
    blobs = [mapping(layer) for layer in layers] if isinstance(layers, list) else []
    if media_type_of(config) not in CONFIG_TYPES or not _is_of_image(blobs):
        return Manifest(description=said, is_image=False)
    sized = Description(size_bytes=_sum_of_sizes([config, *blobs]))
    return Manifest(description=said.filled_from(sized), config=digest)


def _is_of_image(layers: list[Mapping[str, Any]]) -> bool:
    types = [media_type_of(layer) for layer in layers]
    return not types or any(not each or each.startswith(_IMAGE_LAYERS) for each in types)


def _sum_of_sizes(blobs: Iterable[Mapping[str, Any]]) -> int | None:
    """None where a size is missing, or the sum is none that can be."""
    total = 0
    for blob in blobs:
        size = blob.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            return None
        total += size
    return total if total <= _LARGEST_IMAGE_BYTES else None


def _parse_index(document: Mapping[str, Any], said: Description, *, where: str) -> Manifest:
    entries = document.get("manifests")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise garbage("image index", where=where)
    children: dict[Platform | None, Mapping[str, Any]] = {}
    for entry in filter(_is_image_entry, entries):
        children.setdefault(_read_platform(mapping(entry.get("platform"))), entry)
    # What refers to an image is not that image (OCI image specification, 1.1: `subject`).
    if not children or document.get("artifactType") or document.get("subject"):
        return Manifest(description=said, is_image=False)
    child = children.get(_USUAL, next(iter(children.values())))
    platforms = frozenset(platform for platform in children if platform is not None)
    # Docker's official images tell of each image beside its digest in the index, and in no other place.
    beside = _read_texts(mapping(child.get("annotations")))
    return Manifest(
        description=said.filled_from(beside).filled_from(Description(platforms=platforms)),
        child=read_digest(child.get("digest"), "image index", where=where),
    )


def _is_image_entry(entry: Mapping[str, Any]) -> bool:
    """BuildKit's attestations stand in an index as images of the platform unknown/unknown, other artifacts by their type."""
    platform = mapping(entry.get("platform"))
    if _UNKNOWN in (platform.get("os"), platform.get("architecture")):
        return False
    media_type = media_type_of(entry)
    return not entry.get("artifactType") and (not media_type or media_type in _TYPES)


def parse_config(body: bytes, *, where: str) -> Description:
    document = load_object(body, "config blob", where=where)
    platform = _read_platform(document)
    created = Description(
        created_at=_read_time(document.get("created")),
        platforms=frozenset() if platform is None else frozenset({platform}),
    )
    return created.filled_from(_read_texts(mapping(mapping(document.get("config")).get("Labels"))))


def _read_texts(said: Mapping[str, Any]) -> Description:
    """Annotations or labels, which have the same names."""
    return Description(
        created_at=_read_time(said.get(CREATED)),
        source=_read_url(said.get(SOURCE)),
        revision=_read_text(said.get(REVISION)),
        version=_read_text(said.get(VERSION)),
    )


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[:_LONGEST_TEXT] if char.isprintable()).strip()


def _read_url(value: object) -> str:
    """Kept only if it may be shown as a link: one that is cut would lead elsewhere, one with a user may hold a secret."""
    text = _read_text(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    is_link = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return text if is_link and text == value else ""


def _read_platform(said: Mapping[str, Any]) -> Platform | None:
    os, architecture, variant = (
        _read_platform_part(said.get(key)) for key in ("os", "architecture", "variant")
    )
    return Platform(os, architecture, variant) if os and architecture else None


def _read_platform_part(value: object) -> str:
    return value if isinstance(value, str) and _PLATFORM_PART.fullmatch(value) else ""


def _read_time(value: object) -> datetime | None:
    """The image is not refused for one that cannot be read."""
    return parse_time(value) if isinstance(value, str) else None
