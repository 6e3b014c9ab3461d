"""Who acts over HTTP makes the commits that the command line would make, in their own name."""

import json

import pytest

from automator.web.api import models
from tests.servers.scripted import Reply
from tests.system.world import git
from tests.unit.web.making import CARTS, ORDERS, USER

pytestmark = pytest.mark.anyio

ACTIONS = "/api/v1/actions"


def lock(workload=CARTS, **more):
    return {"action": "lock", "config_repo": "shop", "workload": workload, **more}


async def act(client, *actions, expected=200, **more):
    """The results, which are as described; or the problem."""
    answer = await client.post(ACTIONS, json={"actions": list(actions), **more})
    assert answer.status_code == expected, answer.text
    model = models.ActionResults if expected == 200 else models.Problem
    model.model_validate_json(answer.content, extra="forbid")
    return answer.json()["results"] if expected == 200 else answer.json()


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        (lock(reason="INC-1"), f"Lock {CARTS}: INC-1"),
        ({**lock(USER), "action": "unlock"}, f"Unlock {USER}"),
        ({**lock(), "action": "deautomate"}, f"Deautomate {CARTS}"),
        (
            {**lock(), "action": "set-policy", "policy": "semver:~1.0"},
            f"Set the policy of {CARTS} to semver:~1.0",
        ),
        ({**lock(), "action": "release", "tag": "1.1.0"}, f"Release {CARTS} at 1.1.0"),
        ({**lock(), "action": "rollback", "tag": "1.1.0"}, f"Roll back {CARTS} to 1.1.0"),
    ],
    ids=lambda value: value["action"] if isinstance(value, dict) else "",
)
async def test_an_action_is_a_commit_of_the_person(shop, ann, asked, subject):
    head = shop.world.remote.head
    [shown] = await act(ann, asked, dry_run=True)
    assert shop.world.remote.head == head
    [done] = await act(ann, asked, seen=[shown["diff_id"]])
    assert done["commit"] == shop.world.remote.head
    assert done["diff"] == shown["diff"]
    assert shop.world.remote.message.splitlines()[0] == subject
    who = git(shop.world.remote.bare, "log", "-1", "--format=%an <%ae>", "main").strip()
    assert who == "Ann <ann@example.com>"


async def test_the_command_line_shows_the_same(shop, ann):
    [shown] = await act(ann, lock(reason="why"), dry_run=True)
    assert shown.pop("status") == 200
    assert shown == shop.world.json("lock", CARTS, "--reason", "why", "--dry-run")


async def test_what_is_so_already_makes_no_commit(shop, ann):
    [done] = await act(ann, lock(USER))
    assert (done["commit"], done["diff"]) == (None, "")


async def test_each_action_says_what_became_of_it_and_one_that_fails_stops_no_other(shop, ann):
    results = await act(ann, lock(), lock("shop:deployment/none"), lock(ORDERS))
    assert [result["status"] for result in results] == [200, 404, 200]
    assert "no workload is named" in results[1]["error"]
    log = git(shop.world.remote.bare, "log", "-2", "--format=%s", "main").split("\n")[:2]
    assert log == [f"Lock {ORDERS}", f"Lock {CARTS}"]


async def test_what_several_in_one_file_were_shown_is_what_they_get(shop, ann):
    """The first edit moves the lines of the second."""
    both = shop.world.remote.show("carts.yaml") + b"---\n" + shop.world.remote.show("orders.yaml")
    shop.world.remote.commit({"carts.yaml": both, "orders.yaml": b""})
    asked = lock(), lock(ORDERS)
    shown = await act(ann, *asked, dry_run=True)
    done = await act(ann, *asked, seen=[one["diff_id"] for one in shown])
    assert all(one["commit"] for one in done), done


async def test_another_diff_than_was_shown_is_not_committed(shop, ann):
    [shown] = await act(ann, lock(), dry_run=True)
    text = shop.world.remote.show("carts.yaml").decode().replace("# ours", "# theirs")
    shop.world.remote.commit({"carts.yaml": text.encode()})
    head = shop.world.remote.head
    problem = await act(ann, lock(), seen=[shown["diff_id"]], expected=409)
    assert "another one than was shown" in problem["error"]
    assert shop.world.remote.head == head


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        (lock("shop:deployment/none"), 404, "no workload"),
        ({**lock(), "config_repo": "none"}, 404, "no config repo"),
        ({**lock(), "action": "release", "tag": "1.1.0", "container": "x"}, 404, "container"),
        ({**lock(), "action": "release", "tag": "9.9.9"}, 404, "the registry has no"),
        ({**lock(USER), "action": "release", "tag": "1.1.0"}, 422, "is locked"),
        ({**lock(), "action": "set-policy", "policy": "semver:nonsense"}, 422, "nonsense"),
        (lock(path="elsewhere/**"), 422, "in no file like"),
    ],
)
async def test_a_single_action_that_fails_has_a_status_of_its_own(shop, ann, asked, status, says):
    head = shop.world.remote.head
    problem = await act(ann, asked, expected=status)
    assert says in problem["error"]
    assert shop.world.remote.head == head


async def test_a_registry_that_is_down_is_not_the_visitors_mistake(shop, ann):
    broken = Reply(status=500)
    shop.registry.script("/v2/shop/carts/manifests/1.1.0", broken)
    await act(ann, {**lock(), "action": "release", "tag": "1.1.0"}, expected=503)


async def test_a_rule_of_the_remote_is_told(shop, ann):
    hook = shop.world.remote.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    problem = await act(ann, lock(), expected=502)
    assert "refuses the push" in problem["error"]


