"""What can be read is what the command line says, and what the description says."""

import csv
import io

import pytest

from automator.web.api import models
from tests.unit.web.making import CARTS, ODD, ODD_CONTAINER, ODD_PATH, ORDERS, USER

pytestmark = pytest.mark.anyio

API = "/api/v1"


async def read(client, path, model, expected=200, **params):
    """The answer, which has every key of its description and none besides."""
    answer = await client.get(f"{API}{path}", params=params)
    assert answer.status_code == expected, answer.text
    model.model_validate_json(answer.content, extra="forbid")
    return answer.json()


async def test_workloads_with_their_statuses(nobody):
    page = await read(nobody, "/workloads", models.WorkloadsPage)
    rows = {row["workload"]: row for row in page["workloads"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        CARTS: "updatable", USER: "locked", ORDERS: "registry failing", ODD: "no policy",
    }  # fmt: skip
    assert (page["total"], page["page"], page["pages"]) == (4, 1, 1)
    assert page["statuses"] == {
        "updatable": 1, "locked": 1, "registry failing": 1, "no policy": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"q": "carts"}, [CARTS]),
        ({"status": ["locked", "updatable"]}, [CARTS, USER]),
        ({"sort": "-workload", "per_page": 2}, [USER, ORDERS]),
        ({"per_page": 3, "page": 2}, [USER]),
        ({"per_page": 3, "page": 99}, []),
        ({"config_repo": "elsewhere"}, []),
        ({"namespace": "shop", "group": "config_repo", "q": "odd"}, [ODD]),
    ],
)
async def test_the_query_chooses_rows(nobody, params, found):
    page = await read(nobody, "/workloads", models.WorkloadsPage, **params)
    assert [row["workload"] for row in page["workloads"]] == found


async def test_as_csv_with_what_spreadsheets_would_run_made_harmless(nobody):
    answer = await nobody.get(f"{API}/workloads.csv", params={"per_page": 1, "page": 3})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    page = await read(nobody, "/workloads", models.WorkloadsPage)
    assert [row["workload"] for row in rows] == [row["workload"] for row in page["workloads"]]
    assert list(rows[0]) == list(page["workloads"][0])
    [odd] = [row for row in rows if row["workload"] == ODD]
    assert odd["container"] == f"'{ODD_CONTAINER}"


@pytest.mark.parametrize("slash", ["/", "%2F"])
async def test_a_workload_is_explained(nobody, slash):
    path = f"/workloads/shop/{CARTS.replace('/', slash)}"
    [carts] = (await read(nobody, path, models.Explained))["containers"]
    best = carts["tags"][0]
    assert (best["tag"], best["accepted"]) == ("1.1.0", True)
    assert [image["tag"] for image in carts["images"]] == ["1.0.0", "1.1.0"]
    [carts] = (await read(nobody, path, models.Explained, tags=1))["containers"]
    assert len(carts["tags"]) == 1


async def test_a_path_that_is_no_text_is_told_as_the_command_line_tells_it(nobody):
    answer = await nobody.get(f"{API}/workloads/shop/{ODD}")
    assert answer.json()["containers"][0]["path"] == ODD_PATH


async def test_the_rest_answers_as_it_is_described(nobody):
    [update] = (await read(nobody, "/history", models.History))["updates"]
    assert (update["workload"], update["from"].rpartition(":")[2]) == (CARTS, "0.9.0")
    assert (await read(nobody, "/history", models.History, workload=USER))["updates"] == []
    [repo] = (await read(nobody, "/config-repos", models.ConfigRepos))["config_repos"]
    assert (repo["name"], repo["workloads"], repo["statuses"]["locked"]) == ("shop", 4, 1)
    [plan] = (await read(nobody, "/plan", models.Plans))["repos"]
    assert [change["workload"] for change in plan["changes"]] == [CARTS]
    assert "shop/orders" in plan["errors"][0]


async def test_registries_with_what_fails(shop, nobody):
    [host] = (await read(nobody, "/registries", models.Registries))["registries"]
    assert host["host"] == shop.registry.host
    assert [one["image_repository"] for one in host["failing"]] == [f"{host['host']}/shop/orders"]


