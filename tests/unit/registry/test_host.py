"""A registry host with its quotas: what goes on, what is held back, and until when."""

from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest

from automator.errors import Throttled
from automator.model.image import ImageRepository
from automator.registry.credentials import Credentials
from automator.registry.host import HostState, RegistryHost
from automator.registry.limits import HostLimits
from automator.registry.limits.circuit import CircuitState
from automator.registry.limits.quota import Quota
from automator.registry.retries import RetryPolicy
from automator.registry.transport import Exchange, Transport
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

TLS = httpx.create_ssl_context()
MANIFEST, TAGS, BLOB = "/v2/a/manifests/1", "/v2/a/tags/list", "/v2/a/blobs/1"


class Asking:
    """The requests that a client makes of one registry."""

    def __init__(self, host, registry):
        self._host = host
        self._url = registry.url
        self._repository = ImageRepository(registry.host, "a")

    async def pull(self):
        return await self._ask("GET", MANIFEST, is_pull=True)

    async def head(self):
        return await self._ask("HEAD", MANIFEST)

    async def tags(self):
        return await self._ask("GET", TAGS)

    async def blob(self):
        return await self._ask("GET", BLOB)

    async def ask_at(self, url):
        return await self._ask("GET", "", url=url)

    async def _ask(self, method, path, *, is_pull=False, url=None):
        exchange = Exchange(
            method=method,
            url=url or f"{self._url}{path}",
            where=str(self._repository),
            body_limit=1000,
            is_pull=is_pull,
        )
        return await self._host.ask(self._repository, exchange)


@pytest.fixture
def limits(scripted, clock):
    return HostLimits(
        host=scripted.host,
        requests_per_second=1000,
        max_concurrent=8,
        patience_seconds=10,
        clock=clock,
        random=lambda: 0.5,
    )


@pytest.fixture
async def open_host(scripted, clock, limits):
    """A host with connections of its own, and the limits of all others of its name."""
    async with AsyncExitStack() as stack:

        def open_():
            host = RegistryHost(
                name=scripted.host,
                insecure=True,
                credentials=Credentials(clock=clock),
                transport=Transport(tls=TLS, max_connections=8, timeout_seconds=10),
                limits=limits,
                retry=RetryPolicy(attempts=3),
                clock=clock,
            )
            stack.push_async_callback(host.close)
            return host

        yield open_


@pytest.fixture
def host(open_host):
    return open_host()


@pytest.fixture
def asking(host, scripted):
    for path in (MANIFEST, TAGS, BLOB):
        scripted.script(path, Reply())
    return Asking(host, scripted)


def docker_hub(remaining, status=200, **more):
    """As Docker Hub tells it with a manifest, and with a HEAD of one, which does not count."""
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": f"{remaining};w=21600"}
    return Reply(status=status, headers=headers | more)


class CountedPulls:
    """Docker Hub with so many pulls left."""

    def __init__(self, left):
        self.left = left

    def __call__(self, request):
        if request.method == "GET":
            if self.left == 0:
                return docker_hub(0, status=429)
            self.left -= 1
        return docker_hub(self.left)


def told_for_all(remaining, status=200, **more):
    """As GitLab tells it, with each answer; the test's clock begins with 2026."""
    headers = {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": f"{remaining}",
        "RateLimit-Reset": "1767226200",  # 10 min after the beginning
    }
    return Reply(status=status, headers=headers | more)


async def test_the_pulls_that_docker_hub_has_left_are_not_run_dry_and_all_else_goes_on(
    asking, scripted, clock
):
    hub = CountedPulls(left=13)
    scripted.script(MANIFEST, hub)
    await asking.head()
    for _ in range(3):
        await asking.pull()
    with pytest.raises(Throttled, match="no more pulls") as caught:
        await asking.pull()
    assert caught.value.retry_after == timedelta(seconds=216)
    assert caught.value.location == f"{scripted.host}/a"
    assert "in 216 s" in caught.value.hint
    for ask in (asking.tags, asking.head, asking.blob):
        await ask()
    assert hub.left == 10
    assert clock.slept == []
    clock.advance(216)
    await asking.pull()


async def test_with_three_left_one_goes_and_then_as_many_as_come_back(asking, scripted, clock):
    scripted.script(MANIFEST, CountedPulls(left=3))
    await asking.head()
    await asking.pull()
    with pytest.raises(Throttled):
        await asking.pull()
    await asking.tags()
    clock.advance(216)
    await asking.pull()


async def test_pulls_that_are_refused_hold_back_pulls_alone(asking, scripted, clock):
    scripted.script(MANIFEST, CountedPulls(left=0))
    with pytest.raises(Throttled) as caught:
        await asking.pull()
    assert caught.value.retry_after == timedelta(seconds=216)
    with pytest.raises(Throttled, match="no more pulls"):
        await asking.pull()
    await asking.tags()
    await asking.head()
    assert [r.path for r in scripted.requests] == [MANIFEST, TAGS, MANIFEST]
    assert clock.slept == []


