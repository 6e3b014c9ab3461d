"""A registry that fails or lies: shown as failing, holds its own images, stops nothing else, moves nothing."""

import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

TAGS = "/v2/shop/app/tags/list"


@pytest.fixture
def scripted():
    with scripted_registry() as server:
        yield server


@pytest.fixture
def two_registries(world, scripted, image, push_tags):
    """One image on the real registry, one on the scripted; both have an update in store."""
    push_tags("1.0.0", "1.1.0")
    world.settings["registries"].append(
        {"host": scripted.host, "insecure": True, "timeout": "1s", "requests_per_second": 1000}
    )
    world.remote.commit(
        {
            "good.yaml": deployment("good", f"{image}:1.0.0"),
            "bad.yaml": deployment("bad", f"{scripted.host}/shop/app:1.0.0"),
        }
    )
    return world


def endless(request):
    last = int(request.parameters.get("last", ["0"])[0]) + 1
    link = f'</v2/shop/app/tags/list?n=1&last={last}>; rel="next"'
    return Reply.json({"name": "shop/app", "tags": [f"1.0.{last}"]}, link=link)


FAULTS = [
    pytest.param([Reply(status=500)], id="500"),
    pytest.param([Reply(status=401)], id="401 without a challenge"),
    pytest.param([Reply(status=403)], id="403"),
    pytest.param([Reply(status=404)], id="404"),
    pytest.param([Reply(status=429, headers={"retry-after": "3600"})], id="429 for an hour"),
    pytest.param([Reply(body=b'{"tags": ["9.9.9", "1.1')], id="truncated JSON"),
    pytest.param([Reply(body=b'{"tags": ["1.1.0"]}', cut_after=9)], id="cut in the middle"),
    pytest.param([Reply(body=b"<html>hello</html>")], id="HTML"),
    pytest.param([endless], id="endless pagination"),
    pytest.param([Reply(never=True)], id="no answer at all"),
]


@pytest.mark.parametrize("replies", FAULTS)
def test_fault_holds_its_own_images_and_stops_nothing_else(two_registries, scripted, replies):
    world = two_registries
    scripted.script(TAGS, *replies)

    done = world.run("run", "--once")

    assert done.returncode == 1
    assert b":1.1.0'" in world.remote.show("good.yaml")
    assert b":1.0.0'" in world.remote.show("bad.yaml")
    assert f"{scripted.host}/shop/app" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_registry_that_is_down_is_shown_as_failing(world, image, push_tags):
    world.settings["registries"].append({"host": "127.0.0.1:1", "insecure": True})
    world.remote.commit({"bad.yaml": deployment("bad", "127.0.0.1:1/gone:1.0.0")})
    row = world.json("workloads")["workloads"][0]
    assert row["status"] == "registry failing"
    assert "127.0.0.1:1" in row["reason"]


def test_retry_after_is_obeyed_and_then_the_answer_counts(two_registries, scripted):
    world = two_registries
    tags = Reply.json({"name": "shop/app", "tags": ["1.0.0", "1.1.0"]})
    scripted.script(TAGS, Reply(status=429, headers={"retry-after": "1"}), tags)
    assert world.run("run", "--once").returncode == 0
    assert b":1.1.0'" in world.remote.show("bad.yaml")
    assert len(scripted.requests_for(TAGS)) == 2


def test_a_list_that_fails_later_moves_nothing_and_recovers(two_registries, scripted):
    world = two_registries
    tags = Reply.json({"name": "shop/app", "tags": ["1.0.0"]})
    more = Reply.json({"name": "shop/app", "tags": ["1.0.0", "1.2.0"]})
    scripted.script(TAGS, tags, *[Reply(status=404)] * 2, more)
    with world.daemon() as daemon:
        daemon.wait_for("registry.failing", image_repository=f"{scripted.host}/shop/app")
        daemon.wait_for("registry.recovered")
        pushed = daemon.wait_for("selection.changed", selection=f"{scripted.host}/shop/app:1.2.0")
        assert pushed["config_repo"] == "shop"
        daemon.wait_for("commit.pushed")
    assert b":1.2.0'" in world.remote.show("bad.yaml")


def test_one_request_for_an_image_repository_however_many_use_it(world, scripted):
    scripted.script(TAGS, Reply.json({"name": "shop/app", "tags": ["1.0.0", "1.1.0"]}))
    world.settings["registries"].append({"host": scripted.host, "insecure": True})
    world.remote.commit(
        {
            f"{n}.yaml": deployment(
                f"w{n}", f"{scripted.host}/shop/app:1.0.0", f"semver:^1.{n % 2}"
            )
            for n in range(20)
        }
    )
    assert world.run("run", "--once").returncode == 0
    assert [(r.method, r.path) for r in scripted.requests] == [("GET", TAGS)]
