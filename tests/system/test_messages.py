"""Messages, from what happens to a config repo and a registry to what a channel gets."""

import json
import subprocess
import time

import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

SECRET = "hush-horse-battery"


@pytest.fixture
def channel():
    with scripted_registry() as server:
        server.script(f"/{SECRET}", Reply())
        yield server


def listen(world, server, **settings):
    world.settings["messages"] = [
        {"name": "ops", "url": f"json://{server.host}/{SECRET}", **settings}
    ]


def told(server):
    return [json.loads(request.body) for request in server.requests]


def test_a_commit_is_one_message_with_all_its_changes(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    listen(world, channel)
    world.remote.commit({f"{name}.yaml": deployment(name, f"{image}:1.0.0") for name in "ab"})
    assert world.run("run", "--once").returncode == 0
    [message] = told(channel)
    assert message["title"].startswith("shop: Update ")
    for name in "ab":
        assert (
            f"- shop:deployment/{name} main: {image}:1.0.0 -> {image}:1.1.0" in message["message"]
        )
    assert f"commit {world.remote.head[:7]}" in message["message"]


def test_a_channel_is_told_of_its_own_workloads_alone(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    listen(world, channel, workload="deployment/b")
    world.remote.commit({f"{name}.yaml": deployment(name, f"{image}:1.0.0") for name in "ab"})
    world.run("run", "--once")
    [message] = told(channel)
    assert "deployment/b main" in message["message"]
    assert "deployment/a" not in message["message"]


def test_a_refused_push_is_told_once_however_often_it_is_tried(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    listen(world, channel, about=["push_refused"])
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    hook = world.remote.bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no '<!channel>' please >&2\nexit 1\n")
    hook.chmod(0o755)
    with world.daemon() as daemon:
        daemon.wait_for("pass.failed", push_refused=True)
        daemon.wait_for("pass.failed", push_refused=True)
        daemon.stop()
    [message] = told(channel)
    assert (message["title"], message["type"]) == ("shop: the remote refuses automator", "failure")
    assert "<!channel>" not in message["message"]


def test_a_registry_that_fails_and_recovers(world, channel):
    with scripted_registry() as registry:
        tags = "/v2/shop/a/tags/list"
        registry.script(tags, Reply(status=404), Reply.json({"name": "a", "tags": ["1.0.0"]}))
        world.settings["registries"] = [{"host": registry.host, "insecure": True}]
        listen(world, channel)
        world.remote.commit({"a.yaml": deployment("a", f"{registry.host}/shop/a:1.0.0")})
        with world.daemon() as daemon:
            daemon.wait_for("registry.failing")
            daemon.wait_for("registry.recovered")
            daemon.stop()
    assert [message["type"] for message in told(channel)] == ["warning", "success"]


def test_a_configuration_that_became_wrong_and_a_channel_that_is_gone(world, channel):
    listen(world, channel, about=["config_wrong"])
    world.remote.commit({"README.md": b"empty\n"})
    with world.daemon() as daemon:
        daemon.wait_for("config_repo.scanned")
        channel.script(f"/{SECRET}", Reply(status=500, body=SECRET.encode()))
        with (world.directory / "automator.yaml").open("a") as file:
            file.write(f"messages: [{{name: a, url: nonsense-{SECRET}}}]\n")
        daemon.wait_for("config.refused")
        daemon.stop()
        failed = daemon.wait_for("message.failed")
    assert (failed["channel"], failed["error"]) == ("ops", "the service answered 500")
    assert SECRET not in "".join(daemon.raw)


def test_a_channel_that_cannot_be_used_is_told_without_its_secret(world):
    world.settings["messages"] = [{"name": "ops", "url": f"slakc://{SECRET}"}]
    world.remote.commit({"README.md": b"empty\n"})
    for command in (("run",), ("run", "--once"), ("check", "--offline")):
        done = world.run(*command)
        assert done.returncode == 2
        assert "Apprise cannot use a URL of the channel ops" in done.stderr + done.stdout
        assert SECRET not in done.stderr + done.stdout


def test_a_policy_that_is_wrong_is_told_and_held_changes_once(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    listen(world, channel, about=["config_wrong", "held"])
    locked = 'automator.dev/policy: "semver:^1"\n    automator.dev/locked: "true"'
    held = {
        f"{name}.yaml": deployment(name, f"{image}:1.0.0").replace(
            b'automator.dev/policy: "semver:^1"', locked.encode()
        )
        for name in "ab"
    }
    world.remote.commit(held | {"c.yaml": deployment("c", f"{image}:1.0.0", "sember:^1")})
    with world.daemon() as daemon:
        daemon.wait_for("manifest.refused")
        world.remote.commit({"other.yaml": b"a: 1\n"})
        daemon.wait_for("config_repo.scanned")
        with (world.directory / "automator.yaml").open("a") as file:
            file.write("log_level: debug\n")
        daemon.wait_for("config.reloaded")
        daemon.wait_for("config_repo.scanned")
        daemon.wait_for("poll_round.finished")
        daemon.stop()
    messages = {message["title"]: message["message"] for message in told(channel)}
    assert messages.keys() == {"shop: 2 held", "shop: a manifest cannot be used"}
    assert len(told(channel)) == 2
    assert "locked" in messages["shop: 2 held"]
    assert "c.yaml:" in messages["shop: a manifest cannot be used"]


def test_a_service_that_never_answers_holds_up_no_pass_no_reload_and_not_the_end(
    world, image, push_tags, channel
):
    push_tags("1.0.0", "1.1.0")
    channel.script(f"/{SECRET}", Reply(never=True))
    listen(world, channel)
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        while not channel.requests:
            time.sleep(0.05)
        assert SECRET not in command_lines()
        world.remote.commit({"b.yaml": deployment("b", f"{image}:1.0.0")})
        daemon.wait_for("commit.pushed")
        with (world.directory / "automator.yaml").open("a") as file:
            file.write("log_level: debug\n")
        daemon.wait_for("config.reloaded")
        world.remote.commit({"c.yaml": deployment("c", f"{image}:1.0.0")})
        daemon.wait_for("commit.pushed")
        assert not [line for line in daemon.lines if line["event"] == "message.failed"]
        assert daemon.stop()[0] == 0
        assert daemon.wait_for("message.failed")["channel"] == "ops"
    assert SECRET not in "".join(daemon.raw)


def command_lines():
    done = subprocess.run(["ps", "-eww", "-o", "args"], check=True, capture_output=True, text=True)
    return done.stdout


def test_a_reload_loses_no_message(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    channel.script(f"/{SECRET}", Reply(status=503), Reply())
    listen(world, channel)
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with world.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        while not channel.requests:
            time.sleep(0.05)
        with (world.directory / "automator.yaml").open("a") as file:
            file.write("log_level: debug\n")
        daemon.wait_for("config.reloaded")
        while len(channel.requests) < 2:
            time.sleep(0.05)
        daemon.stop()
    first, *again = told(channel)  # one more where the answer was on its way at the end
    assert again
    assert all(one == first for one in again)


def test_a_secret_and_a_template_from_files(world, image, push_tags, channel):
    push_tags("1.0.0", "1.1.0")
    (world.directory / "url").write_text(f"json://{channel.host}/{SECRET}\n")
    (world.directory / "text").write_text("{% for c in changes %}{{ c.container }}!{% endfor %}\n")
    world.settings["messages"] = [{"name": "ops", "url_file": "url", "template_file": "text"}]
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    assert world.run("run", "--once").returncode == 0
    assert told(channel)[0]["message"] == "main!"


def test_a_broken_template_is_a_mistake_of_the_configuration(world):
    world.settings["messages"] = [
        {"name": "ops", "url": f"json://localhost/{SECRET}", "template": "{{ nosuch }}"}
    ]
    done = world.run("check", "--offline")
    assert done.returncode == 2
    assert "template: the template names nosuch; there are at, changes" in done.stdout
    assert SECRET not in done.stdout
