"""People and programs at a running daemon: who may read, who may act, and whose name the commits have."""

import re
import signal

import httpx
import pytest

from automator.web.access.tokens import hash_token
from tests.system.world import PATIENCE_SECONDS, deployment, git

ANN, BOB = (f"amt_{letter * 43}" for letter in "ab")
WRONG = "amt_" + "w" * 43
CARTS = "shop:deployment/carts"
LOCK = {"action": "lock", "config_repo": "shop", "workload": CARTS, "reason": "INC-1"}
USERS = [
    {"name": "Ann", "email": "ann@example.com", "token_sha256": hash_token(ANN)},
    {"name": "Bob", "token_sha256": hash_token(BOB), "may": "read"},
]


@pytest.fixture
def started(world, image, push_tags, unused_address):
    push_tags("1.0.0")
    world.remote.commit({"carts.yaml": deployment("carts", f"{image}:1.0.0")})
    world.settings |= {"listen": unused_address, "git_poll_interval": "1h", "log_level": "debug"}
    world.settings["web"] = {"users": USERS}
    return world


@pytest.fixture
def daemon(started):
    with started.daemon() as running:
        running.wait_for("pass.finished")
        yield running


@pytest.fixture
def browser(unused_address):
    """It keeps cookies, and says with each form where that comes from."""
    address = f"http://{unused_address}"
    with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as client:
        yield client


def send_form(browser, path, **fields):
    origin = str(browser.base_url).rstrip("/")
    return browser.post(path, data=fields, headers={"Origin": origin})


def field_of(page, name):
    return re.search(f'name="{name}" value="([^"]*)"', page.text)[1].replace("&amp;", "&")


def act(client, token=None, action=LOCK):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/api/v1/actions", json={"actions": [action]}, headers=headers)


def last_author(world):
    return git(world.remote.bare, "log", "-1", "--format=%an <%ae>", "main").strip()


@pytest.mark.usefixtures("daemon")
def test_a_person_logs_in_looks_at_the_diff_and_agrees(world, browser):
    answer = send_form(browser, "/login", token=ANN, next="/workloads/shop/shop:deployment/carts")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/workloads/shop/shop:deployment/carts",
    )
    csrf = field_of(browser.get(answer.headers["location"]), "csrf")
    preview = send_form(browser, "/actions/preview", csrf=csrf, back="/", **LOCK)
    assert "automator.dev/locked" in preview.text
    assert world.remote.count == 1
    agreed = {"csrf": csrf, "back": "/", "item": field_of(preview, "item")}
    done = send_form(browser, "/actions/commit", **agreed)
    assert done.status_code == 303
    assert (last_author(world), world.remote.count) == ("Ann <ann@example.com>", 2)
    assert world.remote.message.startswith(f"Lock {CARTS}: INC-1")
    assert world.remote.head[:10] in browser.get(done.headers["location"]).text


@pytest.mark.usefixtures("daemon")
def test_a_form_of_another_page_does_nothing(world, browser):
    send_form(browser, "/login", token=ANN)
    answer = send_form(browser, "/actions/preview", csrf="guessed", back="/", **LOCK)
    assert answer.status_code == 403
    headers = {"Origin": "https://elsewhere.example"}
    answer = browser.post("/login", data={"token": ANN}, headers=headers)
    assert (answer.status_code, world.remote.count) == (403, 1)


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    ("token", "status", "commits"),
    [(ANN, 200, 2), (BOB, 403, 1), (WRONG, 401, 1), (None, 401, 1)],
    ids=["may act", "may read", "wrong token", "nobody"],
)
def test_a_program_acts_with_a_token_that_may(world, browser, token, status, commits):
    assert act(browser, token).status_code == status
    assert world.remote.count == commits
    if commits == 2:
        assert last_author(world) == "Ann <ann@example.com>"


def test_who_guesses_has_to_wait_and_is_told_of(daemon, browser):
    statuses = [send_form(browser, "/login", token=WRONG).status_code for _ in range(30)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert act(browser, WRONG).status_code == 429
    refused = daemon.wait_for("login.refused")
    assert WRONG not in str(daemon.raw)
    assert refused["why"] == "no such token"
    assert 'automator_logins_total{result="refused"} 1.0' in browser.get("/metrics").text


def test_where_reading_needs_a_login_nobody_reads(started, browser):
    started.settings["web"]["read"] = "login"
    with started.daemon() as daemon:
        daemon.wait_for("pass.finished")
        page = browser.get("/timeline")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Ftimeline")
        assert browser.get("/api/v1/workloads").status_code == 401
        assert browser.get("/healthz").status_code == 200
        assert send_form(browser, "/login", token=BOB, next="/timeline").status_code == 303
        assert browser.get("/timeline").status_code == 200
        assert browser.get("/api/v1/workloads").status_code == 200


def test_who_is_taken_out_of_the_configuration_acts_no_more(daemon, world, browser):
    send_form(browser, "/login", token=ANN)
    csrf = field_of(browser.get("/"), "csrf")
    world.settings["web"] = {"users": USERS[1:]}
    world.write_config()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("config.reloaded")
    daemon.wait_for("daemon.started")
    assert act(browser, ANN).status_code == 401
    assert send_form(browser, "/actions/preview", csrf=csrf, back="/", **LOCK).status_code == 401
    assert world.remote.count == 1
    assert "Ann" not in browser.get("/").text
