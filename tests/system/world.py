"""A small world for the installed command: a registry, a bare config repo, a configuration, and the command itself."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import yaml

AUTOMATOR = (sys.executable, "-m", "automator")
PATIENCE_SECONDS = 60

DEPLOYMENT = """\
# {name}: written by a person
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
  annotations:
    automator.dev/policy: "{policy}"   # ours
spec:
  template:
    spec:
      containers:
        - name: main
          image: '{image}'   # keep me
"""


def deployment(name: str, image: str, policy: str = "semver:^1") -> bytes:
    return DEPLOYMENT.format(name=name, image=image, policy=policy).encode()


def git(directory: Path, *args: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", *args],
        cwd=directory,
        check=True,
        capture_output=True,
        env={**os.environ, **(env or {})},
    )
    return done.stdout.decode(errors="surrogateescape")


class RemoteRepo:
    """A bare repository, and a person's clone of it."""

    def __init__(self, directory: Path) -> None:
        self.bare = directory / "config.git"
        self.clone = directory / "person"
        git(directory, "init", "-q", "--bare", "--initial-branch=main", str(self.bare))
        git(directory, "clone", "-q", str(self.bare), str(self.clone))
        git(self.clone, "symbolic-ref", "HEAD", "refs/heads/main")

    @property
    def url(self) -> str:
        return self.bare.as_uri()

    @property
    def head(self) -> str:
        return git(self.bare, "rev-parse", "main").strip()

    @property
    def count(self) -> int:
        return int(git(self.bare, "rev-list", "--count", "main"))

    @property
    def message(self) -> str:
        return git(self.bare, "log", "-1", "--format=%B", "main").strip()

    def show(self, path: str) -> bytes:
        return git(self.bare, "show", f"main:{path}").encode()

    def commit(self, files: Mapping[str, bytes], message: str = "a person's change") -> str:
        """As a person would: on top of whatever is there, pushed."""
        if git(self.bare, "branch", "--list", "main").strip():
            git(self.clone, "fetch", "-q", "origin")
            git(self.clone, "reset", "-q", "--hard", "origin/main")
        for path, data in files.items():
            target = self.clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "-q", "-m", message)
        git(self.clone, "push", "-q", "origin", "HEAD:main")
        return self.head


class World:
    """A folder with `automator.yaml`; `settings` may be changed until the command runs."""

    def __init__(self, directory: Path, registry_host: str) -> None:
        self.directory = directory
        self.registry_host = registry_host
        self.remote = RemoteRepo(directory)
        self.settings: dict[str, object] = {
            "config_repos": [{"name": "shop", "url": self.remote.url}],
            "registries": [{"host": registry_host, "insecure": True, "requests_per_second": 1000}],
            "poll_interval": "1s",
            "git_poll_interval": "1s",
            "listen": "",
        }
        self.env: dict[str, str] = {}

    def write_config(self) -> Path:
        path = self.directory / "automator.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        return path

    def run(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The command in the world's folder, where it finds its configuration."""
        self.write_config()
        return subprocess.run(
            [*AUTOMATOR, *args],
            cwd=self.directory,
            env={**os.environ, **self.env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def json(self, *args: str) -> object:
        done = self.run(*args, "-o", "json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def daemon(self):
        """`automator run`, whose log lines can be waited for; ended by SIGTERM."""
        self.write_config()
        process = subprocess.Popen(
            [*AUTOMATOR, "run"],
            cwd=self.directory,
            env={**os.environ, **self.env},
            stderr=subprocess.PIPE,
            text=True,
        )
        daemon = Daemon(process)
        try:
            yield daemon
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)
            daemon.join()


class Daemon:
    """A running daemon. `lines` holds every log line read so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, object]] = []
        self.raw: list[str] = []
        self._queue: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._queue.put(line)
        self._queue.put(None)
        self.process.stderr.close()

    def wait_for(self, event: str, **fields: object) -> dict[str, object]:
        """The next line of this event whose fields have these values."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no {event} {fields} in {self.raw}") from None
            if line is None:
                raise AssertionError(f"the daemon ended before {event} {fields}: {self.raw}")
            self.raw.append(line)
            try:
                parsed = json.loads(line)
            except ValueError as error:
                raise AssertionError(f"no log line: {line!r}") from error
            self.lines.append(parsed)
            if parsed["event"] == event and all(parsed.get(k) == v for k, v in fields.items()):
                return parsed

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit status, and the seconds until the end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_SECONDS)
        return status, time.monotonic() - began

    def join(self) -> None:
        self._reader.join(PATIENCE_SECONDS)
