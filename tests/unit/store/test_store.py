"""The store: what it remembers, and what it says when it cannot."""

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from automator.errors import StoreError
from automator.model.image import Digest, ImageRepository, Platform
from automator.model.tags import ImageFacts
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
        assert store.save_tags(REPOSITORY, ("b", "a"), AT) is True
    with Store.open(path) as store:
        found = store.tag_list(REPOSITORY)
        assert (found.tags, found.complete, found.polled_at) == (("b", "a"), True, AT)


def test_an_unchanged_list_only_moves_the_time(path):
    with Store.open(path) as store:
        store.save_tags(REPOSITORY, ("a",), AT)
        later = AT + timedelta(minutes=1)
        assert store.save_tags(REPOSITORY, ("a",), later) is False
        assert store.last_polled([REPOSITORY]) == {REPOSITORY: later}
        assert store.save_tags(REPOSITORY, ("a", "b"), later) is True


def test_no_tags_is_a_list_too(path):
    with Store.open(path) as store:
        store.save_tags(REPOSITORY, (), AT)
        assert store.tag_list(REPOSITORY).tags == ()


def test_facts_are_found_by_tag_and_by_digest(path):
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, {"1": FACTS, "latest": FACTS})
        assert store.facts(REPOSITORY, ["1", "latest", "2"]) == {"1": FACTS, "latest": FACTS}
        assert store.facts_of(FACTS.digest) == FACTS
        assert store.facts(ImageRepository("other", "x"), ["1"]) == {}


def test_what_is_known_of_a_digest_stays_as_first_learnt(path):
    with Store.open(path) as store:
        store.save_facts(REPOSITORY, {"1": FACTS})
        later = ImageFacts(digest=FACTS.digest, first_seen_at=AT + timedelta(days=9))
        store.save_facts(REPOSITORY, {"2": later})
        assert store.facts(REPOSITORY, ["2"]) == {"2": FACTS}


def test_a_damaged_file_says_what_deleting_it_costs(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="costs requests only"):
        Store.open(path)


def test_a_newer_store_is_left_alone(path):
    Store.open(path).__exit__(None, None, None)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match="use the newer program"):
        Store.open(path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot open the store"):
        Store.open(tmp_path / "file/automator.db")


WRITER = """
import sys, itertools
from datetime import UTC, datetime
from pathlib import Path
from automator.model.image import ImageRepository
from automator.store.store import Store
store = Store.open(Path(sys.argv[1]))
for n in itertools.count():
    tags = [f"{n}.{i}" for i in range(200)]
    store.save_tags(ImageRepository("r", f"app{n % 7}"), tags, datetime.now(UTC))
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
        one.save_tags(REPOSITORY, ("a",), AT)
        assert other.tag_list(REPOSITORY).tags == ("a",)
        assert other.save_tags(REPOSITORY, ("a",), AT) is False
