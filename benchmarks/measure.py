"""A docker-registry with an access log, and a command measured: seconds, CPU, memory of its tree, requests. Linux only."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Registry:
    host: str
    storage: Path
    log: Path

    @property
    def requests(self) -> int:
        return sum(
            1 for line in self.log.read_text().splitlines() if '"GET ' in line or '"HEAD ' in line
        )


@dataclass(frozen=True)
class Measured:
    """`memory_mib` is the largest sum over the command and all its descendants."""

    seconds: float
    cpu_seconds: float
    memory_mib: float
    requests: int
    status: int


@contextmanager
def registry(directory: Path) -> Iterator[Registry]:
    storage, log = directory / "storage", directory / "access.log"
    storage.mkdir(parents=True, exist_ok=True)
    config = directory / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: info, accesslog: {disabled: false}}\n"
        f"storage: {{filesystem: {{rootdirectory: {storage}, maxthreads: 100}}}}\n"
        "http: {addr: '127.0.0.1:0', secret: bench}\n"
    )
    with log.open("w") as out:
        process = subprocess.Popen(
            ["docker-registry", "serve", config],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env={"OTEL_TRACES_EXPORTER": "none", "PATH": os.environ["PATH"]},
        )
    assert process.stderr is not None
    host = ""
    for line in process.stderr:
        _, found, rest = line.partition("listening on ")
        if found:
            host = rest.split('"')[0].split(",")[0].split()[0]
            break
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    try:
        yield Registry(host, storage, log)
    finally:
        process.terminate()
        process.wait()


def measure(command: list[str], source: Registry | None = None) -> Measured:
    before = source.requests if source else 0
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, done = [0], threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            peak[0] = max(peak[0], sum(map(_resident_bytes, _tree(child.pid))))

    sampler = threading.Thread(target=sample)
    sampler.start()
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    done.set()
    sampler.join()
    child.stderr.close()
    if child.returncode not in {0, 1}:
        sys.stderr.write(errors.decode())
    return Measured(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        memory_mib=peak[0] / 2**20,
        requests=source.requests - before if source else 0,
        status=child.returncode,
    )


def _tree(root: int) -> list[int]:
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
