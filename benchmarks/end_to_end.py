"""The installed command on a real registry and a real remote, as Renovate was measured on the same world."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Measured, measure, registry
from benchmarks.table import Row
from benchmarks.world import fill, git, image_path, make_repo, version, write_config

_RENOVATE = {
    50: "Renovate: 24-30 s, 400-590 MiB, 203-305 requests",
    500: "Renovate: 218-289 s, 813-861 MiB, 2,003-3,003 requests",
}


def run(config: Path) -> list[str]:
    return [sys.executable, "-m", "automator", "--config", str(config), "run", "--once"]


def show(result: Measured) -> str:
    return (
        f"{result.seconds:.2f} s, {result.cpu_seconds:.2f} CPU s, {result.memory_mib:.0f} MiB,"
        f" {result.requests} requests"
    )


def end_to_end(*, quick: bool) -> Iterator[Row]:
    sizes = [(50, 200, "3 s, 120 MiB, 50 requests")]
    if not quick:
        sizes.append((500, 2000, "15 s, 250 MiB, 500 requests"))
    for images, manifests, goal in sizes:
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            with registry(directory) as source:
                fill(source.storage, range(images), range(100))
                bare = make_repo(directory, source.host, manifests=manifests, images=images)
                config = write_config(directory, bare, [source.host])
                what = f"{images} images x 100 tags, {manifests} manifests"
                cold = measure(run(config), source)
                assert int(git(bare, "rev-list", "--count", "main")) == 2
                yield Row(f"{what}: cold to the pushed commit", show(cold), goal, _RENOVATE[images])
                idle = measure(run(config), source)
                yield Row(f"{what}: idle poll", show(idle), f"2 CPU s, {images} requests", "")
                fill(source.storage, range(10), range(100, 101))
                few = measure(run(config), source)
                assert int(git(bare, "rev-list", "--count", "main")) == 3
                yield Row(f"{what}: 10 new tags to the pushed commit", show(few), "5 s", "")


def failing_host(*, quick: bool) -> Iterator[Row]:
    """Half of the images on a host that refuses connections."""
    images = 20 if quick else 50
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with registry(directory) as source:
            fill(source.storage, range(images), range(70))
            bare = make_repo(directory, source.host, manifests=images * 2, images=images)
            clone = directory / "clone"
            for path in sorted(clone.rglob("*.yaml"))[images:]:
                path.write_text(path.read_text().replace(source.host, "127.0.0.1:1"))
            git(clone, "commit", "-q", "-a", "-m", "half elsewhere")
            git(clone, "push", "-q", "origin", "HEAD:main")
            result = measure(
                run(write_config(directory, bare, [source.host, "127.0.0.1:1"])), source
            )
            moved = len(git(bare, "diff", "--name-only", "main~1", "main").split())
            figure = (
                f"{moved} of {images} good manifests moved, status {result.status}, {show(result)}"
            )
            yield Row(
                "one of two hosts down", figure, f"{images} moved", "Renovate: the whole run stops"
            )


def memory(*, quick: bool) -> Iterator[Row]:
    images, tags = (50, 1000) if quick else (500, 1000)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with registry(directory) as source:
            _fill_names(source.storage, images, tags)
            bare = make_repo(directory, source.host, manifests=images, images=images)
            result = measure(run(write_config(directory, bare, [source.host])), source)
            yield Row(f"{images} images x {tags} tags: peak memory", show(result), "150 MiB", "")


def _fill_names(storage: Path, images: int, tags: int) -> None:
    """Tags without images behind them: only their names are listed, and half a million images would take an hour."""
    for image in range(images):
        home = storage / "docker/registry/v2/repositories" / image_path(image) / "_manifests/tags"
        for tag in range(tags):
            (home / version(tag) / "current").mkdir(parents=True)
