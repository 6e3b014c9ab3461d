"""Events, and the state of registries, as Prometheus metrics."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from automator.model import event as events
from automator.model.plan import Status
from automator.registry.host import HostState
from automator.registry.limits.circuit import CircuitState
from automator.registry.limits.quota import Quota
from automator.report.metrics import MetricsSink

SHOP = {"config_repo": "shop"}
NOON = datetime(2024, 2, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

FINISHED = events.PassFinished(
    config_repo="shop",
    at=NOON,
    workloads=dict.fromkeys(Status, 0) | {Status.UP_TO_DATE: 5, Status.HELD: 2},
    behind=2,
    behind_versions=7,
    most_behind_versions=4,
    behind_for=timedelta(hours=1),
    took=SECOND,
)
FAILED = events.PassFailed(
    config_repo="shop", error="down", kind="GitError", hint="", retry_at=NOON, took=SECOND
)
SCANNED = events.ConfigRepoScanned(
    config_repo="shop",
    commit="c0",
    manifests=3,
    image_fields=4,
    skipped=0,
    problems=0,
    took=SECOND,
)
PUSHED = events.CommitPushed(config_repo="shop", commit="c1", subject="", changes=3, took=SECOND)
DELIVERED = events.ImageDelivered(
    config_repo="shop", commit="c1", image="redis:7", lead_time=timedelta(minutes=4)
)
ROUND = events.PollRoundFinished(polled=5, changed=1, failed=2, requests=9, took=SECOND)
RACED = events.PushRaced(config_repo="shop", attempt=1, took=SECOND)
REFUSED = events.HookRefused(hook="hub", why="no proof", unreported=3)
MOVED = events.TagMoved(image_repository="a/b", tag="1.0", from_digest="x", to_digest="y")

TOLD = [
    (ROUND, "automator_polls_total", {"result": "ok"}, 3),
    (ROUND, "automator_polls_total", {"result": "failed"}, 2),
    (ROUND, "automator_poll_round_seconds_count", {}, 1),
    (SCANNED, "automator_scan_seconds_sum", SHOP, 1),
    (SCANNED, "automator_image_fields", SHOP, 4),
    (SCANNED, "automator_push_conflicts_total", SHOP, 0),
    (SCANNED, "automator_commits_total", SHOP, 0),
    (SCANNED, "automator_lead_time_seconds_count", SHOP, 0),
    (PUSHED, "automator_commits_total", SHOP, 1),
    (PUSHED, "automator_changes_total", SHOP, 3),
    (DELIVERED, "automator_lead_time_seconds_sum", SHOP, 240),
    (DELIVERED, "automator_lead_time_seconds_bucket", SHOP | {"le": "120.0"}, 0),
    (DELIVERED, "automator_lead_time_seconds_bucket", SHOP | {"le": "300.0"}, 1),
    (FINISHED, "automator_pass_seconds_sum", SHOP, 1),
    (FINISHED, "automator_pass_failing", SHOP, 0),
    (FINISHED, "automator_last_pass_timestamp_seconds", SHOP, NOON.timestamp()),
    (FINISHED, "automator_workloads", SHOP | {"status": "up to date"}, 5),
    (FINISHED, "automator_workloads", SHOP | {"status": "held"}, 2),
    (FINISHED, "automator_workloads", SHOP | {"status": "locked"}, 0),
    (FINISHED, "automator_workloads_behind", SHOP, 2),
    (FINISHED, "automator_behind_versions", SHOP, 7),
    (FINISHED, "automator_behind_versions_max", SHOP, 4),
    (FINISHED, "automator_behind_seconds", SHOP, 3600),
    (FAILED, "automator_pass_failing", SHOP, 1),
    (FAILED, "automator_pass_failures_total", SHOP, 1),
    (RACED, "automator_push_conflicts_total", SHOP, 1),
    (MOVED, "automator_tags_moved_total", {}, 1),
    (
        events.TagListDoubted(image_repository="a/b", doubt="short"),
        "automator_tag_lists_doubted_total",
        {},
        1,
    ),
    (events.DaemonStarted(config_repos=2, listen=""), "automator_config_repos", {}, 2),
    (events.ConfigReloaded(), "automator_config_reloads_total", {"result": "ok"}, 1),
    (
        events.ConfigRefused(error="typo", hint=""),
        "automator_config_reloads_total",
        {"result": "refused"},
        1,
    ),
    (
        events.HookReceived(hook="hub", pushes=2),
        "automator_hooks_total",
        {"hook": "hub", "result": "accepted"},
        1,
    ),
    (REFUSED, "automator_hooks_total", {"hook": "hub", "result": "refused"}, 4),
    (MOVED, "automator_logins_total", {"result": "accepted"}, 0),
    (
        events.LoginAccepted(person="ann", how="token", may_act=True),
        "automator_logins_total",
        {"result": "accepted"},
        1,
    ),
    (
        events.LoginRefused(address="192.0.2.1", why="no such token", unreported=2),
        "automator_logins_total",
        {"result": "refused"},
        3,
    ),
]

HUB = HostState(
    name="docker.io",
    requests=12,
    requests_per_second=5,
    circuit=CircuitState.CLOSED,
    failures=0,
    paused_for=timedelta(0),
    quota=Quota(limit=100, remaining=76),
    throttled=3,
)
QUAY = replace(HUB, name="quay.io", requests=7, throttled=0, circuit=CircuitState.OPEN, quota=None)


def samples(sink):
    """The value of each sample, by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(sink.exposition().decode())
        for sample in family.samples
    }


