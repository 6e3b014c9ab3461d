"""Tags that moved under a name that looks as if it never would: noticed whenever a digest is seen again, told once."""

from collections.abc import Callable, Mapping

from automator.clock import Clock
from automator.model.event import Event, TagMoved
from automator.model.image import Digest, ImageRepository
from automator.model.tags import ListedImage, MovedTag
from automator.select.version import looks_immutable
from automator.store.store import Store


class Moves:
    def __init__(self, *, store: Store, clock: Clock, report: Callable[[Event], None]) -> None:
        self._store = store
        self._clock = clock
        self._report = report

    def seen(self, repository: ImageRepository, moves: Mapping[str, tuple[Digest, Digest]]) -> None:
        """The digest before and the digest now, by tag."""
        found = [
            MovedTag(tag=tag, from_digest=old, to_digest=new, at=self._clock.now())
            for tag, (old, new) in moves.items()
            if looks_immutable(tag)
        ]
        if not found:
            return
        self._store.save_moved(repository, found)
        for one in found:
            self._report(
                TagMoved(
                    image_repository=str(repository),
                    tag=one.tag,
                    from_digest=one.from_digest,
                    to_digest=one.to_digest,
                )
            )

    def told(
        self,
        repository: ImageRepository,
        before: Mapping[str, ListedImage],
        now: Mapping[str, ListedImage],
    ) -> None:
        """A list of the registry's own came: what it tells of tags is newer than all that was known of them."""
        known = {tag: listed.digest for tag, listed in before.items() if listed.digest}
        looked_at = self._store.digests(repository)
        known |= looked_at
        moves = {
            tag: (known[tag], listed.digest)
            for tag, listed in now.items()
            if tag in known and listed.digest and listed.digest != known[tag]
        }
        outdated = moves.keys() & looked_at.keys()
        if outdated:
            self._store.forget_digests(repository, outdated)
        self.seen(repository, moves)