async def test_a_remote_that_is_gone_is_told(shop, ann):
    shop.world.remote.bare.rename(shop.world.directory / "gone.git")
    await act(ann, lock(), expected=502)


async def test_an_error_of_our_own_hides_no_other_result(shop, ann):
    shop.desk.board.repos["other"] = shop.desk.board.repos["shop"]
    results = await act(ann, lock(), {**lock(), "config_repo": "other"})
    assert [result["status"] for result in results] == [200, 500]
    assert results[1]["error"] == "this is a bug in automator"
    assert len(shop.heard.named("bug.met")) == 1


async def test_the_log_and_the_metrics_say_who_did_what(shop, ann):
    await act(ann, lock(), dry_run=True)
    [done] = await act(ann, lock())
    await act(ann, {**lock(ORDERS), "action": "release", "tag": "9.9.9"}, expected=404)
    [told] = shop.heard.named("action.done")
    assert (told.who, told.verb, told.workload, told.commit) == (
        "Ann <ann@example.com>", "lock", CARTS, done["commit"],
    )  # fmt: skip
    [refused] = shop.heard.named("action.refused")
    assert (refused.verb, refused.config_repo) == ("release", "shop")
    metrics = (await ann.get("/metrics")).text
    assert 'automator_actions_total{action="lock",result="done"} 1.0' in metrics
    assert 'automator_actions_total{action="release",result="refused"} 1.0' in metrics


async def test_an_action_wakes_the_pass_of_its_config_repo(shop, ann):
    await act(ann, lock(), dry_run=True)
    assert not await shop.watched[0].trigger.wait(at_most_seconds=0)
    await act(ann, lock())
    assert await shop.watched[0].trigger.wait(at_most_seconds=0)


async def test_a_sync_polls_and_wakes(shop, ann):
    before = len(shop.registry.requests_for("/v2/shop/carts/tags/list"))
    answer = await ann.post("/api/v1/sync", json={})
    assert (answer.status_code, answer.json()) == (202, {"config_repos": ["shop"]})
    assert await shop.watched[0].trigger.wait(at_most_seconds=20)
    assert len(shop.registry.requests_for("/v2/shop/carts/tags/list")) == before + 1
    answer = await ann.post("/api/v1/sync", json={"config_repos": ["shop", "none"]})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["actions", "sync"])
@pytest.mark.parametrize(("token", "status"), [("", 401), ("rob", 403)])
async def test_who_may_not_act_does_not(shop, path, token, status):
    head = shop.world.remote.head
    async with shop.client(token) as client:
        body = {"actions": [lock()]} if path == "actions" else {}
        answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status
    models.Problem.model_validate_json(answer.content, extra="forbid")
    assert shop.world.remote.head == head


def _deep(depth=30_000):
    return b"[" * depth


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff", 400),
        (b"null", 422),
        (_deep(), 400),
        (b'{"actions": []}', 422),
        (b'{"actions": [{"action": "explode"}]}', 422),
        (b'{"actions": [{"action": "lock", "config_repo": "shop"}]}', 422),
        (b'{"actions": [%b], "typo": 1}', 422),
        (b'{"actions": [%b], "seen": ["%b"]}' % (b"%b", b"x" * 64), 422),
        (b'{"actions": [%b], "seen": ["", ""]}', 422),
        (b'{"actions": [%b], "dry_run": "yes"}', 422),
        (b'{"actions": [' + b",".join([b"%b"] * 101) + b"]}", 422),
    ],
    ids=range(13),
)
async def test_what_is_no_request_is_told_and_changes_nothing(shop, ann, body, status):
    one = b'{"action": "lock", "config_repo": "shop", "workload": "shop:deployment/carts"}'
    head = shop.world.remote.head
    body = body.replace(b"%b", one)
    answer = await ann.post(ACTIONS, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    models.Problem.model_validate_json(answer.content, extra="forbid")
    assert shop.world.remote.head == head


@pytest.mark.parametrize(
    "more",
    [
        {"reason": "x\nActed-by: Eve <eve@example.com>\n\0\x1b[31m"},
        {"reason": "\u202e\ud800"},
        {"path": "*a" * 400},
        {"path": "[" * 500},
        {"path": "{" * 20 + "a,b}" * 200},
        {"path": "{1..1000000000}"},
        {"action": "set-policy", "policy": "[" * 1999},
        {"action": "set-policy", "policy": "&a [*a, *a, *a]"},
        {"action": "set-policy", "policy": "regex:(a+)+$"},
        {"action": "set-policy", "policy": "semver:" + ">=1 " * 400},
        {"action": "release", "tag": "1.1.0", "container": "\0"},
    ],
    ids=range(11),
)
async def test_hostile_words_are_words(shop, ann, more):
    body = json.dumps({"actions": [{**lock(), **more}], "dry_run": True})
    headers = {"content-type": "application/json"}
    answer = await ann.post(ACTIONS, content=body, headers=headers)
    assert answer.status_code in {200, 404, 409, 422}, answer.text
    assert not shop.heard.named("bug.met")


async def test_every_action_of_the_command_line_is_one_of_the_api(ann):
    document = (await ann.get("/api/v1/openapi.json")).json()
    words = document["components"]["schemas"]["ActionsRequest"]["properties"]["actions"]["items"]
    assert set(words["discriminator"]["mapping"]) == {
        "automate", "deautomate", "lock", "unlock", "set-policy", "release", "rollback",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Acted", "WorkloadRow", "LockRequest", "RegistryState"])
async def test_every_field_is_described(ann, name):
    document = (await ann.get("/api/v1/openapi.json")).json()
    fields = document["components"]["schemas"][name]["properties"]
    assert all(one.get("description") or one.get("const") for one in fields.values()), fields
