"""A registry that answers with less than it has: nothing moves backwards, and it is held and shown."""

import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

LIST = "/v2/app/tags/list"
MANY = [f"1.{n}.0" for n in range(20)]


@pytest.fixture
def scripted(world):
    with scripted_registry() as registry:
        world.settings["registries"] = [{"host": registry.host, "insecure": True}]
        yield registry


def write(world, registry, tag, policy="semver:^1"):
    world.remote.commit({"a.yaml": deployment("a", f"{registry.host}/app:{tag}", policy)})


def status(world):
    [row] = world.json("workloads")["workloads"]
    return row["status"], row["reason"]


def test_a_list_that_is_suddenly_much_shorter(world, scripted):
    scripted.script(LIST, Reply.json({"tags": MANY}), Reply.json({"tags": ["1.3.0", "1.2.0"]}))
    write(world, scripted, "1.19.0", "alphabetical:desc")
    before = world.remote.head
    world.run("plan")
    done = world.run("run", "--once")
    assert world.remote.head == before
    assert "tag_list.doubted" in done.stderr
    held, reason = status(world)
    assert held == "held"
    assert reason.startswith("tag list incomplete: the registry lists 2 tags where it listed 20")


def test_pages_that_stop_in_the_middle(world, scripted):
    first = Reply.json({"tags": MANY[:10]}, link=f'<{LIST}?last=x>; rel="next"')
    scripted.script(LIST, first, Reply(status=502))
    write(world, scripted, "1.0.0")
    before = world.remote.head
    done = world.run("run", "--once")
    assert done.returncode == 1
    assert world.remote.head == before
    assert status(world)[0] == "registry failing"


def test_a_list_that_lacks_the_tag_in_use(world, scripted):
    scripted.script(LIST, Reply.json({"tags": ["1.0.0", "1.1.0"]}))
    write(world, scripted, "1.2.0")
    world.run("run", "--once")
    assert status(world) == ("up to date", "would be older")


def test_a_build_whose_age_nobody_can_tell_any_more(world, scripted):
    """The tag in use is gone, so that no other build can be known to be newer."""
    created = {"org.opencontainers.image.created": "2024-01-01T00:00:00Z"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": "sha256:" + "a" * 64,
            "size": 2,
        },
        "layers": [],
        "annotations": created,
    }
    scripted.script(LIST, Reply.json({"tags": ["main-1"]}))
    scripted.script("/v2/app/manifests/main-1", Reply.json(manifest))
    write(world, scripted, "main-2", "glob:main-*")
    before = world.remote.head
    world.run("run", "--once")
    assert world.remote.head == before
    held, reason = status(world)
    assert held == "held"
    assert reason.startswith("tag in use not found: nobody can tell whether")
    assert "main-2" in reason
