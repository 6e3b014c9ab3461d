"""The demo: each new tag becomes a commit, or is left alone for a reason; it ends by itself or on Ctrl-C."""

import json
import os
import signal
import subprocess

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


def test_ctrl_c_ends_it(tmp_path):
    process = subprocess.Popen(
        [*AUTOMATOR, "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    for line in process.stdout:
        if "Update 127.0.0.1" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode in {0, 130}
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
