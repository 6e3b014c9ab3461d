"""The store: what it remembers, and what it says when it cannot."""

import signal
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from automator.errors import StoreError
from automator.model.image import Digest, ImageRepository, Platform
from automator.model.tags import Detail, ImageFacts, ListedImage, Listing, MovedTag
from automator.store.store import Store

REPOSITORY = ImageRepository("r.example.com", "shop/carts")
AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
FACTS = ImageFacts(
    digest=Digest("sha256:" + "a" * 64),
    created_at=AT,
    first_seen_at=AT + timedelta(hours=1),
    platforms=frozenset({Platform("linux", "arm64", "v8"), Platform("linux", "amd64")}),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state/automator.db"


def test_a_tag_list_is_remembered_in_its_order(path):
    with Store.open(path) as store:
        assert store.tag_list(REPOSITORY) is None
        assert store.save_listing(REPOSITORY, Listing(tags=("b", "a")), AT) is True
    with Store.open(path) as store:
        found = store.tag_list(REPOSITORY)
        assert (found.tags, found.doubt, found.polled_at) == (("b", "a"), "", AT)


def test_an_unchanged_list_only_moves_the_time(path):
    with Store.open(path) as store:
        store.save_listing(REPOSITORY, Listing(tags=("a",)), AT)
        later = AT + timedelta(minutes=1)
        assert store.save_listing(REPOSITORY, Listing(tags=("a",)), later) is False
        assert store.poll_states([REPOSITORY])[REPOSITORY].polled_at == later
        assert store.save_listing(REPOSITORY, Listing(tags=("a", "b")), later) is True


def test_no_tags_is_a_list_too(path):
    with Store.open(path) as store:
        store.save_listing(REPOSITORY, Listing(tags=()), AT)
        assert store.tag_list(REPOSITORY).tags == ()


def test_facts_are_found_by_tag_and_by_digest(path):
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, {"1": FACTS, "latest": FACTS})
        assert store.facts(REPOSITORY, ["1", "latest", "2"]) == {"1": FACTS, "latest": FACTS}
        assert store.facts_of([FACTS.digest]) == {FACTS.digest: FACTS}
        assert store.facts(ImageRepository("other", "x"), ["1"]) == {}


def test_what_is_known_of_a_digest_stays_as_first_learnt(path):
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, {"1": FACTS})
        later = ImageFacts(digest=FACTS.digest, first_seen_at=AT + timedelta(days=9))
        store.save_facts(REPOSITORY, {"2": later})
        assert store.facts(REPOSITORY, ["2"]) == {"2": FACTS}


@pytest.mark.parametrize("first", [Detail.DIGEST, Detail.TIME])
def test_more_that_is_told_of_a_digest_takes_the_place_of_less(path, first):
    little = ImageFacts(digest=FACTS.digest, first_seen_at=AT, pushed_at=AT, detail=first)
    more = replace(
        FACTS, source="https://example.com/app", revision="abc", version="1", size_bytes=7
    )
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, {"1": little})
        store.save_facts(REPOSITORY, {"1": more})
        expected = replace(more, first_seen_at=AT, pushed_at=AT)
        assert store.facts(REPOSITORY, ["1"]) == {"1": expected}
        store.save_facts(REPOSITORY, {"1": little})
        assert store.facts(REPOSITORY, ["1"]) == {"1": expected}


TOLD = {
    "1": ListedImage(digest=FACTS.digest, created_at=AT, pushed_at=AT + timedelta(days=1)),
    "chart": ListedImage(is_image=False),
}


def test_what_a_list_tells_is_kept_and_is_part_of_whether_it_changed(path):
    with Store.open(path) as store:
        listing = Listing(tags=("1", "chart"), told=TOLD)
        assert store.save_listing(REPOSITORY, listing, AT) is True
        assert store.told(REPOSITORY) == TOLD
        assert store.save_listing(REPOSITORY, listing, AT) is False
        moved = {**TOLD, "1": ListedImage(digest=Digest("sha256:" + "b" * 64))}
        assert store.save_listing(REPOSITORY, replace(listing, told=moved), AT) is True
        assert store.told(REPOSITORY) == moved


def test_what_was_told_by_a_request_of_its_own_outlives_lists_that_tell_nothing(path):
    with Store.open(path) as store:
        assert store.told(REPOSITORY) == {}
        store.save_listing(REPOSITORY, Listing(tags=("1",)), AT)
        store.save_told(REPOSITORY, TOLD)
        store.save_listing(REPOSITORY, Listing(tags=("1", "2")), AT)
        assert store.told(REPOSITORY) == TOLD


