"""The SQLite file: opened, brought up to date, and used in transactions. Knows nothing of what is in it but the tables."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from automator.errors import StoreError

_STEPS = (
    """
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
""",
    """
ALTER TABLE tag_lists ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
-- when it last was another list
ALTER TABLE tag_lists ADD COLUMN changed_at REAL;
ALTER TABLE tag_lists ADD COLUMN validator TEXT NOT NULL DEFAULT '';
-- what the registry tells of the tags: JSON, compressed
ALTER TABLE tag_lists ADD COLUMN told BLOB;
ALTER TABLE tag_lists ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
ALTER TABLE tag_lists ADD COLUMN doubted_since REAL;
ALTER TABLE facts ADD COLUMN size_bytes INTEGER;
ALTER TABLE facts ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN revision TEXT NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN is_image INTEGER NOT NULL DEFAULT 1;
ALTER TABLE facts ADD COLUMN detail INTEGER NOT NULL DEFAULT 2;
CREATE TABLE moved_tags (
    image_repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    from_digest TEXT NOT NULL,
    to_digest TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (image_repository, tag)
) WITHOUT ROWID;
""",
    """
-- the tag was gone since: its digest says no more what it points at, only whether it moved
ALTER TABLE digests ADD COLUMN is_past INTEGER NOT NULL DEFAULT 0;
-- the longest list of late, and when it was last the one that is known
ALTER TABLE tag_lists ADD COLUMN peak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tag_lists ADD COLUMN peak_at REAL;
""",
)
"""Each brings a store from the version of its place to the next: a store of version N has had the first N."""

_BUSY_SECONDS = 20


class Database:
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
        database = cls(connection, path)
        with database.transaction() as sql:
            database._bring_up_to_date(sql)
        with database._errors():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def read(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._errors():
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _bring_up_to_date(self, sql: sqlite3.Connection) -> None:
        version = sql.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_STEPS):
            raise StoreError(
                f"the store has version {version}, and this program knows {len(_STEPS)}",
                location=str(self._path),
                hint="use the newer program, or delete the file: that costs requests only",
            )
        for step in _STEPS[version:]:
            for statement in step.split(";\n"):
                sql.execute(statement)
        sql.execute(f"PRAGMA user_version = {len(_STEPS)}")

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
