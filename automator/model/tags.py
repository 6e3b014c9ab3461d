"""What is known of an image repository's tags. A list that may lack tags never passes for a complete one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from automator.model.image import Digest, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What is known for ever of one digest.

    `created_at` is what the image says of itself (config blob or OCI annotation), `pushed_at` what the registry
    says, `first_seen_at` when the daemon first met the digest. `platforms` is empty where nothing is said.
    """

    digest: Digest
    created_at: datetime | None = None
    pushed_at: datetime | None = None
    first_seen_at: datetime | None = None
    platforms: frozenset[Platform] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagList:
    """The tags of one image repository as last listed, in the registry's order.

    `complete` is false if pages are missing: no selection is made from such a list.
    """

    tags: tuple[str, ...]
    complete: bool = True
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that a selection may look at: the tag list and, for the tags that a policy asked about, their facts.

    `missing` are tags that are listed though the registry has no image for them.
    """

    tag_list: TagList
    facts: Mapping[str, ImageFacts] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
