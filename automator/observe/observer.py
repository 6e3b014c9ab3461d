"""Answers from the store, asks the registry for what is missing or due. All registry traffic begins here.

A failed poll never looks like "no tags": the list before it stays known, and `failure` says why it is not current.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio
import anyio.to_thread

from automator.clock import Clock, elapsed
from automator.errors import RegistryError
from automator.model.event import Event, RegistryFailing, RegistryRecovered, TagListDoubted
from automator.model.image import ImageRepository
from automator.model.tags import ImageFacts, Listing, MovedTag, TagList, Wanted
from automator.observe.doubt import doubt_of, next_peak
from automator.observe.facts import Facts, Learnt
from automator.observe.memory import Memory
from automator.observe.moves import Moves
from automator.observe.patience import Limiters, Patience
from automator.observe.registry import Registry
from automator.registry.flight import SingleFlight
from automator.store.store import PollState, Store
from automator.tasks import open_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRound:
    polled: int
    changed: frozenset[ImageRepository]
    failed: Mapping[ImageRepository, RegistryError]
    requests: int
    took: timedelta


class Observer:
    """`report` hears of image repositories that fail and recover, of lists that are doubted and of tags that moved.
    `failures` are those of an observer before this one.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        clock: Clock,
        report: Callable[[Event], None] = lambda _event: None,
        failures: dict[ImageRepository, RegistryError] | None = None,
        max_concurrent: int = 32,
    ) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock
        self._report = report
        self._limiters = Limiters(max_concurrent)
        self._moves = Moves(store=store, clock=clock, report=report)
        self._memory = Memory(store=store, moves=self._moves)
        self._facts = Facts(
            registry=registry, memory=self._memory, clock=clock, limiters=self._limiters
        )
        self._failures = {} if failures is None else failures
        self._polls: SingleFlight[ImageRepository, bool | None] = SingleFlight()

    @property
    def requests(self) -> int:
        return self._registry.requests

    @property
    def unfinished(self) -> Mapping[ImageRepository, Wanted]:
        """What was asked for by `facts` and has not come before its deadline."""
        return self._facts.unfinished

    def failure(self, repository: ImageRepository) -> RegistryError | None:
        """Why the last poll failed; None if it worked."""
        return self._failures.get(repository)

    async def tag_list(self, repository: ImageRepository) -> TagList | None:
        """As last listed and believed; None if it never was."""
        return await anyio.to_thread.run_sync(self._store.tag_list, repository)

    async def moved_tags(self, repository: ImageRepository) -> Mapping[str, MovedTag]:
        return await anyio.to_thread.run_sync(self._store.moved_tags, repository)

    async def poll_states(
        self, repositories: Iterable[ImageRepository]
    ) -> dict[ImageRepository, PollState]:
        """Of those that were ever listed."""
        return await anyio.to_thread.run_sync(self._store.poll_states, list(repositories))

    async def poll(self, repository: ImageRepository) -> bool:
        """One tag list; True if there is news in it. Remembers a failure, and raises it. Who asks while another does
        shares its request.
        """
        news = None
        while news is None:  # as it is of who joins one that turns out not to be due
            news = await self._polls.run(
                repository, partial(self._poll, repository, lambda _state: True)
            )
        return news

    async def _poll(
        self, repository: ImageRepository, is_due: Callable[[PollState], bool]
    ) -> bool | None:
        """None if it is not due any more when its turn comes."""
        async with self._limiters[repository.host]:
            state = await self._state(repository)
            if state is not None and not is_due(state):
                return None
            return await self._fetch_list(repository, state)

    async def _fetch_list(self, repository: ImageRepository, state: PollState | None) -> bool:
        try:
            listing = await self._registry.fetch_tags(
                repository, validator="" if state is None else state.validator
            )
        except RegistryError as error:
            self._fail(repository, error)
            raise
        self._succeed(repository)
        changed = await anyio.to_thread.run_sync(self._take, repository, listing, state)
        if changed:
            self._facts.list_changed(repository)
        return changed

    def _take(
        self, repository: ImageRepository, listing: Listing | None, state: PollState | None
    ) -> bool:
        now = self._clock.now()
        doubted = state is not None and state.doubted_since is not None
        if listing is None:
            self._store.save_unchanged(repository, now)
            return doubted
        doubt = doubt_of(state, len(listing.tags), now)
        if doubt:
            self._store.save_doubt(repository, doubt, now)
            if not doubted:
                self._report(TagListDoubted(image_repository=str(repository), doubt=doubt))
            return not doubted
        is_known = self._store.confirm_listing(repository, listing, now)
        if not is_known and (before := self._store.tag_list(repository)):
            self._memory.take_list(repository, before.tags, listing.tags)
        if listing.told:
            self._moves.told(repository, self._store.told(repository), listing.told)
        if is_known:
            return doubted
        self._store.save_listing(repository, listing, now)
        self._store.save_peak(repository, *next_peak(state, len(listing.tags), now))
        return True

    async def refresh(
        self, repositories: Iterable[ImageRepository], *, older_than: datetime | None
    ) -> PollRound:
        """Polls those never listed, or listed before `older_than`. Failures are values here."""
        began, before = self._clock.monotonic_seconds(), self._registry.requests
        wanted = list(repositories)
        states = await self.poll_states(wanted)
        changed: set[ImageRepository] = set()
        failed: dict[ImageRepository, RegistryError] = {}
        polled: list[ImageRepository] = []

        async def poll_one(repository: ImageRepository) -> None:
            # Two config repos that start together ask for an image repository once.
            try:
                news = await self._polls.run(repository, partial(self._poll, repository, is_due))
            except RegistryError as error:
                failed[repository] = error
            else:
                if news is None:
                    return
                if news:
                    changed.add(repository)
            polled.append(repository)

        def is_due(state: PollState) -> bool:
            return _is_due(state, asked_at, older_than, self._clock.now())

        asked_at = self._clock.now()
        async with open_tasks() as tasks:
            for repository in wanted:
                state = states.get(repository)
                if state is None or is_due(state):
                    tasks.start_soon(poll_one, repository)
        return PollRound(
            polled=len(polled),
            changed=frozenset(changed),
            failed=failed,
            requests=self._registry.requests - before,
            took=elapsed(self._clock, began),
        )

    async def known(
        self, repository: ImageRepository, tags: Sequence[str]
    ) -> Mapping[str, ImageFacts]:
        """What is known of these tags, in whatever detail, without a request."""
        return await self._memory.known(repository, tags) if tags else {}

    async def facts(
        self,
        repository: ImageRepository,
        wanted: Wanted,
        patience: Patience | None = None,
        *,
        seen: Collection[str] | None = None,
    ) -> Learnt:
        """What is known of these tags; what is not is asked, and remembered as it comes, as far as `patience` goes.

        `seen` are the tags of which the caller has what is known already; what has come of others meanwhile is told
        before more is asked for. Raises any RegistryError but NotFound.
        """
        return await self._facts.learn(repository, wanted, patience or Patience(), seen)

    def take_due(self, repository: ImageRepository) -> bool:
        """Whether facts that failed to come, or were absent, are worth another look by now: told once."""
        return self._facts.take_due(repository)

    async def warm(self, repository: ImageRepository) -> None:
        """Goes on with what is unfinished, to its end. Raises RegistryError; what came before it is kept."""
        await self._facts.finish(repository)

    async def look_again(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these tags whose digest was known before: whether one moved or is gone.

        Raises any RegistryError but NotFound.
        """
        known = await anyio.to_thread.run_sync(self._store.digests, repository)
        return await self._facts.look(repository, [tag for tag in tags if tag in known])

    async def follow_tags(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """One HEAD for each of these mutable tags; True if one moved to another digest, is gone or is back.

        Raises RegistryError, but not for a tag that is gone: that is the business of those alone who follow it.
        """
        wanted = list(tags)
        if not wanted:
            return False
        try:
            moved = await self._facts.look(repository, wanted)
        except RegistryError as error:
            self._fail(repository, error)
            raise
        self._succeed(repository)
        return moved

    def _fail(self, repository: ImageRepository, error: RegistryError) -> None:
        if repository not in self._failures:
            self._report(RegistryFailing(image_repository=str(repository), error=str(error)))
        self._failures[repository] = error

    def _succeed(self, repository: ImageRepository) -> None:
        if self._failures.pop(repository, None) is not None:
            self._report(RegistryRecovered(image_repository=str(repository)))

    async def _state(self, repository: ImageRepository) -> PollState | None:
        return (await self.poll_states([repository])).get(repository)


def _is_due(
    state: PollState, asked_at: datetime, older_than: datetime | None, now: datetime
) -> bool:
    """False if somebody else polled it while we waited for our turn. A poll of the future was made by a wrong clock."""
    if state.polled_at > now:
        return True
    return older_than is not None and state.polled_at < min(asked_at, older_than)
