"""The registry side: poll rounds, memory over two million tags, `latest` over many builds, push events."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx

from automator.clock import SystemClock
from automator.model.image import ImageRepository
from automator.observe.observer import Observer
from automator.registry.client import RegistryClient
from automator.registry.credentials import Credentials
from automator.registry.settings import HostSettings
from automator.store.store import Store
from benchmarks.end_to_end import run, show
from benchmarks.measure import measure, registry
from benchmarks.table import Row
from benchmarks.world import fill, git, image_path, make_repo, write_config
from tests.servers.images import make_image, push_image, write_image
from tests.servers.registry import Notified, docker_registry

_SECRET = "bench"


def poll_round(*, quick: bool) -> Iterator[Row]:
    """What a daemon's steady state costs: the list of each image repository, asked for and found unchanged."""
    images = 50 if quick else 500
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with registry(directory) as source:
            fill(source.storage, range(images), range(100))
            repositories = [ImageRepository(source.host, image_path(n)) for n in range(images)]
            yield from anyio.run(_poll_rounds, directory, repositories)


async def _poll_rounds(directory: Path, repositories: list[ImageRepository]) -> list[Row]:
    clock, host = SystemClock(), repositories[0].host
    settings = HostSettings(host=host, insecure=True, requests_per_second=1e6)
    client = RegistryClient(
        hosts={host: settings}, credentials=Credentials(clock=clock), clock=clock
    )
    rows = []
    async with client as asked:
        with Store.open(directory / "store.db") as store:
            observer = Observer(registry=asked, store=store, clock=clock)
            for name in ("first poll round", "next poll round", "poll round after that"):
                cpu, before = time.process_time(), asked.requests
                result = await observer.refresh(repositories, older_than=clock.now())
                seconds = time.process_time() - cpu
                rows.append(
                    Row(
                        f"{len(repositories)} image repositories x 100 tags: {name}",
                        f"{seconds:.2f} CPU s, {result.took.total_seconds():.2f} s,"
                        f" {asked.requests - before} requests",
                        f"{len(repositories)} requests",
                        "",
                    )
                )
    return rows


@contextmanager
def _stub(tags: int) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.stub_registry", str(tags)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def many_tags(*, quick: bool) -> Iterator[Row]:
    images, tags = (100, 1000) if quick else (2000, 1000)
    with tempfile.TemporaryDirectory() as folder, _stub(tags) as host:
        directory = Path(folder)
        bare = make_repo(directory, host, manifests=images, images=images)
        config = write_config(directory, bare, [host])
        for name in ("cold to the pushed commit", "idle poll"):
            result = measure(run(config))
            figure = f"{result.seconds:.2f} s, {result.cpu_seconds:.2f} CPU s, {result.memory_mib:.0f} MiB"
            yield Row(f"{images} image repositories x {tags} tags: {name}", figure, "250 MiB", "")


def latest(*, quick: bool) -> Iterator[Row]:
    """Builds whose age only their config blobs tell, and one workload that wants the newest."""
    count = 500 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with registry(directory) as source:
            _add_builds(source.storage, range(count))
            bare = make_repo(directory, source.host, manifests=1, images=1)
            _follow_builds(directory / "clone", source.host)
            config = write_config(directory, bare, [source.host])
            what = f"latest over {count} tags"
            yield Row(f"{what}: first selection", show(measure(run(config), source)), "", "")
            _add_builds(source.storage, range(count, count + 1))
            yield Row(f"{what}: one more tag", show(measure(run(config), source)), "3 requests", "")
            yield Row(f"{what}: idle", show(measure(run(config), source)), "1 request", "")
            assert f"main-{count:05d}" in git(bare, "show", "main:" + _PATH)


_PATH = "apps/team-00/workload-00000.yaml"


def _add_builds(storage: Path, numbers: range) -> None:
    for number in numbers:
        created = f"{2020 + number // 8000}-01-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        write_image(
            storage,
            "bench/builds",
            f"main-{number:05d}",
            make_image(created=created, label=str(number)),
        )


def _follow_builds(clone: Path, host: str) -> None:
    path = clone / _PATH
    text = path.read_text().replace("semver:>=1.0.0", "glob:main-*")
    before = next(line for line in text.splitlines() if " image: " in line)
    path.write_text(text.replace(before, f"          image: {host}/bench/builds:main-00000"))
    git(clone, "commit", "-q", "-a", "-m", "follow builds")
    git(clone, "push", "-q", "origin", "HEAD:main")


def push_events(*, quick: bool) -> Iterator[Row]:
    """docker-registry's own notification, from the end of the push to the commit in the remote."""
    pushes = 10 if quick else 100
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        address = free_address()
        notified = Notified(
            url=f"http://{address}/hooks/registry", authorization=f"Bearer {_SECRET}"
        )
        with docker_registry(directory / "registry", notified=notified) as source:
            push_image(source.url, image_path(0), "1.0.0")
            bare = make_repo(directory, source.host, manifests=200, images=200)
            config = write_config(directory, bare, [source.host])
            config.write_text(
                config.read_text().replace("listen: ''", f"listen: '{address}'")
                + f"poll_interval: 1h\nhooks: [{{name: registry, kind: distribution, secret: {_SECRET}, registry: '{source.host}'}}]\n"
            )
            seconds = _push_and_wait(config, source.url, address, bare, pushes)
    ordered = sorted(seconds)
    figure = (
        f"median {statistics.median(ordered) * 1000:.0f} ms,"
        f" p99 {ordered[int(len(ordered) * 0.99) - 1] * 1000:.0f} ms, {pushes} pushes"
    )
    yield Row("push to docker-registry to the pushed commit, 200 manifests", figure, "1 s", "")


def free_address() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


def _push_and_wait(config: Path, url: str, address: str, bare: Path, pushes: int) -> list[float]:
    command = [sys.executable, "-m", "automator", "--config", str(config), "run"]
    daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    head = bare / "refs/heads/main"
    try:
        wait_until_ready(address)
        seconds = []
        for number in range(pushes):
            before = head.read_bytes()
            push_image(url, image_path(0), f"3.0.{number}")
            began = time.perf_counter()
            while head.read_bytes() == before and time.perf_counter() - began < 30:
                time.sleep(0.002)
            seconds.append(time.perf_counter() - began)
        return seconds
    finally:
        daemon.terminate()
        daemon.wait()


def wait_until_ready(address: str) -> None:
    with httpx.Client(trust_env=False) as client:
        for _ in range(300):
            try:
                if client.get(f"http://{address}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise RuntimeError("the daemon did not become ready")