async def test_a_refused_pull_s_retry_after_says_when_pulls_go_on(asking, scripted, clock):
    refusal = docker_hub(0, 429, **{"retry-after": "3600"})
    scripted.script(MANIFEST, refusal, docker_hub(99))
    with pytest.raises(Throttled) as caught:
        await asking.pull()
    assert caught.value.retry_after == timedelta(hours=1)
    await asking.tags()
    clock.advance(3500)
    with pytest.raises(Throttled):
        await asking.pull()
    clock.advance(100)
    await asking.pull()


async def test_a_refusal_with_pulls_left_has_another_reason_and_pauses_all(asking, scripted, clock):
    refusal = docker_hub(5, 429, **{"retry-after": "3600"})
    scripted.script(MANIFEST, docker_hub(5), refusal)
    await asking.head()
    with pytest.raises(Throttled, match="fewer requests"):
        await asking.pull()
    with pytest.raises(Throttled, match="left alone"):
        await asking.tags()
    assert len(scripted.requests) == 2


async def test_a_refused_head_pauses_all(asking, scripted, clock):
    scripted.script(MANIFEST, docker_hub(0, 429, **{"retry-after": "3600"}))
    with pytest.raises(Throttled):
        await asking.head()
    with pytest.raises(Throttled, match="left alone"):
        await asking.tags()


async def test_a_quota_of_all_requests_holds_back_all_until_its_reset(asking, scripted, clock):
    scripted.script(TAGS, told_for_all(0), told_for_all(99))
    await asking.tags()
    for ask in (asking.tags, asking.head, asking.blob, asking.pull):
        with pytest.raises(Throttled, match="the registry allows no more") as caught:
            await ask()
        assert caught.value.retry_after == timedelta(minutes=10)
    assert len(scripted.requests) == 1
    clock.advance(600)
    await asking.tags()


async def test_a_short_reset_is_waited_for(asking, scripted, clock):
    scripted.script(TAGS, told_for_all(0), Reply())
    clock.advance(595)
    await asking.tags()
    await asking.tags()
    assert clock.slept == [5]


async def test_a_refusal_without_a_time_waits_for_the_reset(asking, scripted, clock):
    scripted.script(TAGS, told_for_all(0, status=429))
    with pytest.raises(Throttled) as caught:
        await asking.tags()
    assert caught.value.retry_after == timedelta(minutes=10)
    assert clock.slept == []


async def test_a_refusal_without_a_time_or_quota_pauses_all_for_longer_each_time(
    asking, scripted, clock
):
    scripted.script(TAGS, Reply(status=429))
    with pytest.raises(Throttled) as caught:
        await asking.tags()
    assert caught.value.retry_after == timedelta(seconds=4)  # 1 s, 2 s, then this
    assert len(scripted.requests) == 3
    assert clock.monotonic_seconds() >= 3
    await asking.head()
    assert clock.monotonic_seconds() >= 7


async def test_the_quota_of_an_api_on_another_host_holds_back_that_api_alone(
    asking, scripted, another
):
    url = f"{another.url}/tags"
    another.script("/tags", told_for_all(0))
    await asking.ask_at(url)
    with pytest.raises(Throttled):
        await asking.ask_at(url)
    await asking.tags()
    assert len(another.requests) == 1


async def test_the_quota_of_where_a_redirect_leads_is_not_the_registry_s(asking, scripted, another):
    scripted.script(BLOB, Reply(status=307, headers={"location": f"{another.url}/store"}))
    another.script("/store", told_for_all(0))
    await asking.blob()
    await asking.blob()
    assert len(another.requests) == 2


async def test_what_is_held_back_by_a_pause_uses_up_no_quota(asking, scripted, limits):
    scripted.script(TAGS, told_for_all(20))
    await asking.tags()
    limits.pause(timedelta(seconds=60))
    for _ in range(20):
        with pytest.raises(Throttled, match="left alone"):
            await asking.tags()
    assert limits.quota.remaining == 20


async def test_what_is_held_back_stays_so_where_new_connections_are_opened(
    asking, scripted, open_host
):
    scripted.script(TAGS, told_for_all(0))
    await asking.tags()
    with pytest.raises(Throttled):
        await Asking(open_host(), scripted).tags()
    assert len(scripted.requests) == 1


async def test_the_state_tells_how_it_is(asking, scripted, host, limits, clock):
    expected = HostState(
        name=scripted.host,
        requests=0,
        requests_per_second=1000,
        circuit=CircuitState.CLOSED,
        failures=0,
        paused_for=timedelta(0),
        quota=None,
    )
    assert host.state == expected
    scripted.script(MANIFEST, docker_hub(13))
    scripted.script(TAGS, Reply(status=503, headers={"retry-after": "60"}))
    await asking.head()
    with pytest.raises(Throttled):
        await asking.tags()
    limits.configure(requests_per_second=5, max_concurrent=8)
    state = host.state
    assert (state.requests, state.requests_per_second, state.failures) == (2, 5, 1)
    assert timedelta(seconds=55) < state.paused_for <= timedelta(seconds=60)
    assert (state.quota.limit, state.quota.remaining) == (100, 13)
    assert state.quota == Quota(limit=100, remaining=13, window=timedelta(hours=6))
