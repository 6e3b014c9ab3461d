"""Whatever the OpenAPI document allows, and what it does not, is answered as it says: asked by schemathesis, all its checks.

Bounded, and the same in each run. Who may act acts for real, on a config repo that is thrown away. Its engine is called
directly: its pytest plugin does not know the pytest of today.
"""

import httpx
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.unit.web.making import CARTS, ORDERS, TOKENS, USER, shop_in_thread

OPERATIONS = (
    "GET /workloads",
    "GET /workloads.csv",
    "GET /workloads/{config_repo}/{workload}",
    "GET /config-repos",
    "GET /plan",
    "GET /history",
    "GET /registries",
    "GET /me",
    "POST /actions",
    "POST /sync",
)
ACTING = OPERATIONS[-2:]

CONFIG = {
    "seed": 1,
    "generation": {"max-examples": 5, "deterministic": True, "database": "none"},
    "phases": {"stateful": {"enabled": False}},
    # Most characters are not allowed in a path.
    "suppress-health-check": ["filter_too_much"],
    "operations": [
        {
            # A policy may be no expression, a workload may be locked, and `seen` is as long as `actions` or empty.
            "include-name": "POST /actions",
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", 401, 404, 409, 422, 502, 503]
                }
            },
        }
    ],
}
NO_COVERAGE = {"phases": {"stateful": {"enabled": False}, "coverage": {"enabled": False}}}
TOKEN = {"auth": {"openapi": {"bearer": {"bearer": TOKENS["ann"]}}}}


@schemathesis.hook
def before_call(context, case, kwargs):
    """What is valid is about workloads that there are: else every action would end at their names."""
    valid = case.meta is not None and case.meta.generation.mode.value == "positive"
    if not valid or not isinstance(case.body, dict) or "actions" not in case.body:
        return
    case.body["actions"] = case.body["actions"][:2]
    for number, action in enumerate(case.body["actions"]):
        action.pop("path", None)
        action["config_repo"] = "shop"
        action["workload"] = (CARTS, USER, ORDERS)[(len(str(action)) + number) % 3]
    if case.body.get("seen"):
        case.body["seen"] = [""] * len(case.body["actions"])


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with shop_in_thread(tmp_path_factory.mktemp("shop")) as (shop, url, _):
        yield shop, f"{url}/api/v1"


def ask(url, operation, config):
    """What the checks find wrong, and how many answers they looked at."""
    method, _, path = operation.partition(" ")
    document = httpx.get(f"{url}/openapi.json").json()
    document["paths"] = {path: {method.lower(): document["paths"][path][method.lower()]}}
    config = SchemathesisConfig.from_dict(config | {"base-url": url})
    schema = schemathesis.openapi.from_dict(document, config=config)
    wrong, answers = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for case_id, checks in event.recorder.checks.items():
                answers += 1
                asked = event.recorder.interactions.get(case_id)
                wrong += [
                    f"{one.name}: {one.failure_info.failure.message}; {asked and (asked.request.method, asked.request.uri, asked.request.body)}"
                    for one in checks
                    if one.failure_info
                ]
    return wrong, answers


@pytest.mark.parametrize("operation", OPERATIONS)
def test_by_who_may_act(served, operation):
    shop, url = served
    wrong, answers = ask(url, operation, CONFIG | TOKEN)
    assert wrong == []
    assert answers > 5
    assert shop.heard.named("bug.met") == []


@pytest.mark.parametrize("operation", [*ACTING, "GET /me", "GET /plan"])
def test_by_nobody(served, operation):
    shop, url = served
    head = shop.world.remote.head
    wrong, answers = ask(url, operation, CONFIG | NO_COVERAGE)
    # Valid data are not accepted from nobody.
    wrong = [one for one in wrong if "positive_data_acceptance" not in one]
    assert (wrong, answers > 0) == ([], True)
    assert shop.world.remote.head == head


def test_acts_were_done_and_refused(served):
    """What was asked went to the end of the way, both ways."""
    shop, url = served
    if not shop.heard.named("action.done"):
        ask(url, "POST /actions", CONFIG | TOKEN)
    assert shop.heard.named("action.done")
    assert shop.heard.named("action.refused")


def test_every_operation_is_asked(served):
    document = httpx.get(f"{served[1]}/openapi.json").json()
    described = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert described == set(OPERATIONS)
