"""`latest` over many tags: work for new tags alone after the first time, and an honest state until then."""

import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

LIST = "/v2/app/tags/list"


def created(number):
    return f"2024-01-{1 + number // 24:02d}T{number % 24:02d}:00:00Z"


class Builds:
    """An image repository of builds whose manifests tell their creation time."""

    def __init__(self, registry, count):
        self.registry = registry
        self.tags = []
        self.add(count)

    def add(self, count):
        for number in range(len(self.tags), len(self.tags) + count):
            self.tags.append(f"build-{number}")
            self.registry.script(f"/v2/app/manifests/build-{number}", Reply.json(manifest(number)))
        self.registry.script(LIST, Reply.json({"tags": sorted(self.tags)}))


def manifest(number):
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{number:064d}",
            "size": 2,
        },
        "layers": [],
        "annotations": {"org.opencontainers.image.created": created(number)},
    }


@pytest.fixture
def scripted(world):
    with scripted_registry() as registry:
        world.settings["registries"] = [
            {"host": registry.host, "insecure": True, "requests_per_second": 100}
        ]
        world.remote.commit({"a.yaml": deployment("a", f"{registry.host}/app:build-0", "latest")})
        yield registry


def test_each_new_tag_costs_one_request_beside_the_list(world, scripted):
    builds = Builds(scripted, 50)
    assert world.run("run", "--once").returncode == 0
    assert len(scripted.requests) == 51
    scripted.requests.clear()
    assert world.run("run", "--once").returncode == 0
    assert [request.path for request in scripted.requests] == [LIST]
    builds.add(2)
    scripted.requests.clear()
    assert world.run("run", "--once").returncode == 0
    assert len(scripted.requests) == 3
    assert b"app:build-51'" in world.remote.show("a.yaml")


def test_while_it_warms_it_says_how_far_it_is_and_holds_up_nobody(
    world, scripted, image, push_tags, registry
):
    Builds(scripted, 700)
    push_tags("1.0.0", "1.1.0")
    world.settings["registries"].append({"host": registry.host, "insecure": True})
    world.remote.commit({"b.yaml": deployment("b", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        first = daemon.wait_for("commit.pushed")
        assert first["changes"] == 1
        assert b":1.1.0'" in world.remote.show("b.yaml")
        assert b"app:build-0'" in world.remote.show("a.yaml")
        warmed = daemon.wait_for("commit.pushed")
        assert warmed["changes"] == 1
    assert b"app:build-699'" in world.remote.show("a.yaml")
    assert len(scripted.requests) < 720
