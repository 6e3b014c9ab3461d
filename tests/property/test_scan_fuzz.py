"""A file of any size and any wickedness is read or refused in time and memory that grow with its size, no faster."""

import signal
import sys
import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from automator.scan import file as scan_module
from automator.scan.decode import decode
from automator.scan.file import scan_file
from tests.property.adversaries import FAMILIES

PATIENCE_SECONDS = 120
"""Only against a hang: nothing here takes a tenth of it."""

GROWTH = 4
MOST_WORK_GROWTH = 1.5 * GROWTH
STEPS_FREE, CHARACTERS_FREE = 20_000, 100_000
"""What a scan may cost whatever the size: aliases are followed up to a fixed number."""

MEMORY_MULTIPLE = 250
"""Bytes at most for each byte of the file: a node of YAML's tree costs some 400, and takes two characters and more."""
BYTES_FREE = 8_000_000

LARGE = [
    pytest.param("many aliases of a long scalar", 50_000, id="a megabyte, most of it read again and again"),
    pytest.param("one long scalar", 250_000, id="a scalar of five megabytes"),
    pytest.param("keys", 100_000, id="a map of 100,000 keys"),
    pytest.param("documents", 10_000, id="10,000 documents"),
    pytest.param("flow lists in lists", 1_000_000, id="a million brackets"),
    pytest.param("alias bomb, values", 10_000, id="eight to the power of 500"),
    pytest.param("alias bomb, kustomize", 10_000, id="eight to the power of 500 entries"),
    pytest.param("alias bomb in text", 10_000, id="eight to the power of 500 in a text"),
    pytest.param("text in text in text", 10_000, id="a hundred texts in each other"),
    pytest.param("merge keys in a chain", 10_000, id="10,000 merge keys"),
]  # fmt: skip

families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(autouse=True)
def _no_hang():
    def give_up(*_):
        pytest.fail(f"no end after {PATIENCE_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@dataclass
class Work:
    """Lines of Python that were run, and characters of the file that its string methods looked at."""

    steps: int = 0
    characters: int = 0


def counted(text, work):
    """A text that counts what is searched in it."""

    class Counted(str):
        __slots__ = ()

        def count(self, sub, start=0, end=sys.maxsize):
            work.characters += min(end, len(self)) - start
            return super().count(sub, start, end)

        def find(self, sub, start=0, end=sys.maxsize):
            found = super().find(sub, start, end)
            work.characters += (min(end, len(self)) if found < 0 else found) - start
            return found

        def rfind(self, sub, start=0, end=sys.maxsize):
            found = super().rfind(sub, start, end)
            work.characters += min(end, len(self)) - max(found, start)
            return found

    return Counted(text)


@contextmanager
def counting_steps(work):
    def step(frame, event, _):
        work.steps += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        yield
    finally:
        sys.settrace(before)


def work_of(data, monkeypatch):
    work = Work()

    def decode_counted(raw):
        text, reason = decode(raw)
        return counted(text, work), reason

    monkeypatch.setattr(scan_module, "decode", decode_counted)
    with counting_steps(work):
        scan_file("a.yaml", data)
    return work


@families
def test_work_grows_with_the_size(family, monkeypatch):
    small, large = (
        work_of(FAMILIES[family](size).encode(), monkeypatch) for size in (200, 200 * GROWTH)
    )
    assert large.steps <= MOST_WORK_GROWTH * (small.steps + STEPS_FREE)
    assert large.characters <= MOST_WORK_GROWTH * (small.characters + CHARACTERS_FREE)


@families
@pytest.mark.parametrize("size", [500, 500 * GROWTH])
def test_memory_is_a_bounded_multiple_of_the_size(family, size):
    data = FAMILIES[family](size).encode()
    tracemalloc.start()
    try:
        scan_file("a.yaml", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= MEMORY_MULTIPLE * len(data) + BYTES_FREE


@pytest.mark.parametrize(("family", "size"), LARGE)
def test_a_large_file_comes_to_an_end(family, size):
    scan = scan_file("a.yaml", FAMILIES[family](size).encode())
    assert scan.skipped == ""
    assert len(scan.fields) + len(scan.problems) <= 2 * size
