"""deploy/: the alerts fire when they should, and the dashboard asks for metrics that exist."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from automator.report.metrics import MetricsSink
from tests.servers.prometheus import JOB, promtool

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus/alerts.yaml"
ALERT_TESTS = DEPLOY / "prometheus/alerts_test.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana/automator.json").read_text())
RULES = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
BY_NAME = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])

_METRIC = re.compile(r"\bautomator_\w+")


@cache
def existing_metrics():
    """Every name that a query may use."""
    names = set()
    for family in text_string_to_metric_families(MetricsSink().exposition().decode()):
        if family.type == "counter":
            names.add(f"{family.name}_total")
        elif family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
        elif not family.name.endswith("_created"):
            names.add(family.name)
    return names


def told_of(texts):
    return {name for text in texts for name in _METRIC.findall(text)}


def test_the_example_configuration_is_valid():
    done = promtool("check", "config", DEPLOY / "prometheus/prometheus.yaml")
    assert done.returncode == 0, done.stderr
    assert (
        yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())["scrape_configs"][0][
            "job_name"
        ]
        == JOB
    )


def test_alerts_fire_when_they_should_and_only_then():
    done = promtool("test", "rules", ALERT_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@BY_NAME
def test_alert_is_seen_to_fire_and_not_to_fire(rule):
    checks = [
        check
        for test in yaml.safe_load(ALERT_TESTS.read_text())["tests"]
        for check in test["alert_rule_test"]
        if check["alertname"] == rule["alert"]
    ]
    assert {bool(check["exp_alerts"]) for check in checks} == {True, False}


@BY_NAME
def test_alert_names_metrics_that_exist(rule):
    assert told_of([rule["expr"]]) <= existing_metrics()


@BY_NAME
def test_alert_says_what_it_is_and_what_to_do(rule):
    said = rule["annotations"]
    assert said.keys() == {"summary", "description", "runbook"}
    assert all(said.values())
    page, _, anchor = said["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    assert f"\n### {rule['alert']}\n" in (ROOT / page).read_text()


def test_dashboard_expressions_parse(tmp_path):
    """As recording rules: promtool of Prometheus 2 parses an expression in no other way."""
    expressions = [_as_prometheus_sees_it(target.values[0]) for target in TARGETS]
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(expressions)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TARGETS)} rules found" in done.stdout


def _as_prometheus_sees_it(expression):
    return expression.replace("$__rate_interval", "1m").replace("$config_repo", ".*")


@pytest.mark.parametrize("expression", TARGETS)
def test_panel_names_metrics_that_exist(expression):
    assert told_of([expression])
    assert told_of([expression]) <= existing_metrics()


def test_dashboard_shows_every_metric():
    shown = told_of(target.values[0] for target in TARGETS)
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in existing_metrics()}
    assert {re.sub("_(bucket|count|sum)$", "", name) for name in shown} == families


def test_dashboard_asks_the_chosen_data_source_and_config_repo():
    source = {"type": "prometheus", "uid": "${datasource}"}
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    assert told_of([variables["config_repo"]["definition"]]) <= existing_metrics()
    for asking in (*PANELS, *(target for panel in PANELS for target in panel["targets"])):
        assert asking["datasource"] == source
    assert all(
        'config_repo=~"$config_repo"' in target.values[0]
        for target in TARGETS
        if "config_repo" in target.values[0].replace("automator_config_repos", "")
    )


def test_dashboard_needs_no_plugin_and_no_panel_hides_another():
    assert {panel["type"] for panel in PANELS} == {"stat", "timeseries"}
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