def test_a_doubt_is_kept_since_it_began_until_a_list_is_believed(path):
    later = AT + timedelta(minutes=1)
    with Store.open(path) as store:
        store.save_listing(REPOSITORY, Listing(tags=("1", "2"), validator="v"), AT)
        for at in (AT, later):
            store.save_doubt(REPOSITORY, "too short", at)
        state = store.poll_states([REPOSITORY])[REPOSITORY]
        assert (state.doubted_since, state.polled_at, state.count) == (AT, later, 2)
        assert store.tag_list(REPOSITORY).doubt == "too short"
        store.save_unchanged(REPOSITORY, later)
        assert store.poll_states([REPOSITORY])[REPOSITORY].doubted_since is None
        assert store.tag_list(REPOSITORY).doubt == ""


def test_tags_that_moved_are_remembered_the_last_move_of_each(path):
    with Store.open(path) as store:
        moves = [
            MovedTag(tag="1", from_digest=Digest(a), to_digest=Digest(b), at=AT)
            for a, b in ("ab", "bc")
        ]
        for move in moves:
            store.save_moved(REPOSITORY, [move])
        assert store.moved_tags(REPOSITORY) == {"1": moves[-1]}


FIRST_VERSION = """
CREATE TABLE tag_lists (image_repository TEXT PRIMARY KEY, tags BLOB NOT NULL, hash BLOB NOT NULL,
    polled_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE digests (image_repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (image_repository, tag)) WITHOUT ROWID;
CREATE TABLE facts (digest TEXT PRIMARY KEY, created_at REAL, pushed_at REAL, first_seen_at REAL,
    platforms TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_a_store_of_the_first_version_is_brought_up_to_date_with_what_is_in_it(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.executescript(FIRST_VERSION)
        seconds = AT.timestamp()
        raw.execute(
            "INSERT INTO tag_lists VALUES (?, ?, 'h', ?)",
            (str(REPOSITORY), zlib.compress(b"a"), seconds),
        )
        raw.execute("INSERT INTO digests VALUES (?, 'a', ?)", (str(REPOSITORY), FACTS.digest))
        raw.execute("INSERT INTO facts VALUES (?, ?, NULL, NULL, '[]')", (FACTS.digest, seconds))
    raw.close()
    with Store.open(path) as store:
        assert store.tag_list(REPOSITORY).tags == ("a",)
        assert store.poll_states([REPOSITORY])[REPOSITORY].changed_at == AT
        found = store.facts(REPOSITORY, ["a"])["a"]
        assert (found.created_at, found.detail) == (AT, Detail.TIME)


def test_a_damaged_file_says_what_deleting_it_costs(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="costs requests only"), Store.open(path):
        pass


def test_a_newer_store_is_left_alone(path):
    with Store.open(path):
        pass
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match="use the newer program"), Store.open(path):
        pass


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="cannot open the store"),
        Store.open(tmp_path / "file/automator.db"),
    ):
        pass


WRITER = """
import sys, itertools
from datetime import UTC, datetime
from pathlib import Path
from automator.model.image import ImageRepository
from automator.model.tags import Listing
from automator.store.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for n in itertools.count():
        listing = Listing(tags=tuple(f"{n}.{i}" for i in range(200)))
        store.save_listing(ImageRepository("r", f"app{n % 7}"), listing, datetime.now(UTC))
        print(n, flush=True)
"""


def test_sigkill_in_the_middle_of_writes_leaves_whole_lists(path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    for line in writer.stdout:
        if int(line) >= 40:
            break
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with Store.open(path) as store:
        for n in range(7):
            tags = store.tag_list(ImageRepository("r", f"app{n}")).tags
            assert len(tags) == 200
            assert len({tag.partition(".")[0] for tag in tags}) == 1


def test_two_stores_of_one_file_see_each_other(path):
    with Store.open(path) as one, Store.open(path) as other:
        one.save_listing(REPOSITORY, Listing(tags=("a",)), AT)
        assert other.tag_list(REPOSITORY).tags == ("a",)
        assert other.save_listing(REPOSITORY, Listing(tags=("a",)), AT) is False


@pytest.mark.parametrize("count", [500, 1000])
def test_facts_of_many_tags_cost_work_in_proportion(path, count):
    """Counted in steps of SQLite's machine: about 70 for each tag, and not for each pair of tags."""
    facts = {str(n): replace(FACTS, digest=Digest(f"sha256:{n:064d}")) for n in range(count)}
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, facts)
        steps = []
        store._database._connection.set_progress_handler(lambda: steps.append(100) and None, 100)
        assert store.facts(REPOSITORY, list(facts)) == facts
        assert len(store.facts_of(f.digest for f in facts.values())) == count
        store._database._connection.set_progress_handler(None, 0)
    assert sum(steps) < 200 * count
