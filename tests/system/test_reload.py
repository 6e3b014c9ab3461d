"""A configuration that changes while the daemon runs: taken without a restart, refused without harm."""

import signal
import socket

from tests.system.world import deployment


def test_a_new_rate_is_taken_without_a_restart(world, image, push_tags):
    push_tags("1.0.0")
    world.settings["git_poll_interval"] = "1h"
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("poll_round.finished")
        world.settings["registries"][0]["requests_per_second"] = 7
        world.write_config()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("config.reloaded")
        push_tags("1.0.1", first_hour=9)
        daemon.wait_for("commit.pushed")
        assert daemon.process.poll() is None


def test_it_is_noticed_by_itself_and_so_are_policy_files(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    policies = world.directory / "policies.yaml"
    policies.write_text("policies: []\n")
    world.settings["policies"] = ["policies.yaml"]
    manifest = deployment("a", f"{image}:1.0.0").replace(b"automator.dev/policy", b"example.com/x")
    world.remote.commit({"a.yaml": manifest})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        policies.write_text("policies:\n- {name: all, update: 'semver:^1'}\n")
        daemon.wait_for("config.reloaded")
        daemon.wait_for("commit.pushed")


def test_a_mistake_is_told_with_its_place_and_the_old_configuration_stays(world, image, push_tags):
    push_tags("1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("poll_round.finished")
        good = world.write_config().read_text()
        (world.directory / "automator.yaml").write_text(good + "pol_interval: 3s\n")
        refused = daemon.wait_for("config.refused")
        assert "automator.yaml:" in refused["error"]
        assert "pol_interval" in refused["error"]
        push_tags("1.0.1", first_hour=9)
        daemon.wait_for("commit.pushed")


def test_signals_one_after_another_are_all_heeded(world, image, push_tags):
    push_tags("1.0.0")
    world.settings["git_poll_interval"] = "1h"
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        for rate in (7, 8, 9):
            world.settings["registries"][0]["requests_per_second"] = rate
            world.write_config()
            for _ in range(20):
                daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("config.reloaded")
            daemon.process.send_signal(signal.SIGHUP)
        status, _ = daemon.stop()
        daemon.wait_for("daemon.stopped")
    assert status == 0


def test_an_address_that_cannot_be_had_is_refused_as_other_mistakes_are(world, image, push_tags):
    push_tags("1.0.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon, socket.socket() as taken:
        daemon.wait_for("config_repo.scanned")
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        world.settings["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
        world.write_config()
        assert "cannot listen" in daemon.wait_for("config.refused")["error"]
        push_tags("1.0.1", first_hour=9)
        daemon.wait_for("commit.pushed")
