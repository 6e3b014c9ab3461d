"""Certificates are fetched from a server that answers, as it should."""

import pytest

from automator.errors import Unavailable
from automator.hooks.fetch import fetch
from tests.servers.scripted import Reply, scripted_registry

pytestmark = pytest.mark.anyio


@pytest.fixture
def server():
    with scripted_registry() as server:
        yield server


async def test_the_body_of_the_answer(server):
    server.script("/a.pem", Reply(body=b"certificate"))
    assert await fetch(f"{server.url}/a.pem") == b"certificate"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404),
        Reply(status=500, body=b"certificate"),
        Reply(status=302, headers={"location": "/elsewhere"}),
        Reply(body=b"certificate", cut_after=3),
        Reply(body=b"x" * 300_000),
    ],
    ids=["404", "500", "a redirect", "cut", "too long"],
)
async def test_everything_else_is_no_answer(server, reply):
    server.script("/a.pem", reply)
    with pytest.raises(Unavailable) as raised:
        await fetch(f"{server.url}/a.pem")
    assert raised.value.location == server.host
    assert server.requests_for("/elsewhere") == []


async def test_nor_is_nobody_there():
    with scripted_registry() as gone:
        url = gone.url
    with pytest.raises(Unavailable):
        await fetch(f"{url}/a.pem")
