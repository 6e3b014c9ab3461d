"""Debian's Prometheus scrapes the daemon: what the dashboard asks for, and the alerts, after one push to a registry."""

import json
from pathlib import Path

import pytest
import yaml

from tests.servers.images import make_image, push_image
from tests.servers.prometheus import prometheus
from tests.system.world import deployment

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus/alerts.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana/automator.json").read_text())
DEAD = "127.0.0.1:1"
DAY = 86400


def panels():
    """Each panel's expressions, as Grafana sends them."""
    return {
        panel["title"]: [
            target["expr"].replace("$__rate_interval", "1m").replace("$config_repo", ".*")
            for target in panel["targets"]
        ]
        for panel in DASHBOARD["panels"]
        if panel["type"] != "row"
    }


def locked(manifest):
    lock = b'annotations:\n    automator.dev/locked: "true"'
    return manifest.replace(b"annotations:", lock)


@pytest.fixture
def seen(world, image, push_tags, unused_address, tmp_path):
    """Prometheus beside a daemon with two workloads, one of them locked, and a third whose registry is gone."""
    push_tags("1.0.0")
    world.settings |= {"listen": unused_address, "record_digests": True}
    world.settings["registries"].append({"host": DEAD, "insecure": True})
    world.remote.commit(
        {
            "free.yaml": deployment("free", f"{image}:1.0.0"),
            "locked.yaml": locked(deployment("locked", f"{image}:1.0.0")),
            "dead.yaml": deployment("dead", f"{DEAD}/gone:1.0.0"),
        }
    )
    with (
        world.daemon() as daemon,
        prometheus(tmp_path, scraped=unused_address, rules=ALERTS) as running,
    ):
        daemon.wait_for("poll_round.finished")
        yield running


@pytest.fixture
def after_a_push(seen, registry, image_path):
    """Prometheus, as soon as it knows of the commit that a push has led to, and of the pass after it."""
    status = 'automator_workloads{status="up to date"}'
    seen.wait_for(status, lambda found: [one.value for one in found] == [1])
    push_image(registry.url, image_path, "1.0.1", make_image(created="2024-03-01T00:00:00Z"))
    seen.wait_for("automator_commits_total", lambda found: [one.value for one in found] == [1])
    seen.wait_for("automator_workloads_behind", lambda found: [one.value for one in found] == [1])
    return seen


def test_what_a_push_leads_to(after_a_push, world):
    def value(expression):
        [found] = after_a_push.query(expression)
        return found.value

    registry = f'{{registry="{world.registry_host}"}}'
    assert value('up{job="automator"}') == 1
    assert value("automator_build_info") == 1
    assert value("automator_config_repos") == 1
    assert value("automator_image_fields") == 3
    assert value("automator_changes_total") == 1
    assert value('automator_workloads{status="locked"}') == 1
    assert value('automator_workloads{status="registry failing"}') == 1
    assert value('automator_workloads{status="held"}') == 0
    assert value("sum(automator_workloads)") == 3
    assert value("automator_workloads_behind") == 1
    assert value("automator_behind_versions") == 1
    assert value("automator_lead_time_seconds_count") == 1
    assert value("automator_lead_time_seconds_sum") > 30 * DAY
    assert value("time() - automator_last_pass_timestamp_seconds") < DAY
    assert value("automator_pass_seconds_count") >= 2
    assert value("automator_pass_failing") == 0
    assert value('automator_polls_total{result="failed"}') >= 1
    assert value(f"automator_registry_requests_total{registry}") >= 3
    assert value(f"automator_registry_throttled_total{registry}") == 0
    assert value(f"automator_registry_failing{registry}") == 0
    assert value(f'automator_registry_failing{{registry="{DEAD}"}}') == 1


def test_every_panel_shows_something_but_for_what_has_not_happened(after_a_push):
    after_a_push.wait_for("rate(automator_polls_total[1m])", bool)
    empty = {
        title
        for title, expressions in panels().items()
        if not any(after_a_push.query(expression) for expression in expressions)
    }
    assert empty == {"Quota left", "Push events", "Actions"}


def test_every_alert_is_evaluated_and_the_registry_that_is_gone_is_about_to_be_told_of(
    after_a_push,
):
    after_a_push.wait_for('ALERTS{alertname="AutomatorRegistryFailing"}', bool)
    alerts = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    rules = {rule["name"]: rule for rule in after_a_push.rules()}
    assert rules.keys() == {alert["alert"] for alert in alerts}
    assert {rule["health"] for rule in rules.values()} == {"ok"}
    assert {
        (name, alert["labels"].get("registry"), alert["state"])
        for name, rule in rules.items()
        for alert in rule["alerts"]
    } == {("AutomatorRegistryFailing", DEAD, "pending")}
