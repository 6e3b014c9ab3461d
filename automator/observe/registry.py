"""What an observer needs of a registry client; RegistryClient is the one, a scripted one serves the tests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from automator.model.image import Digest, ImageRepository
from automator.model.tags import Detail, ImageFacts, ListedImage, Listing


class Registry(Protocol):
    @property
    def requests(self) -> int: ...
    async def fetch_tags(
        self, repository: ImageRepository, *, validator: str = ""
    ) -> Listing | None: ...
    async def fetch_told(
        self, repository: ImageRepository, known: Mapping[str, ListedImage]
    ) -> Mapping[str, ListedImage] | None: ...
    async def fetch_digest(self, repository: ImageRepository, tag: str) -> Digest: ...
    async def fetch_facts(
        self,
        repository: ImageRepository,
        reference: str,
        *,
        detail: Detail,
        recall: Callable[[Digest], Awaitable[ImageFacts | None]],
    ) -> ImageFacts: ...