def value(sink, name, labels):
    return samples(sink).get((name, frozenset(labels.items())))


@pytest.fixture
def sink():
    return MetricsSink()


@pytest.mark.parametrize(("event", "name", "labels", "expected"), TOLD)
def test_an_event_is_told_by_a_metric(sink, event, name, labels, expected):
    sink.receive(event)
    assert value(sink, name, labels) == expected


def test_every_status_is_there_so_that_an_alert_sees_it_go_to_zero(sink):
    sink.receive(FINISHED)
    told = {
        dict(labels)["status"] for name, labels in samples(sink) if name == "automator_workloads"
    }
    assert told == {str(status) for status in Status}


def test_a_pass_that_works_ends_the_failing(sink):
    for event in (FAILED, FINISHED):
        sink.receive(event)
    assert value(sink, "automator_pass_failing", SHOP) == 0
    assert value(sink, "automator_pass_failures_total", SHOP) == 1


def test_an_unknown_time_behind_is_no_number(sink):
    sink.receive(replace(FINISHED, behind_for=None))
    assert math.isnan(value(sink, "automator_behind_seconds", SHOP))


def test_a_config_repo_that_goes_away_loses_its_gauges_and_keeps_its_counters(sink):
    for event in (SCANNED, PUSHED, FINISHED, replace(FINISHED, config_repo="stays")):
        sink.receive(event)
    sink.receive(events.ConfigReloaded())
    sink.receive(FINISHED)
    sink.receive(events.DaemonStarted(config_repos=1, listen=""))
    sink.receive(replace(FINISHED, config_repo="stays"))
    left = {name for name, labels in samples(sink) if ("config_repo", "shop") in labels}
    assert {name for name in left if not name.endswith(("_total", "_created"))} == {
        f"automator_{what}_seconds_{part}"
        for what in ("scan", "pass", "lead_time")
        for part in ("bucket", "count", "sum")
    }
    assert value(sink, "automator_commits_total", SHOP) == 1
    assert value(sink, "automator_workloads_behind", {"config_repo": "stays"}) == 2


def test_registries_are_read_at_each_scrape(sink):
    states, failing = [HUB, QUAY], {"quay.io": 2, "ghcr.io": 1}
    sink.watch_registries(lambda: states, lambda: failing)
    assert {key: told for key, told in samples(sink).items() if "automator_registry" in key[0]} == {
        (f"automator_registry_{name}", frozenset({("registry", host)})): told
        for name, host, told in (
            ("requests_total", "docker.io", 12),
            ("requests_total", "quay.io", 7),
            ("throttled_total", "docker.io", 3),
            ("throttled_total", "quay.io", 0),
            ("circuit_open", "docker.io", 0),
            ("circuit_open", "quay.io", 1),
            ("quota_remaining", "docker.io", 76),
            ("quota_limit", "docker.io", 100),
            ("failing", "docker.io", 0),
            ("failing", "ghcr.io", 1),
            ("failing", "quay.io", 2),
        )
    }
    states.remove(QUAY)
    failing.clear()
    hosts = {dict(labels).get("registry") for _, labels in samples(sink)}
    assert hosts - {None} == {"docker.io"}


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [(CircuitState.CLOSED, 0), (CircuitState.OPEN, 1), (CircuitState.PROBING, 1)],
)
def test_a_registry_is_left_alone_until_a_probe_worked(sink, circuit, expected):
    sink.watch_registries(lambda: [replace(HUB, circuit=circuit)], dict)
    told = value(sink, "automator_registry_circuit_open", {"registry": "docker.io"})
    assert told == expected


def test_labels_are_bounded(sink):
    for event in (*(event for event, *_ in TOLD), FINISHED):
        sink.receive(event)
    sink.watch_registries(lambda: [HUB], dict)
    labels = {name for _, labels in samples(sink) for name, _ in labels}
    assert labels == {
        *("config_repo", "registry", "status", "result", "hook", "version", "le"),
    }
