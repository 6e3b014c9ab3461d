"""RegistryClient: tag lists, digests and facts of images, asked of registries in as few requests as there can be.

Remembers nothing but tokens, limits and page sizes: what was observed belongs to the store. Every error is a
RegistryError that names the image repository. HTTP, credentials and retries are the business of `host.py` and what it
uses.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from automator.clock import Clock
from automator.errors import NotFound, RegistryError
from automator.model.event import Event
from automator.model.image import Digest, ImageRepository, parse_digest
from automator.model.tags import Detail, ImageFacts, ListedImage, Listing
from automator.registry import images
from automator.registry.auth import CredentialSource
from automator.registry.flight import SingleFlight
from automator.registry.host import HostState
from automator.registry.limits import HostLimits
from automator.registry.listing import fetch_listing
from automator.registry.mirrors import MirrorHealth
from automator.registry.pages import PageSizes
from automator.registry.retries import RetryPolicy
from automator.registry.settings import HostSettings
from automator.registry.sources import Source, Sources

Value = TypeVar("Value")
Recall = Callable[[Digest], Awaitable[ImageFacts | None]]
"""What is known of a digest already."""


class RegistryClient:
    """One for each process, as an async context manager. A host that is not in `hosts` has the default settings.

    Where a host has mirrors, they are asked first, in their order, and one that cannot help is passed over: what is
    raised is the registry's own error. `limits`, by host, outlive the client: pauses, quotas and circuits are those of
    the registries, whatever the settings. `report` is told when a mirror begins to fail, and when it serves again.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, HostSettings],
        credentials: CredentialSource,
        clock: Clock,
        limits: dict[str, HostLimits] | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        report: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._clock = clock
        self._mirrors = MirrorHealth(report)
        self._page_sizes: defaultdict[str, PageSizes] = defaultdict(PageSizes)
        self._flights: SingleFlight[tuple[ImageRepository, Digest, Detail], ImageFacts] = (
            SingleFlight()
        )
        self._sources = Sources(
            settings=hosts,
            credentials=credentials,
            limits={} if limits is None else limits,
            retry=retry,
            clock=clock,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._sources.close()

    @property
    def requests(self) -> int:
        """HTTP requests sent so far: retries, redirects and tokens included."""
        return self._sources.requests.total()

    @property
    def requests_by_host(self) -> Mapping[str, int]:
        """As `requests`, for each registry host that was asked; its token server's count as its own."""
        return self._sources.requests

    @property
    def states(self) -> tuple[HostState, ...]:
        """How it is now with each registry host that was asked; requests as in `requests_by_host`."""
        return self._sources.states

    async def fetch_tags(
        self, repository: ImageRepository, *, validator: str = ""
    ) -> Listing | None:
        """Every tag, of all pages, once each and in the registry's order; None if nothing changed since `validator`.

        `validator` is that of an earlier Listing. Raises rather than leave a tag out.
        """

        async def fetch(source: Source) -> Listing | None:
            # A validator belongs to where it comes from: a mirror's would mean nothing to the registry, or the wrong thing.
            place, _, entity_tag = validator.partition(" ")
            is_own = place == str(source.repository)
            listing = await fetch_listing(
                source,
                self._page_sizes[source.repository.host],
                entity_tag if is_own else "",
                self._clock,
            )
            if listing is None:
                return None
            return replace(
                listing,
                # What a mirror tells beside the tags is of its copies, which may be old.
                told=listing.told if source.repository == repository else {},
                validator=f"{source.repository} {listing.validator}" if listing.validator else "",
            )

        return await self._ask(repository, fetch)

    async def fetch_told(
        self, repository: ImageRepository, known: Mapping[str, ListedImage]
    ) -> Mapping[str, ListedImage] | None:
        """`known`, which an earlier call returned, brought up to date by the registry's own API beside the OCI protocol.

        None where there is none, or where there are mirrors: then the registry may not be there to be asked, and what
        a mirror tells is of its copies.
        """
        sources = self._sources
        if sources.mirrors_of(repository):
            return None
        return await sources.shortcuts_of(repository.host).fetch(repository, known)

    async def fetch_digest(self, repository: ImageRepository, tag: str) -> Digest:
        """The digest that a tag points at now, from the registry itself if it can be had: a mirror may lag behind."""
        fetch = partial(images.fetch_digest, tag=tag)
        try:
            return await fetch(self._sources.open(repository))
        except RegistryError:
            if not self._sources.mirrors_of(repository):
                raise
            return await self._ask(repository, fetch)

    async def fetch_facts(
        self, repository: ImageRepository, reference: str, *, detail: Detail, recall: Recall
    ) -> ImageFacts:
        """What an image says of itself, by tag or digest, in `detail` or more; all that was named by digest is verified.

        `recall` is asked once the digest is known, and saves the rest: many tags share one digest.
        """
        return await self._ask(
            repository,
            partial(self._fetch_facts, reference=reference, detail=detail, recall=recall),
        )

    async def _fetch_facts(
        self, source: Source, *, reference: str, detail: Detail, recall: Recall
    ) -> ImageFacts:
        manifest = None
        if ":" in reference:
            digest = parse_digest(reference)
        else:
            digest, manifest = await images.fetch_manifest(source, reference)
        known = await recall(digest)
        if known is not None and known.detail >= detail:
            return known
        if manifest is None:
            _, manifest = await images.fetch_manifest(source, digest)
        facts = await self._flights.run(
            (source.repository, digest, detail),
            partial(images.describe, source, digest, manifest, detail),
        )
        if known is None:
            return facts
        return replace(facts, pushed_at=known.pushed_at, first_seen_at=known.first_seen_at)

    async def _ask(
        self, repository: ImageRepository, fetch: Callable[[Source], Awaitable[Value]]
    ) -> Value:
        for mirror in self._sources.mirrors_of(repository):
            try:
                value = await fetch(self._sources.open(mirror))
            except NotFound:
                self._mirrors.answered(mirror)
            except RegistryError as error:
                self._mirrors.failed(mirror, error)
            else:
                self._mirrors.answered(mirror)
                return value
        return await fetch(self._sources.open(repository))
