"""What a registry's list tells of its tags, as compressed JSON: a row a tag would cost ten times the space."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from automator.model.image import Digest
from automator.model.tags import ListedImage


def pack_told(told: Mapping[str, ListedImage]) -> bytes:
    """The same bytes for the same content."""
    entries = {
        tag: (
            listed.digest,
            listed.created_at and listed.created_at.timestamp(),
            listed.pushed_at and listed.pushed_at.timestamp(),
            listed.is_image,
        )
        for tag, listed in sorted(told.items())
    }
    return zlib.compress(json.dumps(entries, separators=(",", ":")).encode(), 1)


def unpack_told(packed: bytes) -> dict[str, ListedImage]:
    return {
        tag: ListedImage(
            digest=Digest(digest) if digest else None,
            created_at=time_of(created_at),
            pushed_at=time_of(pushed_at),
            is_image=is_image,
        )
        for tag, (digest, created_at, pushed_at, is_image) in json.loads(
            zlib.decompress(packed)
        ).items()
    }


def time_of(seconds: float | None) -> datetime | None:
    """As the store keeps times: seconds since the epoch."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
