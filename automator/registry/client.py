"""RegistryClient: tag lists, digests and facts of images, asked of registries in as few requests as there can be.

Remembers nothing but tokens and limits: what was observed belongs to the store. Every error is a RegistryError
that names the image repository. HTTP, credentials and retries are the business of `host.py` and what it uses.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ssl import SSLContext, SSLError
from types import TracebackType
from typing import Self

import httpx

from automator.clock import Clock
from automator.errors import ProtocolViolation, Unavailable
from automator.model.image import Digest, ImageRepository, Platform, parse_digest
from automator.model.tags import ImageFacts
from automator.registry.credentials import Credential, Credentials
from automator.registry.documents import (
    MANIFEST_ACCEPT,
    ImageIndex,
    ImageManifest,
    compute_digest,
    parse_config,
    parse_digest_header,
    parse_manifest,
    parse_tags,
    verify_digest,
)
from automator.registry.host import RegistryHost
from automator.registry.limits import HostLimits
from automator.registry.protocol import PAGE_SIZE, blob_url, manifest_url, next_page, tags_url
from automator.registry.retries import RetryPolicy
from automator.registry.settings import HostSettings
from automator.registry.transport import Exchange, Transport

TAG_LIST_BYTES = 64 * 1024 * 1024
MANIFEST_BYTES = 8 * 1024 * 1024
MOST_PAGES = 1000
_DEEPEST_INDEX = 3
_DIGEST_HEADER = "docker-content-digest"


@dataclass(frozen=True, slots=True)
class _Always:
    """A host's own credential, whatever the image repository."""

    credential: Credential

    async def for_repository(self, repository: ImageRepository) -> Credential | None:  # noqa: ARG002 - one answer for all
        return self.credential


