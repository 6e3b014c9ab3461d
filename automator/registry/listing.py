"""A tag list by its pages, or that it has not changed. Raises rather than leave a tag out."""

import re
from dataclasses import dataclass, field

from automator.clock import Clock
from automator.errors import ProtocolViolation, Unavailable
from automator.model.tags import ListedImage, Listing
from automator.registry.documents import parse_tags
from automator.registry.pages import LARGE_SIZE, PageSizes, may_be_full
from automator.registry.protocol import next_page, tags_url
from automator.registry.sources import Source
from automator.registry.transport import Answer, Exchange

TAG_LIST_BYTES = 64 * 1024 * 1024
MOST_PAGES = 20_000
LONGEST_SECONDS = 600.0
"""All pages together: each may be in time, and the list come to no end in days."""
MOST_STALE_PAGES = 5
"""In a row, without a tag that is new and with a next page all the same."""

_NOT_MODIFIED = 304
_SIZE_REFUSED = frozenset({400, 413})
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,512}"')


@dataclass(slots=True)
class _Progress:
    """What has come of a list so far."""

    where: str
    tags: dict[str, None] = field(default_factory=dict)
    told: dict[str, ListedImage] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    urls: set[str] = field(default_factory=set)
    left_bytes: int = field(default_factory=lambda: TAG_LIST_BYTES)
    stale_pages: int = 0

    def add(self, answer: Answer, url: str) -> str | None:
        """The URL of the next page."""
        page = parse_tags(answer.body, where=self.where)
        known = len(self.tags)
        self.tags.update(dict.fromkeys(page.tags))
        self.told.update(page.told)
        self.sizes.append(page.size)
        self.urls.add(url)
        self.left_bytes -= len(answer.body)
        self.stale_pages = 0 if len(self.tags) > known else self.stale_pages + 1
        following = next_page(", ".join(answer.headers.get_list("link")), url, where=self.where)
        if following is not None and self._is_endless(following):
            raise ProtocolViolation(
                "the registry's tag list does not end",
                location=self.where,
                hint="it is not used, as no part of it can be taken for the whole",
            )
        return following

    def _is_endless(self, following: str) -> bool:
        return (
            following in self.urls
            or len(self.urls) >= MOST_PAGES
            or self.stale_pages >= MOST_STALE_PAGES
        )


async def fetch_listing(
    source: Source, sizes: PageSizes, validator: str, clock: Clock
) -> Listing | None:
    """Every tag, of all pages, once each and in the registry's order; None where `validator` is still good.

    `sizes` are the host's, and learn of the answers. A `validator` is an entity tag, sent with the first page alone.
    """
    progress = _Progress(str(source.repository))
    deadline = clock.monotonic_seconds() + LONGEST_SECONDS
    size, url, answer = await _fetch_first(source, sizes, validator)
    if answer.status == _NOT_MODIFIED:
        return None
    first = answer
    while (following := progress.add(answer, url)) is not None:
        if clock.monotonic_seconds() >= deadline:
            raise Unavailable(
                f"the registry's tag list is not complete after {LONGEST_SECONDS / 60:.0f} minutes"
                f" and {len(progress.urls)} pages",
                location=progress.where,
                hint="no part of it is used; if requests_per_second is low, raise it",
            )
        url = following
        answer = await source.ask(_page(source, url, progress.left_bytes))
    sizes.listed(size, progress.sizes)
    return Listing(
        tags=tuple(progress.tags),
        told=progress.told,
        validator=_validator(first, progress.sizes),
    )


async def _fetch_first(
    source: Source, sizes: PageSizes, validator: str
) -> tuple[int | None, str, Answer]:
    """The first page in the largest size that the registry does not refuse."""
    expected = {200, _NOT_MODIFIED} if validator else {200}
    for size in sizes.candidates:
        url = tags_url(source.host.url, source.repository, size)
        try:
            answer = await source.ask(
                _page(source, url, TAG_LIST_BYTES, validator),
                accepted=expected if size is None else expected | _SIZE_REFUSED,
            )
        except (Unavailable, ProtocolViolation):
            # It may be too much for a registry, which fails or runs out of time where it should refuse.
            if size != LARGE_SIZE:
                raise
            continue
        if answer.status in expected:
            sizes.accepted(size)
            break
    return size, url, answer


def _page(source: Source, url: str, left_bytes: int, validator: str = "") -> Exchange:
    return Exchange(
        method="GET",
        url=url,
        where=str(source.repository),
        body_limit=left_bytes,
        validator=validator,
    )


def _validator(first: Answer, sizes: list[int]) -> str:
    """Of a list that is whole on its only page, and will not be so unnoticed when it grows beyond it.

    The validator of a page says nothing of the next one, nor of whether there is one by now.
    """
    told: str = first.headers.get("etag", "").strip()
    is_whole = len(sizes) == 1 and not may_be_full(sizes[0])
    return told if is_whole and _ENTITY_TAG.fullmatch(told) else ""
