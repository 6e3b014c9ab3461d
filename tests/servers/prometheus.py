"""Debian's Prometheus on a free loopback port, and its promtool.

with prometheus(tmp_path, scraped=address, rules=RULES) as running:
    running.query("automator_commits_total")
"""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import yaml

PROGRAM = Path("/usr/bin/prometheus")
PROMTOOL = Path("/usr/bin/promtool")
JOB = "automator"

_PATIENCE_SECONDS = 60.0
_LISTENING = "Listening on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of an answer; `labels` are without the name of the metric."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    client: httpx.Client

    def query(self, expression: str) -> list[Series]:
        """The series of an instant query; raises where the expression is refused."""
        answer = self._get("query", query=expression)
        return [
            Series(
                labels={key: text for key, text in row["metric"].items() if key != "__name__"},
                value=float(row["value"][1]),
            )
            for row in answer["result"]
        ]

    def wait_for(self, expression: str, is_so: Callable[[Sequence[Series]], bool]) -> list[Series]:
        """Asks until the answer is as wanted."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_so(found := self.query(expression)):
            assert time.monotonic() < deadline, f"{expression}: {found}"
            time.sleep(0.2)
        return found

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> Any:
        answer = self.client.get(f"/api/v1/{what}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def prometheus(directory: Path, *, scraped: str, rules: Path) -> Iterator[Prometheus]:
    """Scrapes `scraped` (`host:port`) as the job `automator`, and evaluates the rules, each second."""
    config = directory / "prometheus.yaml"
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [scraped]}]}],
    }
    config.write_text(yaml.safe_dump(settings))
    process = subprocess.Popen(
        [
            PROGRAM,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'series'}",
            "--web.listen-address=127.0.0.1:0",
            "--log.format=json",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    drain = threading.Thread(target=_drain, args=(process.stderr,), name="prometheus log")
    try:
        address = _wait_for_address(process.stderr)
        drain.start()
        with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=30) as client:
            yield Prometheus(client=client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if drain.is_alive():
            drain.join()
        process.stderr.close()


def promtool(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROMTOOL, *args], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
    )


def _wait_for_address(log: IO[str]) -> str:
    """It chooses a port, and says which: nobody else can take it in between."""
    lines = []
    for line in log:
        lines.append(line)
        said = json.loads(line)
        if said.get("msg") == _LISTENING:
            return said["address"]
    raise RuntimeError(f"prometheus did not start: {''.join(lines)}")


def _drain(log: IO[str]) -> None:
    for _ in log:
        pass
