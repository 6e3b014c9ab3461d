"""The demo: each new tag becomes a commit, or is left alone for a reason; it ends by itself or on Ctrl-C."""

import json
import os
import re
import signal
import subprocess

import httpx
import pytest

from tests.system.world import AUTOMATOR, PATIENCE_SECONDS


def test_once_shows_every_release_and_ends(tmp_path):
    done = subprocess.run(
        [*AUTOMATOR, "demo", "--once", "-o", "json"],
        capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE_SECONDS, check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    releases = json.loads(done.stdout)["releases"]
    assert [(r["image"], r["commit"] is not None) for r in releases] == [
        ("weaveworksdemos/carts", True),
        ("rabbitmq", True),
        ("weaveworksdemos/payment", False),
        ("weaveworksdemos/orders", False),
    ]
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


@pytest.fixture
def demo(tmp_path):
    process = subprocess.Popen(
        [*AUTOMATOR, "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)


def read_until(process, pattern):
    return next(found for line in process.stdout if (found := re.search(pattern, line)))


def test_a_visitor_sees_the_workloads_and_may_act(demo):
    address = read_until(demo, "Dashboard: (http://127.*)/")[1]
    token = read_until(demo, "amt_[^ ]+")[0]
    read_until(demo, "Ctrl-C ends the demo")
    lock = {"action": "lock", "config_repo": "sock-shop", "workload": "sock-shop:deployment/user"}
    with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as visitor:
        assert "/workloads/sock-shop/sock-shop:deployment/rabbitmq" in visitor.get("/").text
        rows = visitor.get("/api/v1/workloads").json()["workloads"]
        current = {row["workload"]: row["current"] for row in rows}
        assert current["sock-shop:deployment/carts"] == "0.4.9"
        answer = visitor.post(
            "/api/v1/actions",
            json={"actions": [lock]},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.json()["results"][0]["commit"]


def test_ctrl_c_ends_it(demo, tmp_path):
    read_until(demo, "Update 127.0.0.1")
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=PATIENCE_SECONDS)
    assert demo.returncode in {0, 130}
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
