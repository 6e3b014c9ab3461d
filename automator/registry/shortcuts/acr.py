"""Azure Container Registry: tags with their times, from the registry's host and with its kind of token.

https://learn.microsoft.com/rest/api/containerregistry/tag/get-list: `timedesc` begins with the tag that was updated
last; more pages are announced by a Link header. The token must allow `metadata_read`.
"""

from collections.abc import AsyncGenerator

from automator.clock import Clock
from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from automator.registry.host import RegistryHost
from automator.registry.protocol import next_page
from automator.registry.shortcuts.answers import (
    DigestField,
    Entry,
    TagField,
    TimeField,
    fetch_document,
    page_request,
    read_entries,
)
from automator.registry.shortcuts.paging import Images, read_newest

_PURPOSE = "metadata_read"


class _Tag(Entry):
    name: TagField
    digest: DigestField | None = None
    lastUpdateTime: TimeField = None  # noqa: N815 - the API's name


class Acr:
    def __init__(self, *, host: RegistryHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    async def fetch(self, repository: ImageRepository, known: Images) -> Images:
        pages = self._pages(repository)
        return await read_newest(pages, known, now=self._clock.now())

    async def _pages(self, repository: ImageRepository) -> AsyncGenerator[Images]:
        url: str | None = f"{self._host.url}/acr/v1/{repository.path}/_tags?n=100&orderby=timedesc"
        while url is not None:
            document = await fetch_document(
                self._host, repository, page_request(repository, url), key="tags", purpose=_PURPOSE
            )
            yield {
                tag.name: ListedImage(digest=tag.digest, pushed_at=tag.lastUpdateTime)
                for tag in read_entries(_Tag, document.entries)
            }
            link = ", ".join(document.headers.get_list("link"))
            url = next_page(link, url, where=str(repository))
