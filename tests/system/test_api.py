"""The API of a running daemon: read, act, and see what the next pass makes of it."""

import json

import httpx
import pytest

from tests.system.world import deployment

CARTS = "shop:deployment/carts"


@pytest.fixture
def daemon(world, image, push_tags, unused_address):
    push_tags("1.0.0")
    world.remote.commit({"carts.yaml": deployment("carts", f"{image}:1.0.0")})
    world.settings |= {"listen": unused_address, "git_poll_interval": "1h"}
    with world.daemon() as running:
        running.wait_for("config_repo.scanned")
        yield running


@pytest.fixture
def api(daemon, unused_address):
    with httpx.Client(base_url=f"http://{unused_address}", timeout=60) as client:
        yield client


def wait_for_pass(lines):
    """The first version is of before the first pass."""
    told = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
    assert any(one["version"] > 1 for one in told)


def test_what_a_pass_finds_is_read(api, daemon):
    with api.stream("GET", "/events") as events:
        wait_for_pass(events.iter_lines())
    [row] = api.get("/api/v1/workloads").json()["workloads"]
    assert (row["workload"], row["status"]) == (CARTS, "up to date")
    assert api.get("/api/v1/openapi.json").json()["servers"] == [{"url": "/api/v1"}]


def test_nobody_acts_without_a_person(api, world):
    action = {"action": "lock", "config_repo": "shop", "workload": CARTS}
    answer = api.post("/api/v1/actions", json={"actions": [action]})
    assert answer.status_code in {401, 403}
    assert world.remote.count == 1


def test_who_listens_does_not_hold_up_the_end_of_the_daemon(api, daemon):
    """Every line of the log stays JSON: the server has nothing to complain of."""
    with api.stream("GET", "/events") as events:
        lines = events.iter_lines()
        wait_for_pass(lines)
        status, _ = daemon.stop()
        assert status == 0
        assert not any(line.startswith("data: ") for line in lines)
    daemon.wait_for("daemon.stopped")
