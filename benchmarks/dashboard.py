"""The pages under load: many containers, many people who look, and poll rounds at once."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import httpx

from automator.web.access.tokens import hash_token, make_token
from benchmarks.measure import registry
from benchmarks.registries import free_address, wait_until_ready
from benchmarks.table import Row
from benchmarks.world import fill, git, make_repo, write_config

_VIEWERS = 50
_ROUNDS = 5
_QUIET_SECONDS = 3.0
_SETTLE_SECONDS = 5.0
_LOADING_SECONDS = 0.3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    url: str
    token: str
    pid: int
    log: Path

    @property
    def cpu_seconds(self) -> float:
        """Of the daemon alone, without the git that it calls."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def wait_until_quiet(self) -> None:
        size, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            time.sleep(0.1)
            if self.log.stat().st_size != size:
                size, since = self.log.stat().st_size, time.monotonic()


def dashboard(*, quick: bool) -> Iterator[Row]:
    images, containers = (50, 500) if quick else (500, 5000)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with registry(directory) as source:
            fill(source.storage, range(images), range(55, 70))
            bare = make_repo(directory, source.host, manifests=containers, images=images)
            _lock_half(directory / "clone")
            config = write_config(directory, bare, [source.host])
            with _daemon(directory, config) as daemon:
                yield from _measure(daemon, containers)


def _lock_half(clone: Path) -> None:
    """So that the table has rows that are behind, and stay so."""
    policy = '    automator.dev/policy: "semver:>=1.0.0"\n'
    for path in sorted(clone.rglob("*.yaml"))[::2]:
        text = path.read_text()
        path.write_text(text.replace(policy, f'{policy}    automator.dev/locked: "true"\n'))
    git(clone, "commit", "-q", "-a", "-m", "Lock half")
    git(clone, "push", "-q", "origin", "HEAD:main")


@contextmanager
def _daemon(directory: Path, config: Path) -> Iterator[Daemon]:
    address, token, log = free_address(), make_token(), directory / "daemon.log"
    user = f"{{name: bench, token_sha256: {hash_token(token)}}}"
    config.write_text(
        config.read_text().replace("listen: ''", f"listen: '{address}'")
        + f"poll_interval: 1h\nlog_format: json\nlog_level: debug\nweb: {{users: [{user}]}}\n"
    )
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "automator", "--config", str(config), "run"], stderr=out
        )
    try:
        wait_until_ready(address)
        yield Daemon(url=f"http://{address}", token=token, pid=process.pid, log=log)
    finally:
        process.terminate()
        process.wait()


def _measure(daemon: Daemon, containers: int) -> Iterator[Row]:
    daemon.wait_until_quiet()
    httpx.get(daemon.url, trust_env=False)  # who looks first has the ages fetched
    daemon.wait_until_quiet()
    alone = _sync_rounds(daemon)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.viewers", daemon.url, str(_VIEWERS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as viewers:
        time.sleep(_SETTLE_SECONDS)
        began, cpu = time.monotonic(), daemon.cpu_seconds
        watched = _sync_rounds(daemon)
        load = (daemon.cpu_seconds - cpu) / (time.monotonic() - began)
        seen = json.loads(viewers.communicate()[0])
    what = f"{containers} containers, {_VIEWERS} viewers, poll rounds"
    pages = sorted(seen["seconds"])
    yield Row(
        f"{what}: page of the table",
        f"median {statistics.median(pages) * 1000:.0f} ms,"
        f" p95 {pages[int(len(pages) * 0.95)] * 1000:.0f} ms,"
        f" {len(pages)} pages, {seen['failed']} failed",
        "median 300 ms",
        "",
    )
    before, after = statistics.median(alone), statistics.median(watched)
    yield Row(
        f"{what}: a poll round",
        f"{after:.2f} s, daemon at {load:.0%} of a core",
        "10% over none looking",
        f"none looking: {before:.2f} s, so {after / before - 1:+.0%}",
    )
    size = statistics.median(seen["sizes"]) / 1024
    yield Row(f"{what}: bytes of a page", f"median {size:.0f} KiB", "", "")


def _sync_rounds(daemon: Daemon) -> Sequence[float]:
    """Each begins a moment after the pass that followed the one before: when its news make all viewers load."""
    headers = {"authorization": f"Bearer {daemon.token}"}
    took = []
    with (
        httpx.Client(base_url=daemon.url, headers=headers, timeout=60, trust_env=False) as client,
        daemon.log.open() as log,
    ):
        for _ in range(_ROUNDS):
            log.seek(0, os.SEEK_END)
            client.post("/api/v1/sync", json={}).raise_for_status()
            took.append(float(_wait_for(log, "poll_round.finished")["took"]))
            _wait_for(log, "pass.finished")
            time.sleep(_LOADING_SECONDS)
    return took


def _wait_for(log: TextIO, name: str) -> dict[str, Any]:
    line = ""
    while True:
        line += log.readline()
        if not line.endswith("\n"):
            time.sleep(0.02)
            continue
        if f'"event": "{name}"' in line:
            return dict(json.loads(line))
        line = ""
