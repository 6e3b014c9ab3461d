"""Answers from the store, asks the registry for what is missing or due. All registry traffic begins here.

A failed poll never looks like "no tags": the list before it stays known, and `failure` says why it is not current.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import anyio
import anyio.to_thread

from automator.clock import Clock, elapsed
from automator.errors import NotFound, RegistryError
from automator.model.image import Digest, ImageRepository
from automator.model.tags import ImageFacts, TagList
from automator.store.store import Store


class Registry(Protocol):
    """What an observer needs of a registry client; RegistryClient is the one, a scripted one serves the tests."""

    @property
    def requests(self) -> int: ...
    async def fetch_tags(self, repository: ImageRepository) -> tuple[str, ...]: ...
    async def fetch_digest(self, repository: ImageRepository, tag: str) -> Digest: ...
    async def fetch_facts(
        self, repository: ImageRepository, reference: str, *, with_platforms: bool
    ) -> ImageFacts: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRound:
    polled: int
    changed: frozenset[ImageRepository]
    failed: Mapping[ImageRepository, RegistryError]
    requests: int
    took: timedelta


class Observer:
    def __init__(
        self, *, registry: Registry, store: Store, clock: Clock, max_concurrent: int = 32
    ) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock
        self._limiter = anyio.CapacityLimiter(max_concurrent)
        self._failures: dict[ImageRepository, RegistryError] = {}
        self._polls: dict[ImageRepository, anyio.Lock] = {}

    @property
    def requests(self) -> int:
        return self._registry.requests

    def failure(self, repository: ImageRepository) -> RegistryError | None:
        """Why the last poll failed; None if it worked."""
        return self._failures.get(repository)

    async def tag_list(self, repository: ImageRepository) -> TagList | None:
        """As last listed; None if it never was."""
        return await anyio.to_thread.run_sync(self._store.tag_list, repository)

    async def last_polled(
        self, repositories: Iterable[ImageRepository]
    ) -> dict[ImageRepository, datetime | None]:
        return await anyio.to_thread.run_sync(self._store.last_polled, list(repositories))

    async def poll(self, repository: ImageRepository) -> bool:
        """One tag list; True if it differs from the last. Remembers a failure, and raises it."""
        try:
            tags = await self._registry.fetch_tags(repository)
        except RegistryError as error:
            self._failures[repository] = error
            raise
        self._failures.pop(repository, None)
        return await anyio.to_thread.run_sync(
            self._store.save_tags, repository, tags, self._clock.now()
        )

    async def refresh(
        self, repositories: Iterable[ImageRepository], *, older_than: datetime | None
    ) -> PollRound:
        """Polls those never listed, failing, or listed before `older_than`. Failures are values here."""
        began, before = self._clock.monotonic_seconds(), self._registry.requests
        last = await self.last_polled(repositories)
        changed: set[ImageRepository] = set()
        failed: dict[ImageRepository, RegistryError] = {}
        polled: list[ImageRepository] = []

        async def poll_one(repository: ImageRepository) -> None:
            # Two config repos that start together ask for an image repository once.
            async with self._polls.setdefault(repository, anyio.Lock()), self._limiter:
                if not await self._is_due(repository, asked_at, older_than):
                    return
                polled.append(repository)
                try:
                    if await self.poll(repository):
                        changed.add(repository)
                except RegistryError as error:
                    failed[repository] = error

        asked_at = self._clock.now()
        async with anyio.create_task_group() as tasks:
            for repository, at in last.items():
                if at is None or (older_than is not None and at < older_than):
                    tasks.start_soon(poll_one, repository)
        return PollRound(
            polled=len(polled),
            changed=frozenset(changed),
            failed=failed,
            requests=self._registry.requests - before,
            took=elapsed(self._clock, began),
        )

    async def facts(
        self, repository: ImageRepository, tags: Sequence[str]
    ) -> dict[str, ImageFacts]:
        """What is known of these tags; what is not is asked, and remembered as it comes.

        A tag that the registry lists but has no image for is left out. Raises any other RegistryError.
        """
        known = await anyio.to_thread.run_sync(self._store.facts, repository, tags)
        missing = [tag for tag in tags if tag not in known]

        async def learn(tag: str) -> None:
            with contextlib.suppress(NotFound):
                known[tag] = await self._learn(repository, tag, tag)

        await self._together(learn, missing)
        return known

    async def follow_tags(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these mutable tags; True if one moved to another digest. Raises RegistryError."""
        wanted = sorted(tags)
        known = await anyio.to_thread.run_sync(self._store.facts, repository, wanted)
        moved = False

        async def look(tag: str) -> None:
            nonlocal moved
            digest = await self._registry.fetch_digest(repository, tag)
            if tag in known and known[tag].digest == digest:
                return
            await self._learn(repository, tag, digest)
            moved = True

        try:
            await self._together(look, wanted)
        except RegistryError as error:
            self._failures[repository] = error
            raise
        if wanted:
            self._failures.pop(repository, None)
        return moved

    async def _learn(self, repository: ImageRepository, tag: str, reference: str) -> ImageFacts:
        """`reference` is the digest, if it is known already, else the tag."""
        facts = None
        if reference != tag:
            facts = await anyio.to_thread.run_sync(self._store.facts_of, Digest(reference))
        if facts is None:
            # Facts are kept for ever, so they are to be whole: a later policy may name platforms.
            fetched = await self._registry.fetch_facts(repository, reference, with_platforms=True)
            facts = replace(fetched, first_seen_at=self._clock.now())
        await anyio.to_thread.run_sync(self._store.save_facts, repository, {tag: facts})
        return facts

    async def _is_due(
        self, repository: ImageRepository, asked_at: datetime, older_than: datetime | None
    ) -> bool:
        """False if somebody else polled it while we waited for our turn."""
        last = (await self.last_polled([repository]))[repository]
        return last is None or (last < asked_at and older_than is not None and last < older_than)

    async def _together(self, work: Callable[[str], Awaitable[None]], tags: Sequence[str]) -> None:
        """All at once within the limit. The first failure is raised when the others have come to their end."""
        errors: list[RegistryError] = []

        async def one(tag: str) -> None:
            async with self._limiter:
                try:
                    await work(tag)
                except RegistryError as error:
                    errors.append(error)

        async with anyio.create_task_group() as tasks:
            for tag in tags:
                tasks.start_soon(one, tag)
        if errors:
            raise errors[0]
