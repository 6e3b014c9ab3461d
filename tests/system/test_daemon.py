"""The daemon, as its log tells the story."""

import httpx

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment


def test_a_new_tag_becomes_a_commit_while_the_daemon_runs(world, image, push_tags):
    push_tags("1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("poll_round.finished")
        push_tags("1.0.1", first_hour=9)
        changed = daemon.wait_for("selection.changed")
        assert changed["selection"] == f"{image}:1.0.1"
        pushed = daemon.wait_for("commit.pushed")
        assert pushed["commit"] == world.remote.head
    assert f"{image}:1.0.1'".encode() in world.remote.show("a.yaml")


def test_a_pass_follows_at_once_when_the_head_moves(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.settings["poll_interval"] = "1h"
    world.remote.commit({"README.md": b"empty\n"})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
        assert daemon.wait_for("config_repo.scanned")["manifests"] == 1
        daemon.wait_for("commit.pushed")


def test_sigterm_ends_it_cleanly_within_five_seconds(world, image, push_tags):
    push_tags("1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        status, seconds = daemon.stop()
        daemon.wait_for("daemon.stopped")
    assert status == 0
    assert seconds < 5


def test_one_failing_registry_stops_no_other(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.settings["registries"].append({"host": "127.0.0.1:1", "insecure": True})
    world.remote.commit(
        {
            "a.yaml": deployment("a", f"{image}:1.0.0"),
            "dead.yaml": deployment("dead", "127.0.0.1:1/gone:1.0.0"),
        }
    )
    with world.daemon() as daemon:
        pushed = daemon.wait_for("commit.pushed")
        assert pushed["changes"] == 1


def test_one_failing_config_repo_stops_no_other(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.settings["config_repos"].append({"name": "gone", "url": "file:///nonexistent/x.git"})
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        seen = {daemon.wait_for("commit.pushed")["config_repo"]}
        while not any(line["event"] == "pass.failed" for line in daemon.lines):
            daemon.wait_for("pass.failed")
        seen |= {line["config_repo"] for line in daemon.lines if line["event"] == "pass.failed"}
    assert seen == {"shop", "gone"}


def test_health_readiness_and_metrics(world, image, push_tags, unused_address):
    push_tags("1.0.0", "1.1.0")
    world.settings["listen"] = unused_address
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        base = f"http://{unused_address}"
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"{base}/healthz").status_code == 200
            assert client.get(f"{base}/readyz").json()["ready"] is True
            metrics = client.get(f"{base}/metrics").text
    assert 'automator_commits_total{config_repo="shop"} 1.0' in metrics


def test_a_restart_asks_for_nothing_that_it_knew(world, image, push_tags):
    push_tags("main-1", "main-2", "main-3")
    world.settings["poll_interval"] = "1h"
    world.remote.commit({"a.yaml": deployment("a", f"{image}:main-3", "glob:main-*")})
    with world.daemon() as daemon:
        assert daemon.wait_for("poll_round.finished")["requests"] > 0
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        daemon.stop()
        daemon.wait_for("daemon.stopped")
        assert not [line for line in daemon.lines if line["event"] == "poll_round.finished"]


def test_sigterm_ends_it_while_a_registry_gives_no_answer(world):
    with scripted_registry() as silent:
        silent.script("/v2/shop/a/tags/list", Reply(never=True))
        world.settings["registries"] = [{"host": silent.host, "insecure": True}]
        world.remote.commit({"a.yaml": deployment("a", f"{silent.host}/shop/a:1.0.0")})
        with world.daemon() as daemon:
            daemon.wait_for("config_repo.scanned")
            status, seconds = daemon.stop()
            daemon.wait_for("daemon.stopped")
    assert status == 0
    assert seconds < 5
