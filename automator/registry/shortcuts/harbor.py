"""Harbor: its API stands on the registry's host, and takes the registry's user and password, not its tokens.

https://goharbor.io/docs/latest/build-customize-contribute/configure-swagger/ (`listArtifacts`): 100 artifacts a page,
each with its tags. An artifact is listed by its own push: a tag that moves to an artifact of long ago is on a later
page, and is told when that is read again. `created` of a single image is what its config blob says.
"""

import itertools
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

from automator.clock import Clock
from automator.errors import NotFound
from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from automator.registry.auth import Authorization, CredentialSource, basic_authorization
from automator.registry.host import RegistryHost
from automator.registry.shortcuts.answers import (
    DigestField,
    Document,
    Entry,
    TagField,
    TimeField,
    fetch_document,
    page_request,
    read_entries,
)
from automator.registry.shortcuts.paging import Images, read_newest

SERVICE = "harbor-registry"
"""What Harbor calls itself in its challenges."""

_PAGE_SIZE = 100
_PURPOSE = "harbor"
_IMAGE_TYPES = frozenset({None, "IMAGE", "UNKNOWN"})


class _Attributes(Entry):
    created: TimeField = None


class _Tag(Entry):
    name: TagField
    push_time: TimeField = None


class _Artifact(Entry):
    digest: DigestField
    type: str | None = None
    push_time: TimeField = None
    extra_attrs: _Attributes | None = None
    tags: list[Any] | None = None

    def images(self) -> Images:
        """By tag. A type that is told and is not that of images is a chart, a signature or such."""
        created_at = None if self.extra_attrs is None else self.extra_attrs.created
        return {
            tag.name: ListedImage(
                digest=self.digest,
                created_at=created_at,
                pushed_at=tag.push_time or self.push_time,
                is_image=self.type in _IMAGE_TYPES,
            )
            for tag in read_entries(_Tag, self.tags or [])
        }


class Harbor:
    def __init__(self, *, host: RegistryHost, credentials: CredentialSource, clock: Clock) -> None:
        self._host = host
        self._credentials = credentials
        self._clock = clock

    async def fetch(self, repository: ImageRepository, known: Images) -> Images:
        project, slash, name = repository.path.partition("/")
        if not slash:
            raise NotFound(
                "Harbor has no repositories outside of projects", location=str(repository)
            )
        # Harbor's router decodes the path once before it looks for the slashes in it.
        encoded = quote(quote(name, safe=""), safe="")
        base = f"{self._host.url}/api/v2.0/projects/{project}/repositories/{encoded}/artifacts"
        pages = self._pages(repository, base)
        return await read_newest(pages, known, now=self._clock.now())

    async def _pages(self, repository: ImageRepository, base: str) -> AsyncGenerator[Images]:
        authorization = await self._authorization(repository)
        for page in itertools.count(1):
            url = f"{base}?page={page}&page_size={_PAGE_SIZE}&with_tag=true&sort=-push_time"
            document = await fetch_document(
                self._host,
                repository,
                page_request(repository, url, authorization),
                purpose=_PURPOSE,
            )
            images: dict[str, ListedImage] = {}
            for artifact in read_entries(_Artifact, document.entries):
                images.update(artifact.images())
            yield images
            if _is_last(document, page):
                return

    async def _authorization(self, repository: ImageRepository) -> Authorization | None:
        """Basic, without being asked: the API answers strangers as if there were nothing."""
        credential = await self._credentials.for_repository(repository)
        if credential is None or not credential.username:
            return None
        return basic_authorization(credential)


def _is_last(document: Document, page: int) -> bool:
    total = document.headers.get("x-total-count", "")
    if total.isascii() and total.isdigit() and len(total) <= 9:
        return page * _PAGE_SIZE >= int(total)
    return len(document.entries) < _PAGE_SIZE