async def test_who_asks(shop, nobody, ann):
    assert await read(nobody, "/me", models.Me) == {
        "person": None, "may_act": False, "csrf": "",
    }  # fmt: skip
    me = await read(ann, "/me", models.Me)
    assert (me["person"]["email"], me["may_act"]) == ("ann@example.com", True)
    async with shop.client("rob") as rob:
        assert (await read(rob, "/me", models.Me))["may_act"] is False


async def test_the_command_line_says_the_same(shop, nobody):
    await nobody.get(f"{API}/workloads")
    await shop.warm()
    for path, model, key, words in [
        ("/workloads", models.WorkloadsPage, "workloads", ["workloads"]),
        (f"/workloads/shop/{CARTS}", models.Explained, "containers", ["explain", CARTS]),
        ("/history", models.History, "updates", ["history"]),
        ("/plan", models.Plans, "repos", ["plan"]),
    ]:
        assert (await read(nobody, path, model))[key] == shop.world.json(*words)[key], path


async def test_before_the_first_pass_there_is_little_to_say(shop, nobody):
    status = shop.desk.board.repos["shop"]
    status.survey, status.commit = None, ""
    shop.desk.board.fail("shop", "the remote is down", "", retry_at=shop.system.tools.clock.now())
    problem = await read(nobody, f"/workloads/shop/{CARTS}", models.Problem, 503)
    assert problem["hint"] == "the remote is down"
    assert (await read(nobody, "/plan", models.Plans))["repos"] == [
        {"name": "shop", "commit": None, "changes": [], "errors": ["the remote is down"]}
    ]
    [repo] = (await read(nobody, "/config-repos", models.ConfigRepos))["config_repos"]
    assert (repo["commit"], repo["error"]) == (None, "the remote is down")
    assert (await read(nobody, "/history", models.History))["updates"] == []


@pytest.mark.parametrize("path", ["/workloads", "/workloads.csv", "/config-repos", "/plan"])
async def test_what_did_not_change_is_not_sent_again(shop, nobody, path):
    first = await nobody.get(f"{API}{path}")
    kept = {"if-none-match": first.headers["etag"]}
    again = await nobody.get(f"{API}{path}", headers=kept)
    assert (again.status_code, again.content) == (304, b"")
    await shop.look()
    assert (await nobody.get(f"{API}{path}", headers=kept)).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/workloads?page=0", 422, "query.page"),
        ("/workloads?sort=nonsense", 422, "query.sort"),
        ("/workloads?status=happy", 422, "query.status"),
        ("/history?limit=many", 422, "query.limit"),
        ("/history?config_repo=other", 404, "no config repo is named 'other'"),
        ("/plan?config_repo=other", 404, "no config repo is named 'other'"),
        ("/workloads/shop/shop:deployment/none", 404, "no workload of shop"),
        ("/workloads/none/shop:deployment/carts", 404, "no config repo"),
        ("/workloads/shop/%00", 404, "no workload"),
        ("/workloads/shop/a%0Ab", 404, "Not Found"),
        ("/workloads/shop/" + "a" * 5000, 404, "no workload"),
        ("/history?workload=%00%0a--help", 200, ""),
        ("/nowhere", 404, "Not Found"),
        ("/", 404, "Not Found"),
        ("/../../etc/passwd", 404, ""),
        ("/actions", 405, "Method Not Allowed"),
    ],
)
async def test_mistakes_are_told_in_words(nobody, path, status, says):
    answer = await nobody.get(f"{API}{path}")
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    if says:
        assert says in answer.json()["error"]
        assert len(answer.json()["error"]) < 600


async def test_an_error_of_our_own_is_logged_and_not_shown(shop, nobody):
    del shop.desk.board.repos["shop"].survey
    answer = await nobody.get(f"{API}/plan")
    assert (answer.status_code, answer.json()["error"]) == (500, "this is a bug in automator")
    [bug] = shop.heard.named("bug.met")
    assert "AttributeError" in bug.traceback
