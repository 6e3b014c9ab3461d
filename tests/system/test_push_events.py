"""From a push to docker-registry, by its own notification, to the pushed commit; and what nobody is believed about."""

import json

import httpx
import pytest

from tests.servers.images import make_image, push_image
from tests.servers.registry import Notified, docker_registry
from tests.system.world import deployment

SECRET = "hook-horse-battery"


@pytest.fixture
def hooked(world, unused_address, tmp_path):
    """A registry that tells the daemon of its pushes, and a world whose polls are an hour apart."""
    world.settings |= {
        "listen": unused_address,
        "poll_interval": "1h",
        "max_poll_interval": "1h",
        "hooks": [{"name": "registry", "kind": "distribution", "secret": SECRET}],
    }
    notified = Notified(
        url=f"http://{unused_address}/hooks/registry", authorization=f"Bearer {SECRET}"
    )
    with docker_registry(tmp_path / "hooked", notified=notified) as registry:
        world.settings["hooks"][0]["registry"] = registry.host
        world.settings["registries"] = [{"host": registry.host, "insecure": True}]
        yield registry


def test_a_push_is_a_commit_long_before_the_next_poll(world, hooked):
    push_image(hooked.url, "shop/a", "1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{hooked.host}/shop/a:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("poll_round.finished")
        for tag in ("1.0.1", "1.1.0"):
            push_image(hooked.url, "shop/a", tag)
            assert daemon.wait_for("commit.pushed")["commit"] == world.remote.head
            assert f"shop/a:{tag}'".encode() in world.remote.show("a.yaml")
    assert SECRET not in "".join(daemon.raw)


def test_a_tag_that_is_pushed_again_is_noticed(world, hooked):
    push_image(hooked.url, "shop/a", "1.0.0", make_image(label="first"))
    world.settings["record_digests"] = True
    world.remote.commit({"a.yaml": deployment("a", f"{hooked.host}/shop/a:0.9.0")})
    with world.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        push_image(hooked.url, "shop/a", "1.0.0", make_image(label="second"))
        moved = daemon.wait_for("tag.moved")
        assert (moved["level"], moved["tag"]) == ("warning", "1.0.0")
        metrics = httpx.get(f"http://{world.settings['listen']}/metrics", trust_env=False).text
        assert "automator_tags_moved_total 1.0" in metrics
    [row] = world.json("workloads")["workloads"]
    assert "1.0.0 was pushed again" in row["moved"]
    assert "pushed again" in world.run("workloads").stdout
    assert "pushed again" in world.run("explain", "shop:deployment/a").stdout


def event(registry, repository, tag):
    target = {"repository": repository, "tag": tag, "mediaType": "x"}
    return json.dumps({"events": [{"action": "push", "target": target}]})


def test_an_event_is_never_believed_about_tags(world, hooked):
    push_image(hooked.url, "shop/a", "1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{hooked.host}/shop/a:1.0.0")})
    url = f"http://{world.settings['listen']}/hooks/registry"
    headers = {"authorization": f"Bearer {SECRET}"}
    with world.daemon() as daemon:
        daemon.wait_for("poll_round.finished")
        with httpx.Client(trust_env=False, headers=headers) as client:
            told = client.post(url, content=event(hooked, "shop/a", "9.9.9"))
        assert (told.status_code, told.json()["events"]) == (202, 1)
        push_image(hooked.url, "shop/a", "1.0.1")
        daemon.wait_for("commit.pushed")
    assert b"shop/a:1.0.1'" in world.remote.show("a.yaml")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/hooks/registry", {}),
        ("/hooks/registry", {"authorization": "Bearer wrong"}),
        ("/hooks/registry", {"authorization": f"Bearer {SECRET[:-1]}"}),
        ("/hooks/other", {"authorization": f"Bearer {SECRET}"}),
        ("/hooks/registry/wrong", {}),
    ],
)
def test_without_proof_nothing_is_polled(world, hooked, path, headers):
    world.remote.commit({"README.md": b"nothing\n"})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        url = f"http://{world.settings['listen']}{path}"
        with httpx.Client(trust_env=False, headers=headers) as client:
            assert client.post(url, content=event(hooked, "shop/a", "1.0.0")).status_code == 401
    assert SECRET not in "".join(daemon.raw)
