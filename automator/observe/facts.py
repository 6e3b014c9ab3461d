"""Facts of images: from the store, from the registry's own list where it has one, else asked for and remembered."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from automator.clock import Clock
from automator.errors import NotFound, RegistryError
from automator.model.image import ImageRepository
from automator.model.tags import Detail, ImageFacts, Wanted
from automator.observe.memory import Memory
from automator.observe.registry import Registry
from automator.registry.flight import SingleFlight

_ALWAYS = 4
"""So many are asked for whatever the time: the few new tags of a steady state are not worth a second pass."""

_WORTH_A_LIST = 3
"""From so many tags on the registry's own list of times is asked for: fewer cost no more by themselves."""

_ABSENT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """`missing` are tags for which the registry has no image, `pending` those that there was no time for."""

    known: Mapping[str, ImageFacts] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()


class Facts:
    """`unfinished` is what was asked for and given up when the time was over. While `finish` goes on with it nobody else
    asks for facts of that image repository.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        memory: Memory,
        clock: Clock,
        limiter: anyio.CapacityLimiter,
    ) -> None:
        self.unfinished: dict[ImageRepository, Wanted] = {}
        self._registry = registry
        self._memory = memory
        self._clock = clock
        self._limiter = limiter
        self._finishing: set[ImageRepository] = set()
        self._flights: SingleFlight[tuple[ImageRepository, str, Detail], ImageFacts] = (
            SingleFlight()
        )
        self._asking: Counter[ImageRepository] = Counter()
        self._absent: dict[tuple[ImageRepository, str], float] = {}
        self._asked_for_list: set[ImageRepository] = set()

    def list_changed(self, repository: ImageRepository) -> None:
        """What was learnt of the list as it was is open again: absent tags, and the registry's list of times."""
        self._asked_for_list.discard(repository)
        for key in [key for key in self._absent if key[0] == repository]:
            del self._absent[key]

    async def learn(
        self, repository: ImageRepository, wanted: Wanted, *, deadline: float = math.inf
    ) -> Learnt:
        """What is known of these tags, after asking for what is not, until `deadline` (by the monotonic clock).

        Raises any RegistryError but NotFound, when what was under way has come to its end.
        """
        if repository not in self._finishing:
            return await self._learn(repository, wanted, deadline)
        known = await self._memory.known(repository, wanted.tags)
        pending = [tag for tag in wanted.tags if not _suffices(known.get(tag), wanted.detail)]
        self._remember_unfinished(repository, wanted.detail, pending)
        return Learnt(known=known, pending=frozenset(pending))

    async def _learn(self, repository: ImageRepository, wanted: Wanted, deadline: float) -> Learnt:
        known = await self._memory.known(repository, wanted.tags)
        lacking = [tag for tag in wanted.tags if not _suffices(known.get(tag), wanted.detail)]
        missing = frozenset(tag for tag in lacking if self._is_absent(repository, tag))
        lacking = [tag for tag in lacking if tag not in missing]
        if len(lacking) >= _WORTH_A_LIST and await self._ask_for_list(repository):
            # The push times may do: the caller looks again at what it needs.
            known = await self._memory.known(repository, wanted.tags)
            lacking = [tag for tag in lacking if tag not in known or not known[tag].tells_time]
        asked, gone = await self._ask(repository, lacking, wanted.detail, known, deadline)
        pending = [tag for tag in lacking if tag not in asked and tag not in gone]
        self._remember_unfinished(repository, wanted.detail, pending)
        return Learnt(
            known={**known, **asked}, missing=missing | gone.keys(), pending=frozenset(pending)
        )

    async def finish(self, repository: ImageRepository) -> None:
        """Goes on with what is unfinished, to its end. Raises RegistryError; what came before it is kept."""
        wanted = self.unfinished.pop(repository, None)
        if wanted is None:
            return
        self._finishing.add(repository)
        try:
            await self._learn(repository, wanted, math.inf)
        finally:
            self._finishing.discard(repository)

    async def look(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these tags; True if one points at another digest than before. Raises RegistryError."""
        wanted = sorted(tags)
        known = await self._memory.known(repository, wanted)
        asked, gone = await self._ask(repository, wanted, Detail.DIGEST, known, math.inf)
        for error in gone.values():
            raise error
        return any(tag not in known or known[tag].digest != asked[tag].digest for tag in asked)

    def _is_absent(self, repository: ImageRepository, tag: str) -> bool:
        return self._clock.monotonic_seconds() < self._absent.get((repository, tag), -math.inf)

    async def _ask_for_list(self, repository: ImageRepository) -> bool:
        """The registry's own list of times, once for each tag list; True if it has one."""
        if repository in self._asked_for_list:
            return False
        self._asked_for_list.add(repository)
        before = await self._memory.told(repository)
        told = await self._registry.fetch_told(repository, before)
        if told is None:
            return False
        await self._memory.be_told(repository, before, told)
        return True

    async def _ask(
        self,
        repository: ImageRepository,
        tags: Sequence[str],
        detail: Detail,
        known: Mapping[str, ImageFacts],
        deadline: float,
    ) -> tuple[dict[str, ImageFacts], dict[str, NotFound]]:
        """Facts of those tags that there was time for, and why there are none of others."""
        found: dict[str, ImageFacts] = {}
        gone: dict[str, NotFound] = {}
        errors: list[RegistryError] = []
        queue = iter(tags)
        urgent = set(tags[:_ALWAYS])

        async def work() -> None:
            for tag in queue:
                if errors or (tag not in urgent and self._clock.monotonic_seconds() >= deadline):
                    return
                fetch = partial(self._fetch, repository, tag, detail, known.get(tag))
                try:
                    found[tag] = await self._flights.run((repository, tag, detail), fetch)
                except NotFound as error:
                    gone[tag] = error
                    until = self._clock.monotonic_seconds() + _ABSENT_SECONDS
                    self._absent[repository, tag] = until
                except RegistryError as error:
                    errors.append(error)

        self._asking[repository] += 1
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(len(tags), int(self._limiter.total_tokens))):
                    tasks.start_soon(work)
        finally:
            self._asking[repository] -= 1
        await self._memory.save(repository)
        if errors:
            raise errors[0]
        return found, gone

    async def _fetch(
        self, repository: ImageRepository, tag: str, detail: Detail, known: ImageFacts | None
    ) -> ImageFacts:
        async with self._limiter:
            if detail is Detail.DIGEST:
                digest = await self._registry.fetch_digest(repository, tag)
                facts = await self._memory.recall(digest) or ImageFacts(
                    digest=digest, detail=detail
                )
            else:
                came = await self._came_meanwhile(repository, tag)
                if came is not None and came.detail >= detail:
                    return came
                reference = tag if known is None else known.digest
                facts = await self._registry.fetch_facts(
                    repository, reference, detail=detail, recall=self._memory.recall
                )
        if facts.first_seen_at is None:
            facts = replace(facts, first_seen_at=self._clock.now())
        if known is not None and known.digest == facts.digest:
            facts = replace(facts, pushed_at=facts.pushed_at or known.pushed_at)
        await self._memory.add(repository, tag, facts, known)
        return facts

    async def _came_meanwhile(self, repository: ImageRepository, tag: str) -> ImageFacts | None:
        """What others who ask for the same have fetched since we looked."""
        if self._asking[repository] < 2:
            return None
        return (await self._memory.known(repository, [tag])).get(tag)

    def _remember_unfinished(
        self, repository: ImageRepository, detail: Detail, tags: Sequence[str]
    ) -> None:
        if tags:
            before = self.unfinished.get(repository, Wanted(detail=detail))
            self.unfinished[repository] = Wanted(
                tags=tuple(dict.fromkeys((*before.tags, *tags))), detail=max(detail, before.detail)
            )


def _suffices(facts: ImageFacts | None, detail: Detail) -> bool:
    return facts is not None and facts.detail >= detail
