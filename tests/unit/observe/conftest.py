"""An observer of a registry that answers from a dict and counts what it is asked."""

from dataclasses import replace

import anyio
import pytest

from automator.errors import NotFound
from automator.model.image import Digest, ImageRepository
from automator.model.tags import Detail, ImageFacts, Listing, Wanted
from automator.observe.observer import Observer
from automator.store.store import Store
from tests.servers.clocks import ManualClock

CARTS = ImageRepository("r.example.com", "shop/carts")
USER = ImageRepository("r.example.com", "shop/user")


def digest(text):
    """A digest that can be told by its first characters."""
    return Digest("sha256:" + text.encode().hex().ljust(64, "0"))


class FakeRegistry:
    """`images` maps image repositories to tags and their digests; whatever is an exception is raised.

    `facts` are what images say of themselves, by digest; `told` what the registry's own list of times says; `lists`
    stand in for what is otherwise made from `images`.
    """

    def __init__(self):
        self.images = {CARTS: {"1": digest("d1"), "2": digest("d2")}, USER: {"1": digest("d9")}}
        self.facts = {}
        self.told = {}
        self.lists = {}
        self.asked = []
        self.pause = 0.0
        self.clock = None

    @property
    def requests(self):
        return len(self.asked)

    def asked_for(self, what):
        return [asked[2] for asked in self.asked if asked[0] == what]

    async def fetch_tags(self, repository, *, validator=""):
        self.asked.append(("tags", repository))
        self.validator = validator
        await anyio.lowlevel.checkpoint()
        answer = self.lists.get(repository, self.images[repository])
        if isinstance(answer, Exception):
            raise answer
        return (
            answer if answer is None or isinstance(answer, Listing) else Listing(tags=tuple(answer))
        )

    async def fetch_told(self, repository, known):
        self.asked.append(("told", repository, len(known)))
        await anyio.lowlevel.checkpoint()
        answer = self.told.get(repository)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def fetch_digest(self, repository, tag):
        self.asked.append(("digest", repository, tag))
        return self._digest(repository, tag)

    async def fetch_facts(self, repository, reference, *, detail, recall):
        self.asked.append(("facts", repository, reference))
        if self.clock is not None:
            await self.clock.sleep(self.pause)
        await anyio.lowlevel.checkpoint()
        found = self._digest(repository, reference)
        known = await recall(found)
        if known is not None and known.detail >= detail:
            return known
        self.asked.append(("config", repository, found))
        return replace(self.facts.get(found, ImageFacts(digest=found)), detail=detail)

    def _digest(self, repository, reference):
        unknown = Digest(reference) if ":" in reference else NotFound("no manifest")
        answer = self.images[repository].get(reference, unknown)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def registry():
    return FakeRegistry()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def reported():
    return []


@pytest.fixture
def make_observer(registry, clock, reported, tmp_path):
    """Each is a process of its own on the same store."""
    with Store.open(tmp_path / "store.db") as store:
        yield lambda: Observer(
            registry=registry, store=store, clock=clock, report=reported.append, max_concurrent=4
        )


@pytest.fixture
def observer(make_observer):
    return make_observer()


def wanted_tags(*tags, detail=Detail.TIME):
    return Wanted(tags=tags, detail=detail)
