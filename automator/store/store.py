"""What was observed: tag lists, and facts of digests. A cache: deleting it costs requests, never correctness.

Knows nothing of registries.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from automator.model.image import Digest, ImageRepository, Platform
from automator.model.tags import Detail, ImageFacts, ListedImage, Listing, MovedTag, TagList
from automator.store.database import Database
from automator.store.told import pack_told, time_of, unpack_told

# Joins are CROSS JOIN, which SQLite makes in the order written: it would go through json_each for each row of a table.
_FACTS = (
    "facts.digest, created_at, pushed_at, first_seen_at, platforms,"
    " size_bytes, source, revision, version, is_image, detail"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """What the next poll of an image repository should know of those before it.

    `peak` tags were in the longest list of late, which was the one in force at `peak_at`.
    """

    polled_at: datetime
    changed_at: datetime
    count: int
    validator: str
    doubted_since: datetime | None
    peak: int = 0
    peak_at: datetime | None = None


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Store"]:
        """Makes the file if there is none. Raises StoreError for one that cannot be used."""
        with Database.open(path) as database:
            yield cls(database)

    def tag_list(self, repository: ImageRepository) -> TagList | None:
        rows = self._database.read(
            "SELECT tags, doubt, polled_at FROM tag_lists WHERE image_repository = ?",
            (str(repository),),
        )
        for tags, doubt, polled_at in rows:
            names = zlib.decompress(tags).decode()
            split = tuple(names.split("\n")) if names else ()
            return TagList(tags=split, doubt=doubt, polled_at=time_of(polled_at))
        return None

    def poll_states(
        self, repositories: Iterable[ImageRepository]
    ) -> dict[ImageRepository, PollState]:
        """Of those that were listed before."""
        asked = {str(repository): repository for repository in repositories}
        rows = self._database.read(
            "SELECT image_repository, polled_at, changed_at, count, validator, doubted_since, peak, peak_at"
            " FROM json_each(?) AS asked CROSS JOIN tag_lists ON image_repository = asked.value",
            (json.dumps(list(asked)),),
        )
        return {
            asked[name]: PollState(
                polled_at=datetime.fromtimestamp(polled_at, UTC),
                changed_at=datetime.fromtimestamp(changed_at or polled_at, UTC),
                count=count,
                validator=validator,
                doubted_since=time_of(doubted_since),
                peak=peak,
                peak_at=time_of(peak_at),
            )
            for (
                name,
                polled_at,
                changed_at,
                count,
                validator,
                doubted_since,
                peak,
                peak_at,
            ) in rows
        }

    def save_peak(self, repository: ImageRepository, peak: int, at: datetime) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE tag_lists SET peak = ?, peak_at = ? WHERE image_repository = ?",
                (peak, at.timestamp(), str(repository)),
            )

    def save_listing(self, repository: ImageRepository, listing: Listing, at: datetime) -> bool:
        """Remembers a complete list; True if it differs from the one before, or is the first."""
        if self.confirm_listing(repository, listing, at):
            return False
        names, told, digest = _packed(listing)
        with self._database.transaction() as sql:
            # What was told by a request of its own outlives a list that tells nothing.
            sql.execute(
                "INSERT INTO tag_lists"
                " (image_repository, tags, hash, polled_at, changed_at, count, validator, told)"
                " VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)"
                " ON CONFLICT DO UPDATE SET tags = ?2, hash = ?3, polled_at = ?4, changed_at = ?4,"
                " count = ?5, validator = ?6, told = coalesce(?7, told), doubt = '',"
                " doubted_since = NULL",
                (
                    str(repository),
                    zlib.compress(names, 1),
                    digest,
                    at.timestamp(),
                    len(listing.tags),
                    listing.validator,
                    told,
                ),
            )
        return True

    def confirm_listing(self, repository: ImageRepository, listing: Listing, at: datetime) -> bool:
        """Whether it is the one that is known: then it is believed, and was polled `at`."""
        with self._database.transaction() as sql:
            confirmed = sql.execute(
                "UPDATE tag_lists SET polled_at = ?, validator = ?, doubt = '', doubted_since = NULL"
                " WHERE image_repository = ? AND hash = ?",
                (at.timestamp(), listing.validator, str(repository), _packed(listing)[2]),
            ).rowcount
        return bool(confirmed)

    def save_unchanged(self, repository: ImageRepository, at: datetime) -> None:
        """The registry says that the list is the one that is known."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE tag_lists SET polled_at = ?, doubt = '', doubted_since = NULL"
                " WHERE image_repository = ?",
                (at.timestamp(), str(repository)),
            )

    def save_doubt(self, repository: ImageRepository, doubt: str, at: datetime) -> None:
        """A list came that is not believed: the one before it stays known, with the reason."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE tag_lists SET polled_at = ?1, doubt = ?2,"
                " doubted_since = min(coalesce(doubted_since, ?1), ?1) WHERE image_repository = ?3",
                (at.timestamp(), doubt, str(repository)),
            )

    def told(self, repository: ImageRepository) -> dict[str, ListedImage]:
        """What the registry's own list tells, by tag; empty where it tells nothing."""
        rows = self._database.read(
            "SELECT told FROM tag_lists WHERE image_repository = ? AND told IS NOT NULL",
            (str(repository),),
        )
        return unpack_told(rows[0][0]) if rows else {}

    def save_told(self, repository: ImageRepository, told: Mapping[str, ListedImage]) -> None:
        """What a request of its own told of a known list."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE tag_lists SET told = ? WHERE image_repository = ?",
                (pack_told(told), str(repository)),
            )

    def digests(self, repository: ImageRepository) -> dict[str, Digest]:
        """Of every tag that was looked at by itself, as last seen: also of those that were put aside."""
        return dict(
            self._database.read(
                "SELECT tag, digest FROM digests WHERE image_repository = ?", (str(repository),)
            )
        )

    def digests_of(self, repository: ImageRepository, tags: Iterable[str]) -> dict[str, Digest]:
        """As `digests`, of these tags."""
        return dict(
            self._database.read(
                "SELECT tag, digest FROM json_each(?) AS asked"
                " CROSS JOIN digests ON image_repository = ? AND tag = asked.value",
                (json.dumps(list(tags)), str(repository)),
            )
        )

    def forget_digests(self, repository: ImageRepository, tags: Iterable[str]) -> None:
        """The tags point elsewhere now."""
        with self._database.transaction() as sql:
            sql.executemany(
                "DELETE FROM digests WHERE image_repository = ? AND tag = ?",
                [(str(repository), tag) for tag in tags],
            )

    def put_aside(self, repository: ImageRepository, tags: Iterable[str]) -> bool:
        """The tags were gone: what they point at must be looked at anew. True if that of one was known."""
        with self._database.transaction() as sql:
            changed = sql.execute(
                "UPDATE digests SET is_past = 1 WHERE image_repository = ? AND NOT is_past"
                " AND tag IN (SELECT value FROM json_each(?))",
                (str(repository), json.dumps(list(tags))),
            ).rowcount
        return changed > 0

    def facts(self, repository: ImageRepository, tags: Sequence[str]) -> dict[str, ImageFacts]:
        """Of those tags that were looked at by themselves."""
        rows = self._database.read(
            f"SELECT tag, {_FACTS} FROM json_each(?) AS asked"  # noqa: S608 - columns
            " CROSS JOIN digests ON image_repository = ? AND tag = asked.value AND NOT is_past"
            " CROSS JOIN facts ON facts.digest = digests.digest",
            (json.dumps(list(tags)), str(repository)),
        )
        return {row[0]: _facts(*row[1:]) for row in rows}

    def facts_of(self, digests: Iterable[Digest]) -> dict[Digest, ImageFacts]:
        rows = self._database.read(
            f"SELECT {_FACTS} FROM json_each(?) AS asked CROSS JOIN facts ON digest = asked.value",  # noqa: S608
            (json.dumps(list(digests)),),
        )
        return {Digest(row[0]): _facts(*row) for row in rows}

    def save_facts(self, repository: ImageRepository, found: Mapping[str, ImageFacts]) -> None:
        """Facts by tag. Of a digest the first that came stay, unless others tell more."""
        with self._database.transaction() as sql:
            sql.executemany(
                "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET created_at = excluded.created_at,"
                " pushed_at = coalesce(excluded.pushed_at, pushed_at),"
                " platforms = excluded.platforms, size_bytes = excluded.size_bytes,"
                " source = excluded.source, revision = excluded.revision,"
                " version = excluded.version, is_image = excluded.is_image,"
                " detail = excluded.detail WHERE excluded.detail > facts.detail",
                [_row(facts) for facts in found.values()],
            )
            sql.executemany(
                "INSERT OR REPLACE INTO digests (image_repository, tag, digest) VALUES (?, ?, ?)",
                [(str(repository), tag, facts.digest) for tag, facts in found.items()],
            )

    def moved_tags(self, repository: ImageRepository) -> dict[str, MovedTag]:
        rows = self._database.read(
            "SELECT tag, from_digest, to_digest, at FROM moved_tags WHERE image_repository = ?",
            (str(repository),),
        )
        return {
            tag: MovedTag(
                tag=tag,
                from_digest=Digest(old),
                to_digest=Digest(new),
                at=datetime.fromtimestamp(at, UTC),
            )
            for tag, old, new, at in rows
        }

    def save_moved(self, repository: ImageRepository, moved: Iterable[MovedTag]) -> None:
        with self._database.transaction() as sql:
            sql.executemany(
                "INSERT OR REPLACE INTO moved_tags VALUES (?, ?, ?, ?, ?)",
                [
                    (str(repository), one.tag, one.from_digest, one.to_digest, one.at.timestamp())
                    for one in moved
                ],
            )


def _row(facts: ImageFacts) -> tuple[object, ...]:
    return (
        facts.digest,
        _seconds(facts.created_at),
        _seconds(facts.pushed_at),
        _seconds(facts.first_seen_at),
        json.dumps(sorted(map(str, facts.platforms))),
        facts.size_bytes,
        facts.source,
        facts.revision,
        facts.version,
        facts.is_image,
        int(facts.detail),
    )


def _facts(  # noqa: PLR0913, PLR0917 - the columns of a row
    digest: str,
    created_at: float | None,
    pushed_at: float | None,
    first_seen_at: float | None,
    platforms: str,
    size_bytes: int | None,
    source: str,
    revision: str,
    version: str,
    is_image: int,
    detail: int,
) -> ImageFacts:
    return ImageFacts(
        digest=Digest(digest),
        created_at=time_of(created_at),
        pushed_at=time_of(pushed_at),
        first_seen_at=time_of(first_seen_at),
        platforms=frozenset(map(Platform.parse, json.loads(platforms))),
        size_bytes=size_bytes,
        source=source,
        revision=revision,
        version=version,
        is_image=bool(is_image),
        detail=Detail(detail),
    )


def _packed(listing: Listing) -> tuple[bytes, bytes | None, bytes]:
    """The names, what is told of them, and a hash of both."""
    names = "\n".join(listing.tags).encode()
    told = pack_told(listing.told) if listing.told else None
    return names, told, hashlib.sha256(names + b"\n" + (told or b"")).digest()


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