class RegistryClient:
    """One for each process, as an async context manager. A host that is not in `hosts` has the default settings."""

    def __init__(
        self,
        *,
        hosts: Mapping[str, HostSettings],
        credentials: Credentials,
        clock: Clock,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
    ) -> None:
        self._settings = dict(hosts)
        self._credentials = credentials
        self._clock = clock
        self._retry = retry
        self._hosts: dict[str, RegistryHost] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with AsyncExitStack() as stack:
            for host in self._hosts.values():
                stack.push_async_callback(host.close)

    @property
    def requests(self) -> int:
        """HTTP requests sent so far: retries, redirects and tokens included."""
        return sum(host.requests for host in self._hosts.values())

    @property
    def requests_by_host(self) -> Mapping[str, int]:
        """As `requests`, for each registry host that was asked; its token server's count as its own."""
        return {name: host.requests for name, host in self._hosts.items()}

    async def fetch_tags(self, repository: ImageRepository) -> tuple[str, ...]:
        """Every tag, of all pages, once each and in the registry's order. Raises rather than leave one out."""
        host = self._host(repository.host)
        where = str(repository)
        tags: dict[str, None] = {}
        left_bytes = TAG_LIST_BYTES
        seen: set[str] = set()
        url: str | None = tags_url(host.url, repository, host.page_size)
        while url is not None:
            if url in seen or len(seen) >= MOST_PAGES:
                raise ProtocolViolation(
                    "the registry's tag list does not end",
                    location=where,
                    hint="it is not used, as no part of it can be taken for the whole",
                )
            seen.add(url)
            body, link = await self._fetch_page(host, repository, url, left_bytes)
            left_bytes -= len(body)
            tags.update(dict.fromkeys(parse_tags(body, where=where)))
            url = next_page(link, url, where=where)
        return tuple(tags)

    async def _fetch_page(
        self, host: RegistryHost, repository: ImageRepository, url: str, left_bytes: int
    ) -> tuple[bytes, str]:
        exchange = Exchange(method="GET", url=url, where=str(repository), body_limit=left_bytes)
        asked_for_size = url == tags_url(host.url, repository, PAGE_SIZE)
        accepted = frozenset({200, 400, 413} if asked_for_size else {200})
        answer = await host.ask(repository, exchange, accepted=accepted)
        if answer.status != 200:
            # This registry refuses so large a page: it is asked for its own size from now on.
            host.page_size = None
            plain = tags_url(host.url, repository, None)
            return await self._fetch_page(host, repository, plain, left_bytes)
        return answer.body, ", ".join(answer.headers.get_list("link"))

    async def fetch_digest(self, repository: ImageRepository, tag: str) -> Digest:
        """The digest that a tag points at now: a HEAD, or a GET where the registry does not tell it then."""
        host = self._host(repository.host)
        where = _name(repository, tag)
        exchange = Exchange(
            method="HEAD",
            url=manifest_url(host.url, repository, tag),
            where=where,
            body_limit=MANIFEST_BYTES,
            accept=MANIFEST_ACCEPT,
        )
        # Some registries and proxies know no HEAD.
        answer = await host.ask(repository, exchange, accepted=frozenset({200, 405, 501}))
        told = answer.headers.get(_DIGEST_HEADER)
        if answer.status == 200 and told:
            return parse_digest_header(told, where=where)
        return (await self._fetch_manifest(repository, tag))[0]

    async def fetch_facts(
        self, repository: ImageRepository, reference: str, *, with_platforms: bool = False
    ) -> ImageFacts:
        """What an image says of itself, by tag or digest; all that was named by digest is verified.

        The config blob is left alone if the manifest or index tells the creation time; then an image of one
        platform does not tell which, unless `with_platforms`.
        """
        digest, manifest = await self._fetch_manifest(repository, reference)
        created_at, platforms = await self._describe(
            repository, manifest, with_platforms=with_platforms, depth=1
        )
        return ImageFacts(digest=digest, created_at=created_at, platforms=platforms)

    async def _describe(
        self,
        repository: ImageRepository,
        manifest: ImageManifest | ImageIndex,
        *,
        with_platforms: bool,
        depth: int,
    ) -> tuple[datetime | None, frozenset[Platform]]:
        if isinstance(manifest, ImageManifest):
            return await self._describe_image(repository, manifest, with_platforms=with_platforms)
        told = manifest.created_at is not None and (manifest.platforms or not with_platforms)
        if told or manifest.child is None:
            return manifest.created_at, manifest.platforms
        if depth >= _DEEPEST_INDEX:
            raise ProtocolViolation(
                "its image indexes stand one in another without end", location=str(repository)
            )
        _, child = await self._fetch_manifest(repository, manifest.child)
        created_at, platforms = await self._describe(
            repository,
            child,
            with_platforms=with_platforms and not manifest.platforms,
            depth=depth + 1,
        )
        return manifest.created_at or created_at, manifest.platforms or platforms

    async def _describe_image(
        self, repository: ImageRepository, manifest: ImageManifest, *, with_platforms: bool
    ) -> tuple[datetime | None, frozenset[Platform]]:
        told = manifest.created_at is not None and not with_platforms
        if told or manifest.config is None:
            return manifest.created_at, frozenset()
        host = self._host(repository.host)
        where = _name(repository, manifest.config)
        exchange = Exchange(
            method="GET",
            url=blob_url(host.url, repository, manifest.config),
            where=where,
            body_limit=MANIFEST_BYTES,
        )
        answer = await host.ask(repository, exchange)
        verify_digest(answer.body, manifest.config, where=where)
        config = parse_config(answer.body, where=where)
        platforms = frozenset() if config.platform is None else frozenset({config.platform})
        return manifest.created_at or config.created_at, platforms

    async def _fetch_manifest(
        self, repository: ImageRepository, reference: str
    ) -> tuple[Digest, ImageManifest | ImageIndex]:
        host = self._host(repository.host)
        where = _name(repository, reference)
        exchange = Exchange(
            method="GET",
            url=manifest_url(host.url, repository, reference),
            where=where,
            body_limit=MANIFEST_BYTES,
            accept=MANIFEST_ACCEPT,
        )
        answer = await host.ask(repository, exchange)
        manifest = parse_manifest(answer.body, answer.headers.get("content-type", ""), where=where)
        if ":" in reference:
            digest = parse_digest(reference)
        elif told := answer.headers.get(_DIGEST_HEADER):
            digest = parse_digest_header(told, where=where)
        else:
            return compute_digest(answer.body), manifest
        verify_digest(answer.body, digest, where=where)
        return digest, manifest

    def _host(self, name: str) -> RegistryHost:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = self._open(self._settings.get(name, HostSettings(host=name)))
        return host

    def _open(self, settings: HostSettings) -> RegistryHost:
        return RegistryHost(
            name=settings.host,
            insecure=settings.insecure,
            credentials=(
                self._credentials if settings.credential is None else _Always(settings.credential)
            ),
            transport=Transport(
                tls=self._tls if settings.ca_file is None else _trusting(settings),
                max_connections=settings.max_concurrent,
                timeout_seconds=settings.timeout_seconds,
            ),
            limits=HostLimits(
                host=settings.host,
                requests_per_second=settings.requests_per_second,
                max_concurrent=settings.max_concurrent,
                patience_seconds=self._retry.patience_seconds,
                clock=self._clock,
            ),
            retry=self._retry,
            clock=self._clock,
        )

    @cached_property
    def _tls(self) -> SSLContext:
        """Shared: reading the certificate authorities takes longer than a poll of a small registry."""
        return httpx.create_ssl_context()


def _trusting(settings: HostSettings) -> SSLContext:
    """The usual certificate authorities and the registry's own."""
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(cafile=settings.ca_file)
    except (OSError, SSLError) as error:
        raise Unavailable(
            f"the certificate authorities in {settings.ca_file} cannot be read",
            location=settings.host,
            hint="`ca_file` is a file of certificates in PEM form",
        ) from error
    return context


def _name(repository: ImageRepository, reference: str) -> str:
    return f"{repository}{'@' if ':' in reference else ':'}{reference}"
