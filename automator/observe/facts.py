"""Facts of images: from the store, from the registry's own list where it has one, else asked for and remembered."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
import anyio.to_thread

from automator.clock import Clock
from automator.errors import NotFound, RegistryError
from automator.model.image import Digest, ImageRepository
from automator.model.tags import Detail, ImageFacts, ListedImage, Wanted
from automator.observe.moves import Moves
from automator.observe.registry import Registry
from automator.registry.flight import SingleFlight
from automator.store.store import Store

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
    """`unfinished` is what was asked for and given up when the time was over. While `finish` goes on with it nobody waits:
    it has no deadline, and shares what it fetches.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        clock: Clock,
        moves: Moves,
        limiter: anyio.CapacityLimiter,
    ) -> None:
        self.unfinished: dict[ImageRepository, Wanted] = {}
        self._registry = registry
        self._store = store
        self._clock = clock
        self._moves = moves
        self._limiter = limiter
        self._finishing: set[ImageRepository] = set()
        self._flights: SingleFlight[tuple[ImageRepository, str, Detail], ImageFacts] = (
            SingleFlight()
        )
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
        if repository in self._finishing and deadline < math.inf:
            deadline = -math.inf
        known = await anyio.to_thread.run_sync(self._known, repository, wanted.tags)
        lacking = [tag for tag in wanted.tags if _lacks(known, tag, wanted.detail)]
        missing = frozenset(tag for tag in lacking if self._is_absent(repository, tag))
        lacking = [tag for tag in lacking if tag not in missing]
        if len(lacking) >= _WORTH_A_LIST and await self._ask_for_list(repository):
            # The push times may do: the caller looks again at what it needs.
            known = await anyio.to_thread.run_sync(self._known, repository, wanted.tags)
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
            await self.learn(repository, wanted)
        finally:
            self._finishing.discard(repository)

    async def look(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these tags; True if one points at another digest than before. Raises RegistryError."""
        wanted = sorted(tags)
        known = await anyio.to_thread.run_sync(self._known, repository, wanted)
        asked, gone = await self._ask(repository, wanted, Detail.DIGEST, known, math.inf)
        for error in gone.values():
            raise error
        return any(tag not in known or known[tag].digest != asked[tag].digest for tag in asked)

    def _known(self, repository: ImageRepository, tags: Sequence[str]) -> dict[str, ImageFacts]:
        """What a tag was looked at for stands before what a list tells, which is never newer."""
        known = self._store.facts(repository, tags)
        told = self._store.told(repository) if tags else {}
        if not told:
            return known
        digests = {listed.digest for tag in tags if (listed := told.get(tag)) and listed.digest}
        by_digest = self._store.facts_of(digests)
        for tag in tags:
            listed = told.get(tag)
            if listed is None or listed.digest is None:
                continue
            facts = known.get(tag) or by_digest.get(listed.digest)
            known[tag] = _merged(facts, listed, listed.digest)
        return known

    def _is_absent(self, repository: ImageRepository, tag: str) -> bool:
        return self._clock.monotonic_seconds() < self._absent.get((repository, tag), -math.inf)

    async def _ask_for_list(self, repository: ImageRepository) -> bool:
        """The registry's own list of times, once for each tag list; True if it has one."""
        if repository in self._asked_for_list:
            return False
        self._asked_for_list.add(repository)
        before = await anyio.to_thread.run_sync(self._store.told, repository)
        told = await self._registry.fetch_told(repository, before)
        if told is None:
            return False
        await anyio.to_thread.run_sync(self._moves.told, repository, before, told)
        await anyio.to_thread.run_sync(self._store.save_told, repository, told)
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

        async with anyio.create_task_group() as tasks:
            for _ in range(min(len(tags), int(self._limiter.total_tokens))):
                tasks.start_soon(work)
        if errors:
            raise errors[0]
        return found, gone

    async def _fetch(
        self, repository: ImageRepository, tag: str, detail: Detail, known: ImageFacts | None
    ) -> ImageFacts:
        async with self._limiter:
            if detail is Detail.DIGEST:
                digest = await self._registry.fetch_digest(repository, tag)
                facts = await self._recall(digest) or ImageFacts(digest=digest, detail=detail)
            else:
                came = await anyio.to_thread.run_sync(self._store.facts, repository, [tag])
                if tag in came and came[tag].detail >= detail:
                    return came[tag]  # somebody else was faster
                reference = tag if known is None else known.digest
                facts = await self._registry.fetch_facts(
                    repository, reference, detail=detail, recall=self._recall
                )
        if facts.first_seen_at is None:
            facts = replace(facts, first_seen_at=self._clock.now())
        is_new = known is None or known.digest != facts.digest
        if known is not None and not is_new:
            facts = replace(facts, pushed_at=facts.pushed_at or known.pushed_at)
        await anyio.to_thread.run_sync(self._store.save_facts, repository, {tag: facts})
        if known is not None and is_new:
            moves = {tag: (known.digest, facts.digest)}
            await anyio.to_thread.run_sync(self._moves.seen, repository, moves)
        return facts

    async def _recall(self, digest: Digest) -> ImageFacts | None:
        found = await anyio.to_thread.run_sync(self._store.facts_of, [digest])
        return found.get(digest)

    def _remember_unfinished(
        self, repository: ImageRepository, detail: Detail, tags: Sequence[str]
    ) -> None:
        if tags:
            before = self.unfinished.get(repository, Wanted(detail=detail))
            self.unfinished[repository] = Wanted(
                tags=tuple(dict.fromkeys((*before.tags, *tags))), detail=max(detail, before.detail)
            )


def _lacks(known: Mapping[str, ImageFacts], tag: str, detail: Detail) -> bool:
    return tag not in known or known[tag].detail < detail


def _merged(facts: ImageFacts | None, listed: ListedImage, digest: Digest) -> ImageFacts:
    """What a list tells beside what is known of the digest."""
    if facts is not None and facts.digest != digest:
        return facts
    if facts is not None and facts.detail >= Detail.TIME:
        return replace(facts, pushed_at=facts.pushed_at or listed.pushed_at)
    return ImageFacts(
        digest=digest,
        created_at=listed.created_at,
        pushed_at=listed.pushed_at,
        first_seen_at=None if facts is None else facts.first_seen_at,
        is_image=listed.is_image,
        detail=Detail.DIGEST if listed.created_at is None else Detail.TIME,
    )
