"""Traces as a collector receives them: of the daemon and of single passes, when all is well, and when it is away."""

import json
import os
import subprocess
import sys

import pytest

from tests.servers.collector import collector
from tests.system.world import deployment

SECRET = "s3cr3t-Horse"

WITHOUT_THE_EXTRA = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from automator.cli.main import main
sys.argv = ["automator", "run", "--once"]
main()
"""


@pytest.fixture
def receiving():
    with collector() as running:
        yield running


@pytest.fixture
def traced(world, image, push_tags, receiving):
    """A world with an update to make, whose spans are sent at once."""
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    world.env |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiving.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    return world


def test_a_pass_of_the_daemon_that_commits_is_a_tree_of_spans(traced, receiving, image):
    traced.settings["record_digests"] = True
    with traced.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        root, scan, poll, push = receiving.wait_for("pass", "scan", "poll", "push")
        receiving.wait_for("poll round")
        daemon.stop()
    assert root.parent == b""
    assert [step.parent for step in (scan, poll, push)] == [root.id] * 3
    assert root.start <= scan.start < scan.end <= poll.start < poll.end <= push.start < push.end
    assert push.end <= root.end
    assert {step.error for step in (root, scan, poll, push)} == {None}
    assert root.resource["service.name"] == "automator"
    assert root.attributes == {
        "automator.config_repo": "shop",
        "automator.workloads": 1,
        "automator.workloads_behind": 1,
    }
    assert scan.attributes["automator.image_fields"] == 1
    assert poll.attributes["automator.polled"] == 1
    assert push.attributes["vcs.ref.head.revision"] == traced.remote.head
    assert push.attributes["automator.changes"] == 1
    (pushed, commit), (delivered, what) = push.events
    assert (pushed, delivered) == ("commit.pushed", "image.delivered")
    assert commit["automator.subject"] in traced.remote.message
    assert what["automator.image"] == f"{image}:1.1.0"
    assert what["automator.lead_time_seconds"] > 0


def test_the_last_spans_of_a_single_pass_are_sent_before_it_exits(traced, receiving):
    traced.env["OTEL_BSP_SCHEDULE_DELAY"] = "600000"
    done = traced.run("run", "--once")
    assert done.returncode == 0, done.stderr
    receiving.wait_for("pass", "scan", "poll", "push")


def test_a_single_pass_that_fails_is_a_trace_with_an_error(traced, receiving):
    traced.remote.bare.rename(traced.remote.bare.with_name("away"))
    done = traced.run("run", "--once")
    assert done.returncode == 1
    [root] = receiving.wait_for("pass")
    assert root.error
    assert root.error in done.stderr
    [(name, failure)] = root.events
    assert (name, failure["exception.message"]) == ("pass.failed", root.error)
    assert failure["exception.type"] == root.attributes["error.type"]


def test_a_changed_configuration_goes_on_with_the_same_provider(traced, receiving):
    """Another one would have sent at once what the one before it had gathered."""
    traced.env["OTEL_BSP_SCHEDULE_DELAY"] = "600000"
    with traced.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        traced.settings["poll_interval"] = "2s"
        traced.write_config()
        daemon.wait_for("config.reloaded")
        daemon.wait_for("poll_round.finished")
        assert receiving.requests == []
        daemon.stop()
    assert len(receiving.requests) == 1
    receiving.wait_for("pass", "scan", "poll", "push")
    assert [span.name for span in receiving.spans].count("poll round") >= 1


def test_a_collector_that_is_away_costs_one_line_and_no_pass(traced, receiving, image, push_tags):
    receiving.status = 400
    with traced.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        daemon.wait_for("traces.failing")
        receiving.wait_for_requests(4)
        push_tags("1.2.0", first_hour=5)
        daemon.wait_for("commit.pushed")
        receiving.status = 200
        daemon.wait_for("traces.recovered")
        status, _ = daemon.stop()
    assert status == 0
    assert [line["event"] for line in daemon.lines].count("traces.failing") == 1


def test_nobody_at_the_endpoint_is_told_in_one_line_at_the_end(traced, unused_address):
    traced.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://me:{SECRET}@{unused_address}"
    traced.env["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer {SECRET}"
    done = traced.run("run", "--once")
    assert done.returncode == 0
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events.count("traces.failing") == 1
    assert SECRET not in done.stderr + done.stdout


def test_no_secret_is_in_what_is_sent(traced, receiving):
    traced.env["OTEL_EXPORTER_OTLP_HEADERS"] = f"x-key={SECRET}"
    traced.settings["config_repos"].append(
        {
            "name": "private",
            "url": "http://127.0.0.1:1/x.git",
            "username": "me",
            "password": SECRET,
        }
    )
    traced.settings["registries"][0] |= {"username": "me", "password": SECRET}
    assert traced.run("run", "--once").returncode == 1
    [failed] = receiving.wait_for("pass")
    assert failed.attributes["automator.config_repo"] == "private"
    assert {headers["x-key"] for _, headers, _ in receiving.requests} == {SECRET}
    assert SECRET.encode() not in b"".join(body for _, _, body in receiving.requests)


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
    ids=str,
)
def test_nothing_is_sent_where_traces_are_off(traced, receiving, env):
    traced.env |= env
    assert traced.run("run", "--once").returncode == 0
    assert receiving.requests == []


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": f"x:{SECRET}@y"}, "OTEL_EXPORTER_OTLP_ENDPOINT is no URL"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc is not supported (use http/protobuf)"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "a variable OTEL_* cannot be used"),
    ],
    ids=str,
)
def test_a_variable_that_cannot_be_used_is_refused_in_one_line(traced, env, says):
    traced.env |= env
    done = traced.run("run", "--once")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert says in line
    assert SECRET not in line


def run_without_the_extra(world, **env):
    world.write_config()
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA],
        cwd=world.directory,
        env={**os.environ, **world.env, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_the_extra_traces_that_are_asked_for_are_refused_with_what_to_install(traced):
    done = run_without_the_extra(traced)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "is not installed (pip install 'automator[otel]')" in line


def test_without_the_extra_everything_else_works(traced):
    done = run_without_the_extra(traced, OTEL_EXPORTER_OTLP_ENDPOINT="")
    assert done.returncode == 0, done.stderr
    assert "pushed" in done.stdout
