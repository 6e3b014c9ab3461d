"""A client with no waiting, and servers for it."""

import pytest

from automator.registry.client import RegistryClient
from automator.registry.credentials import Credential, Credentials
from automator.registry.retries import RetryPolicy
from automator.registry.settings import HostSettings
from tests.servers.clocks import ManualClock
from tests.servers.scripted import scripted_registry


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def scripted():
    with scripted_registry() as registry:
        yield registry


@pytest.fixture
def another():
    """Another host than the registry."""
    with scripted_registry() as registry:
        yield registry


class Memory:
    """Facts that somebody keeps, by digest; `asked` is every digest that it was asked for."""

    def __init__(self):
        self.facts = {}
        self.asked = []

    async def __call__(self, digest):
        self.asked.append(digest)
        return self.facts.get(digest)


@pytest.fixture
def recall():
    return Memory()


@pytest.fixture
def make_client(clock):
    """A client of one host; `login` is a user and password."""

    def make(host, *, login=None, credential=None, credentials=None, attempts=3, **settings):
        if login is not None:
            credential = Credential(username=login[0], password=login[1])
        changed = {"insecure": True, "requests_per_second": 1e6} | settings
        return RegistryClient(
            hosts={host: HostSettings(host=host, **changed)},
            credentials=credentials
            or Credentials(clock=clock, configured={host: credential} if credential else {}),
            clock=clock,
            retry=RetryPolicy(attempts=attempts),
        )

    return make
