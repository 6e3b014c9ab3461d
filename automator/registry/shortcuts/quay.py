"""Quay: its API stands on the registry's host. Asked only of quay.io: elsewhere nothing tells a Quay from others.

https://docs.quay.io/api/swagger/#!/tag/listRepoTags: 100 tags a page, those that were set last first. Asked without
credentials: the API takes OAuth tokens of its own, and neither passwords nor the registry's tokens.
"""

import itertools
from collections.abc import AsyncGenerator

from automator.clock import Clock
from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from automator.registry.host import RegistryHost
from automator.registry.shortcuts.answers import (
    DigestField,
    Entry,
    EpochField,
    TagField,
    fetch_document,
    page_request,
    read_entries,
)
from automator.registry.shortcuts.paging import Images, read_newest

_PURPOSE = "quay"


class _Tag(Entry):
    name: TagField
    manifest_digest: DigestField | None = None
    start_ts: EpochField = None


class Quay:
    def __init__(self, *, host: RegistryHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    async def fetch(self, repository: ImageRepository, known: Images) -> Images:
        pages = self._pages(repository)
        return await read_newest(pages, known, now=self._clock.now())

    async def _pages(self, repository: ImageRepository) -> AsyncGenerator[Images]:
        base = f"{self._host.url}/api/v1/repository/{repository.path}/tag/"
        for page in itertools.count(1):
            url = f"{base}?limit=100&page={page}&onlyActiveTags=true"
            document = await fetch_document(
                self._host, repository, page_request(repository, url), key="tags", purpose=_PURPOSE
            )
            yield {
                tag.name: ListedImage(digest=tag.manifest_digest, pushed_at=tag.start_ts)
                for tag in read_entries(_Tag, document.entries)
            }
            if document.fields.get("has_additional") is not True:
                return
