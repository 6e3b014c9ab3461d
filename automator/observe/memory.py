"""What is known of images: what was looked at, what came and is not saved yet, and what the registry's list tells."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import anyio.to_thread

from automator.model.image import Digest, ImageRepository
from automator.model.tags import Detail, ImageFacts, ListedImage
from automator.observe.moves import Moves
from automator.store.store import Store

_SAVED_AT_ONCE = 32
"""A transaction for each image would cost as much as asking for it."""


@dataclass(frozen=True, slots=True)
class _Came:
    """Facts that were fetched, and what was known of the tag before."""

    facts: ImageFacts
    before: ImageFacts | None


class Memory:
    """Of all image repositories. What came is saved together with others, at the latest when `save` is called."""

    def __init__(self, *, store: Store, moves: Moves) -> None:
        self._store = store
        self._moves = moves
        self._unsaved: defaultdict[ImageRepository, dict[str, _Came]] = defaultdict(dict)

    async def known(
        self, repository: ImageRepository, tags: Sequence[str]
    ) -> dict[str, ImageFacts]:
        unsaved = dict(self._unsaved[repository])
        known = await anyio.to_thread.run_sync(self._saved, repository, tags)
        return known | {tag: unsaved[tag].facts for tag in tags if tag in unsaved}

    def _saved(self, repository: ImageRepository, tags: Sequence[str]) -> dict[str, ImageFacts]:
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

    async def recall(self, digest: Digest) -> ImageFacts | None:
        """What is known of a digest, whatever the tag."""
        found = await anyio.to_thread.run_sync(self._store.facts_of, [digest])
        return found.get(digest)

    async def add(
        self, repository: ImageRepository, tag: str, facts: ImageFacts, before: ImageFacts | None
    ) -> None:
        self._unsaved[repository][tag] = _Came(facts, before)
        if len(self._unsaved[repository]) >= _SAVED_AT_ONCE:
            await self.save(repository)

    async def save(self, repository: ImageRepository) -> None:
        batch = dict(self._unsaved[repository])
        if batch:
            await anyio.to_thread.run_sync(self._save_batch, repository, batch)
        unsaved = self._unsaved[repository]
        for tag in [tag for tag, came in batch.items() if unsaved.get(tag) is came]:
            del unsaved[tag]

    def _save_batch(self, repository: ImageRepository, batch: Mapping[str, _Came]) -> None:
        # What was put aside, too, shows what moved.
        before = {
            **self._store.digests_of(repository, batch),
            **{tag: came.before.digest for tag, came in batch.items() if came.before is not None},
        }
        self._store.save_facts(repository, {tag: came.facts for tag, came in batch.items()})
        moves = {
            tag: (before[tag], came.facts.digest)
            for tag, came in batch.items()
            if tag in before and before[tag] != came.facts.digest
        }
        self._moves.seen(repository, moves)

    def take_list(
        self, repository: ImageRepository, before: Sequence[str], now: Sequence[str]
    ) -> None:
        """Tags left the list, or are back in it and may be other images: nothing is known of them but what they were."""
        listed_before, listed = set(before), set(now)
        if returned := listed - listed_before:
            self._store.put_aside(repository, returned)
        told = self._store.told(repository) if listed_before - listed else {}
        gone = {tag: told[tag] for tag in told.keys() - listed}
        if gone:
            looked_at = self._store.digests_of(repository, gone)
            facts = {
                tag: _merged(None, one, one.digest)
                for tag, one in gone.items()
                if one.digest and tag not in looked_at
            }
            self._store.save_facts(repository, facts)
            self._store.save_told(repository, {tag: told[tag] for tag in told.keys() & listed})

    async def put_aside(self, repository: ImageRepository, tags: Sequence[str]) -> bool:
        """These tags are gone; True if that is news."""
        if not tags:
            return False
        return await anyio.to_thread.run_sync(self._put_aside, repository, tags)

    def _put_aside(self, repository: ImageRepository, tags: Sequence[str]) -> bool:
        told = self._store.told(repository)
        left = {tag: listed for tag, listed in told.items() if tag not in tags}
        if len(left) < len(told):
            self._store.save_told(repository, left)
        return self._store.put_aside(repository, tags) or len(left) < len(told)

    async def listed_at(self, repository: ImageRepository) -> datetime | None:
        """Since when the tag list is what it is."""
        states = await anyio.to_thread.run_sync(self._store.poll_states, [repository])
        return states[repository].changed_at if repository in states else None

    async def told(self, repository: ImageRepository) -> dict[str, ListedImage]:
        """What the registry's own list of times told last."""
        return await anyio.to_thread.run_sync(self._store.told, repository)

    async def be_told(
        self,
        repository: ImageRepository,
        before: Mapping[str, ListedImage],
        now: Mapping[str, ListedImage],
    ) -> None:
        """The list told something else than before."""
        await anyio.to_thread.run_sync(self._moves.told, repository, before, now)
        await anyio.to_thread.run_sync(self._store.save_told, repository, now)


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
