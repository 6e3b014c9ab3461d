"""What was observed, in SQLite: a cache. Deleting it costs requests, never correctness. Knows nothing of registries."""

import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from automator.errors import StoreError
from automator.model.image import Digest, ImageRepository, Platform
from automator.model.tags import ImageFacts, TagList

_VERSION = 1
_SCHEMA = """
CREATE TABLE tag_lists (
    image_repository TEXT PRIMARY KEY,
    tags BLOB NOT NULL,         -- names joined by newlines, compressed: a row a tag would cost ten times the space
    hash BLOB NOT NULL,         -- tells an unchanged list without reading the old one
    polled_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE digests (
    image_repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (image_repository, tag)
) WITHOUT ROWID;
CREATE TABLE facts (
    digest TEXT PRIMARY KEY,
    created_at REAL,
    pushed_at REAL,
    first_seen_at REAL,
    platforms TEXT NOT NULL     -- JSON list
) WITHOUT ROWID;
"""
_BUSY_SECONDS = 20


class Store:
    """Safe to use from several threads and by several processes."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Makes the file if there is none. Raises StoreError for one that cannot be used."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open the store: {error}", location=str(path)) from error
        store = cls(connection, path)
        with store._transaction() as sql:
            version = sql.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    sql.execute(statement)
                sql.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise StoreError(
                    f"the store has version {version}, and this program knows {_VERSION}",
                    location=str(path),
                    hint="use the newer program, or delete the file: that costs requests only",
                )
        with store._errors():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def tag_list(self, repository: ImageRepository) -> TagList | None:
        with self._lock, self._errors():
            row = self._connection.execute(
                "SELECT tags, polled_at FROM tag_lists WHERE image_repository = ?",
                (str(repository),),
            ).fetchone()
        if row is None:
            return None
        names = zlib.decompress(row[0]).decode()
        tags = tuple(names.split("\n")) if names else ()
        return TagList(tags=tags, polled_at=_time(row[1]))

    def save_tags(self, repository: ImageRepository, tags: Sequence[str], at: datetime) -> bool:
        """Remembers a complete list; True if it differs from the one before, or is the first."""
        names = "\n".join(tags).encode()
        digest = hashlib.sha256(names).digest()
        with self._transaction() as sql:
            unchanged = sql.execute(
                "UPDATE tag_lists SET polled_at = ? WHERE image_repository = ? AND hash = ?",
                (at.timestamp(), str(repository), digest),
            ).rowcount
            if not unchanged:
                sql.execute(
                    "INSERT OR REPLACE INTO tag_lists VALUES (?, ?, ?, ?)",
                    (str(repository), zlib.compress(names, 1), digest, at.timestamp()),
                )
        return not unchanged

    def last_polled(
        self, repositories: Iterable[ImageRepository]
    ) -> dict[ImageRepository, datetime | None]:
        with self._lock, self._errors():
            rows = self._connection.execute("SELECT image_repository, polled_at FROM tag_lists")
            polled = {name: _time(at) for name, at in rows}
        return {repository: polled.get(str(repository)) for repository in repositories}

    def facts(self, repository: ImageRepository, tags: Sequence[str]) -> dict[str, ImageFacts]:
        """Of those tags whose digest, and its facts, are known."""
        with self._lock, self._errors():
            rows = self._connection.execute(
                "SELECT tag, facts.digest, created_at, pushed_at, first_seen_at, platforms"
                " FROM json_each(?) AS asked"
                " JOIN digests ON image_repository = ? AND tag = asked.value"
                " JOIN facts ON facts.digest = digests.digest",
                (json.dumps(list(tags)), str(repository)),
            ).fetchall()
        return {row[0]: _facts(*row[1:]) for row in rows}

    def facts_of(self, digest: Digest) -> ImageFacts | None:
        with self._lock, self._errors():
            row = self._connection.execute(
                "SELECT digest, created_at, pushed_at, first_seen_at, platforms"
                " FROM facts WHERE digest = ?",
                (digest,),
            ).fetchone()
        return None if row is None else _facts(*row)

    def save_facts(self, repository: ImageRepository, found: Mapping[str, ImageFacts]) -> None:
        """Facts by tag. What is known of a digest stays as it was first learnt."""
        with self._transaction() as sql:
            sql.executemany(
                "INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        facts.digest,
                        _seconds(facts.created_at),
                        _seconds(facts.pushed_at),
                        _seconds(facts.first_seen_at),
                        json.dumps(sorted(map(str, facts.platforms))),
                    )
                    for facts in found.values()
                ],
            )
            sql.executemany(
                "INSERT OR REPLACE INTO digests VALUES (?, ?, ?)",
                [(str(repository), tag, facts.digest) for tag, facts in found.items()],
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The one place where sqlite3's errors become ours."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            hint = "if it is damaged delete the file: that costs requests only"
            raise StoreError(
                f"the store fails: {error}", location=str(self._path), hint=hint
            ) from error


def _facts(
    digest: str,
    created_at: float | None,
    pushed_at: float | None,
    first_seen_at: float | None,
    platforms: str,
) -> ImageFacts:
    return ImageFacts(
        digest=Digest(digest),
        created_at=_time(created_at),
        pushed_at=_time(pushed_at),
        first_seen_at=_time(first_seen_at),
        platforms=frozenset(map(Platform.parse, json.loads(platforms))),
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
