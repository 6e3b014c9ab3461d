"""Facts of images: from the store, from the registry's own list where it has one, else asked for and remembered."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import anyio

from automator.clock import Clock
from automator.errors import NotFound, RegistryError
from automator.model.image import ImageRepository
from automator.model.tags import Detail, ImageFacts, Wanted
from automator.observe.memory import Memory
from automator.observe.patience import ALWAYS, Limiters, Patience
from automator.observe.registry import Registry
from automator.observe.setbacks import Setbacks
from automator.registry.flight import SingleFlight
from automator.tasks import open_tasks

_WORTH_A_LIST = 3
"""From so many tags on the registry's own list of times is asked for: fewer cost no more by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """`missing` are tags for which the registry has no image, `pending` those that there was no time for."""

    known: Mapping[str, ImageFacts] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Question:
    """Facts of some tags of an image repository in one detail, with what was known when so many others were `answered`."""

    repository: ImageRepository
    tags: Sequence[str]
    detail: Detail
    known: Mapping[str, ImageFacts]
    answered: int


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
        limiters: Limiters,
    ) -> None:
        self.unfinished: dict[ImageRepository, Wanted] = {}
        self._registry = registry
        self._memory = memory
        self._clock = clock
        self._limiters = limiters
        self._finishing: set[ImageRepository] = set()
        self._flights: SingleFlight[tuple[ImageRepository, str, Detail], ImageFacts] = (
            SingleFlight()
        )
        self._asking: Counter[ImageRepository] = Counter()
        self._answered: Counter[ImageRepository] = Counter()
        self._setbacks = Setbacks(clock)
        self._asked_for_list: set[ImageRepository] = set()
        self._list_locks: defaultdict[ImageRepository, anyio.Lock] = defaultdict(anyio.Lock)
        self._met_at: defaultdict[ImageRepository, dict[str, datetime]] = defaultdict(dict)

    def list_changed(self, repository: ImageRepository) -> None:
        """What was learnt of the list as it was is open again: absent tags, and the registry's list of times."""
        self._asked_for_list.discard(repository)
        self._setbacks.forget(repository)

    def take_due(self, repository: ImageRepository) -> bool:
        """Whether something that failed, or was absent, is worth another look by now: told once."""
        return self._setbacks.take_due(repository)

    async def learn(
        self,
        repository: ImageRepository,
        wanted: Wanted,
        patience: Patience,
        seen: Collection[str] | None = None,
    ) -> Learnt:
        """What is known of these tags, after asking for what is not, as far as `patience` goes.

        `seen` are the tags of which the caller knows what is known: of the others a push time may do, and is told
        first. Without it all are wanted in full.

        Raises any RegistryError but NotFound, when what was under way has come to its end.
        """
        if repository in self._finishing:
            known = await self._memory.known(repository, wanted.tags)
            pending = _lacking(known, wanted)
            if len(pending) > ALWAYS:
                self._remember_unfinished(repository, wanted.detail, pending)
                return Learnt(known=known, pending=frozenset(pending))
        return await self._learn(repository, wanted, patience, seen)

    async def _learn(
        self,
        repository: ImageRepository,
        wanted: Wanted,
        patience: Patience,
        seen: Collection[str] | None = None,
    ) -> Learnt:
        try:
            return await self._ask_for_lacking(repository, wanted, patience, seen)
        except RegistryError:
            self._setbacks.failed(repository)
            raise

    async def _ask_for_lacking(
        self,
        repository: ImageRepository,
        wanted: Wanted,
        patience: Patience,
        seen: Collection[str] | None,
    ) -> Learnt:
        answered = self._answered[repository]
        known = await self._memory.known(repository, wanted.tags)
        lacking = _lacking(known, wanted)
        missing = self._setbacks.still_absent(repository, lacking)
        lacking = [tag for tag in lacking if tag not in missing]
        if lacking:
            untimed = {tag for tag in lacking if not _tells_time(known, tag)}
            unseen = {tag for tag in lacking if seen is not None and tag not in seen}
            is_over = patience.is_over(self._clock.monotonic_seconds())
            if len(untimed) >= _WORTH_A_LIST and not is_over:
                await self._ask_for_list(repository)
            await self._meet(repository, lacking)
            # Of what came meanwhile push times may do: the caller looks again at what it needs.
            known = await self._memory.known(repository, wanted.tags)
            timed = {tag for tag in untimed | unseen if _tells_time(known, tag)}
            lacking = [tag for tag in _lacking(known, wanted) if tag not in missing | timed]
        question = _Question(
            repository=repository,
            tags=lacking,
            detail=wanted.detail,
            known=known,
            answered=answered,
        )
        asked, gone = await self._ask(question, patience)
        pending = [tag for tag in lacking if tag not in asked and tag not in gone]
        self._remember_unfinished(repository, wanted.detail, pending)
        return Learnt(known={**known, **asked}, missing=missing | gone, pending=frozenset(pending))

    async def _meet(self, repository: ImageRepository, tags: Sequence[str]) -> None:
        """What one list brings is met at one time, in whatever order and however late it is asked for."""
        listed_at = await self._memory.listed_at(repository) or self._clock.now()
        for tag in tags:
            self._met_at[repository].setdefault(tag, listed_at)

    async def finish(self, repository: ImageRepository) -> None:
        """Goes on with what is unfinished, to its end. Raises RegistryError; what came before it is kept."""
        wanted = self.unfinished.pop(repository, None)
        if wanted is None:
            return
        self._finishing.add(repository)
        try:
            await self._learn(repository, wanted, Patience())
        finally:
            self._finishing.discard(repository)

    async def look(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these tags; True if one points at another digest than before, is gone or is back.

        Raises any RegistryError but NotFound.
        """
        wanted, answered = sorted(tags), self._answered[repository]
        known = await self._memory.known(repository, wanted)
        question = _Question(
            repository=repository,
            tags=wanted,
            detail=Detail.DIGEST,
            known=known,
            answered=answered,
        )
        asked, gone = await self._ask(question, Patience())
        left = await self._memory.put_aside(repository, sorted(gone))
        return left or any(
            tag not in known or known[tag].digest != facts.digest for tag, facts in asked.items()
        )

    async def _ask_for_list(self, repository: ImageRepository) -> None:
        """The registry's own list of times, once for each tag list. Who comes while it is asked for waits for it."""
        async with self._list_locks[repository]:
            if repository in self._asked_for_list:
                return
            before = await self._memory.told(repository)
            told = await self._registry.fetch_told(repository, before)
            self._asked_for_list.add(repository)
            if told is not None:
                await self._memory.be_told(repository, before, told)

    async def _ask(
        self, question: _Question, patience: Patience
    ) -> tuple[dict[str, ImageFacts], frozenset[str]]:
        """Facts of those tags that there was time for, and the tags that have no image."""
        repository, tags = question.repository, question.tags
        found: dict[str, ImageFacts] = {}
        gone: set[str] = set()
        errors: list[RegistryError] = []
        queue = iter(tags)
        urgent = set(tags[: patience.at_least])

        def is_over(tag: str) -> bool:
            is_late = self._clock.monotonic_seconds() >= patience.deadline
            return bool(errors) or (tag not in urgent and is_late)

        async def work() -> None:
            for tag in queue:
                if is_over(tag):
                    return
                fetch = partial(self._fetch, question, tag)
                try:
                    found[tag] = await self._flights.run((repository, tag, question.detail), fetch)
                except NotFound:
                    gone.add(tag)
                    self._setbacks.absent(repository, tag)
                    self._met_at[repository].pop(tag, None)
                except RegistryError as error:
                    errors.append(error)
                else:
                    self._setbacks.present(repository, tag)

        self._asking[repository] += 1
        try:
            async with open_tasks() as tasks:
                for _ in range(min(len(tags), self._limiters.most)):
                    tasks.start_soon(work)
        finally:
            self._asking[repository] -= 1
            self._answered[repository] += 1
        await self._memory.save(repository)
        if errors:
            raise errors[0]
        return found, frozenset(gone)

    async def _fetch(self, question: _Question, tag: str) -> ImageFacts:
        repository, detail, known = question.repository, question.detail, question.known.get(tag)
        async with self._limiters[repository.host]:
            if detail is Detail.DIGEST:
                digest = await self._registry.fetch_digest(repository, tag)
                facts = await self._memory.recall(digest) or ImageFacts(
                    digest=digest, detail=detail
                )
            else:
                came = await self._came_meanwhile(question, tag)
                if came is not None and came.detail >= detail:
                    return came
                facts = await self._describe(question, tag)
        met_at = self._met_at[repository].pop(tag, None)
        if known is not None and known.digest == facts.digest:
            facts = replace(facts, pushed_at=facts.pushed_at or known.pushed_at)
            met_at = known.first_seen_at or met_at
        elif known is not None:
            met_at = None  # it has moved since the list came
        if facts.first_seen_at is None:
            facts = replace(facts, first_seen_at=met_at or self._clock.now())
        await self._memory.add(repository, tag, facts, known)
        return facts

    async def _describe(self, question: _Question, tag: str) -> ImageFacts:
        """By the digest that is known, if it is still there: the tag may have moved on, and what it left been removed."""
        fetch = partial(
            self._registry.fetch_facts,
            question.repository,
            detail=question.detail,
            recall=self._memory.recall,
        )
        if tag in question.known:
            with suppress(NotFound):
                return await fetch(question.known[tag].digest)
        return await fetch(tag)

    async def _came_meanwhile(self, question: _Question, tag: str) -> ImageFacts | None:
        """What others who ask for the same have fetched since we looked."""
        repository, answered = question.repository, self._answered[question.repository]
        if answered != question.answered:
            known = await self._memory.known(repository, question.tags)
            question.known, question.answered = {**question.known, **known}, answered
        elif self._asking[repository] > 1:
            return (await self._memory.known(repository, [tag])).get(tag)
        return question.known.get(tag)

    def _remember_unfinished(
        self, repository: ImageRepository, detail: Detail, tags: Sequence[str]
    ) -> None:
        if tags:
            before = self.unfinished.get(repository, Wanted(detail=detail))
            self.unfinished[repository] = Wanted(
                tags=tuple(dict.fromkeys((*before.tags, *tags))), detail=max(detail, before.detail)
            )


def _lacking(known: Mapping[str, ImageFacts], wanted: Wanted) -> list[str]:
    return [tag for tag in wanted.tags if tag not in known or known[tag].detail < wanted.detail]


def _tells_time(known: Mapping[str, ImageFacts], tag: str) -> bool:
    return tag in known and known[tag].tells_time
