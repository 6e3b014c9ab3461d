"""What is known of an image repository's tags. A list that may lack tags never passes for a complete one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from automator.model.image import Digest, Platform


class Detail(IntEnum):
    """How much is known, or wanted, of an image. Each includes those before it.

    DIGEST costs a HEAD at most, TIME a manifest and mostly a config blob, FULL (platforms, labels, size) the same and
    sometimes one more.
    """

    DIGEST = 1
    TIME = 2
    FULL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What is known for ever of one digest, as far as `detail` says.

    `created_at` is what the image says of itself (config blob or OCI annotation), `pushed_at` what the registry
    says, `first_seen_at` when the daemon first met the digest. `platforms` is empty where nothing is said. `source`,
    `revision` and `version` are OCI annotations or labels of these names. `size_bytes` counts the layers that a
    linux/amd64 node pulls. `is_image` is false for charts, signatures and other artifacts.
    """

    digest: Digest
    created_at: datetime | None = None
    pushed_at: datetime | None = None
    first_seen_at: datetime | None = None
    platforms: frozenset[Platform] = frozenset()
    size_bytes: int | None = None
    source: str = ""
    revision: str = ""
    version: str = ""
    is_image: bool = True
    detail: Detail = Detail.FULL

    @property
    def tells_time(self) -> bool:
        """Whether it can be ordered: by its creation time or, before that is read, by its push, which bounds it."""
        return self.detail >= Detail.TIME or self.pushed_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """What a registry's own list tells of a tag, without a request for the image itself.

    `created_at` is the image's own creation time, `pushed_at` when the tag was last pushed: no image is younger than
    its push, so that `pushed_at` bounds the creation time where that is not told.
    """

    digest: Digest | None = None
    created_at: datetime | None = None
    pushed_at: datetime | None = None
    is_image: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A registry's complete answer: every tag once, in its order, and what the list itself tells of them.

    `validator` is the entity tag to ask with next time; empty where the registry gives none for the whole list.
    """

    tags: tuple[str, ...]
    told: Mapping[str, ListedImage] = field(default_factory=dict)
    validator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagList:
    """The tags of one image repository as last listed, in the registry's order.

    `doubt` says why a list is not believed, in words for people: no selection is made from it. Empty for one that is.
    """

    tags: tuple[str, ...]
    doubt: str = ""
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTag:
    """A tag that was seen to point at one digest, and then, at `at`, at another."""

    tag: str
    from_digest: Digest
    to_digest: Digest
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Facts that a selection cannot be made without: of these tags, the most urgent first, in this detail."""

    tags: tuple[str, ...] = ()
    detail: Detail = Detail.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that a selection may look at: the tag list and, for the tags that a policy asked about, their facts.

    `missing` are tags for which the registry has no image. `pending` are tags whose facts were asked for and have not
    come yet.
    """

    tag_list: TagList
    facts: Mapping[str, ImageFacts] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
