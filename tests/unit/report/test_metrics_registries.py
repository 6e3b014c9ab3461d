"""What a registry client tells of its registries, as the metrics read it."""

import pytest

from automator.errors import Throttled
from automator.model.image import ImageRepository
from automator.registry.limits.circuit import CircuitState
from automator.report.metrics import MetricsSink
from tests.servers.scripted import Reply
from tests.unit.registry.conftest import clock, make_client, scripted  # noqa: F401 - fixtures

pytestmark = pytest.mark.anyio

TAGS = "/v2/shop/carts/tags/list"
THROTTLED = Reply(status=429, headers={"retry-after": "3600"})


async def test_a_registry_that_was_never_asked_has_no_state(make_client, scripted):  # noqa: F811
    async with make_client(scripted.host) as client:
        assert client.states == ()


async def test_a_registry_that_was_asked_tells_how_it_is(make_client, scripted):  # noqa: F811
    listed = {"name": "shop/carts", "tags": ["1.0"]}
    scripted.script(TAGS, Reply.json(listed, ratelimit_limit="100", ratelimit_remaining="76"))
    async with make_client(scripted.host) as client:
        await client.fetch_tags(ImageRepository(scripted.host, "shop/carts"))
        [state] = client.states
    assert (state.name, state.circuit) == (scripted.host, CircuitState.CLOSED)
    assert (state.requests, state.throttled) == (1, 0)
    assert state.quota.remaining == 76


async def test_a_throttling_answer_is_counted_once(make_client, scripted):  # noqa: F811
    scripted.script(TAGS, THROTTLED)
    sink = MetricsSink()
    async with make_client(scripted.host) as client:
        sink.watch_registries(lambda: client.states, dict)
        for _ in range(2):
            with pytest.raises(Throttled):
                await client.fetch_tags(ImageRepository(scripted.host, "shop/carts"))
        told = sink.exposition().decode()
    # What is held back afterwards is no answer of the registry's.
    for name in ("throttled", "requests"):
        assert f'automator_registry_{name}_total{{registry="{scripted.host}"}} 1.0\n' in told
    assert len(scripted.requests) == 1
