"""The steps of a pass by themselves, next to the tools that do the least of the same work."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import yaml

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.git.access import Remote
from automator.git.commit import Identity, write_commit
from automator.git.mirror import Mirror
from automator.git.push import push
from automator.model.field import RepoPath
from automator.model.image import ImageReference
from automator.model.policy import Policy
from automator.model.tags import Observed, TagList
from automator.scan.file import scan_file
from automator.select.evaluate import evaluate
from automator.select.expression import parse_expression
from automator.survey.snapshot import Snapshot, read_snapshot
from benchmarks.table import Row
from benchmarks.world import git, make_repo, manifest

_HOST = "127.0.0.1:5000"


def seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """The best of a few: what the work costs, not what else the machine did."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def scan(*, quick: bool) -> Iterator[Row]:
    count = 1_000 if quick else 10_000
    files = [manifest(_HOST, number, 500).encode() for number in range(count)]
    ours = seconds(lambda: [scan_file(RepoPath("a.yaml"), data) for data in files])
    load = seconds(lambda: [list(yaml.load_all(data, yaml.CSafeLoader)) for data in files])
    compose = seconds(lambda: [list(yaml.compose_all(data, yaml.CSafeLoader)) for data in files])
    yield Row(
        f"scan of {count} manifests, cold",
        f"{ours:.2f} s",
        "2x libyaml",
        f"{ours / load:.2f}x libyaml's load ({load:.2f} s), {ours / compose:.2f}x its compose ({compose:.2f} s)",
    )


def select(*, quick: bool) -> Iterator[Row]:
    count = 10_000 if quick else 100_000
    tags = tuple(f"{n // 2000}.{n // 50 % 40}.{n % 50}" for n in range(count))
    observed = Observed(tag_list=TagList(tags=tags))
    policy = Policy(name="bench", update=parse_expression("semver:^3"))
    work = partial(evaluate, policy, ImageReference("app", "3.2.1"), observed, datetime.now(UTC))  # noqa: TID251
    cold = seconds(work, times=1)
    warm = seconds(work)
    yield Row(f"selection over {count} tags, cold", f"{cold * 1000:.0f} ms", "1500 ms", "")
    yield Row(f"selection over {count} tags, again", f"{warm * 1000:.0f} ms", "150 ms", "")


def rescan(*, quick: bool) -> Iterator[Row]:
    count = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        yield anyio.run(_rescan, Path(folder), count)


async def _rescan(directory: Path, count: int) -> Row:
    bare = make_repo(directory, _HOST, manifests=count, images=500)
    mirror = Mirror(directory / "mirror", Remote(url=bare.as_uri(), branch="main"))
    plain = directory / "plain.git"
    git(directory, "clone", "-q", "--bare", str(bare), str(plain))
    snapshot: Snapshot | None = await read_snapshot(
        mirror, await mirror.fetch(), wanted=lambda _path: True, previous=None
    )
    ours = theirs = float("inf")
    for turn in range(5):
        old = git(plain, "rev-parse", "main").strip()
        path = directory / "clone/apps/team-00/workload-00000.yaml"
        path.write_text(f"{path.read_text()}# {turn}\n")
        git(directory / "clone", "commit", "-q", "-a", "-m", "one file")
        git(directory / "clone", "push", "-q", "origin", "HEAD:main")
        began = time.perf_counter()
        subprocess.run(["git", "fetch", "-q", bare.as_uri(), "+main:main"], cwd=plain, check=True)
        subprocess.run(
            ["git", "diff-tree", "-r", "-z", old, "main"],
            cwd=plain,
            check=True,
            capture_output=True,
        )
        theirs = min(theirs, time.perf_counter() - began)
        began = time.perf_counter()
        snapshot = await read_snapshot(
            mirror, await mirror.fetch(), wanted=lambda _path: True, previous=snapshot
        )
        ours = min(ours, time.perf_counter() - began)
        assert snapshot.parsed == 1
    return Row(
        f"rescan of {count} manifests after one changed",
        f"{ours * 1000:.0f} ms",
        "2x git",
        f"{ours / theirs:.2f}x git fetch + git diff-tree ({theirs * 1000:.0f} ms)",
    )


def commit(*, quick: bool) -> Iterator[Row]:
    changed, total = (100, 1_000) if quick else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        yield anyio.run(_commit, Path(folder), changed, total)


_SCRIPT = """
set -e
cd work
git pull -q origin main
grep -rlZ 'app-00[0-4][0-9]:' apps | xargs -0 sed -i -E 's#(app-00[0-4][0-9]):2\\.1\\.0#\\1:9.9.9#'
git -c user.name=b -c user.email=b@x commit -q -a -m update
git push -q origin HEAD:main
"""


async def _commit(directory: Path, changed: int, total: int) -> Row:
    """The script has its clone beforehand, as the mirror has; 50 of 500 images are used by a tenth of the files."""
    bare = make_repo(directory, _HOST, manifests=total, images=500)
    other = directory / "other.git"
    git(directory, "clone", "-q", "--bare", str(bare), str(other))
    git(directory, "clone", "-q", str(other), str(directory / "work"))
    mirror = Mirror(directory / "mirror", Remote(url=bare.as_uri(), branch="main"))
    snapshot = await read_snapshot(
        mirror, await mirror.fetch(), wanted=lambda _path: True, previous=None
    )
    began = time.perf_counter()
    subprocess.run(["sh", "-c", _SCRIPT], cwd=directory, check=True)
    theirs = time.perf_counter() - began
    began = time.perf_counter()
    head = await mirror.fetch()
    fields = [f for f in snapshot.fields if int(f.image.name[-4:]) < 50]
    paths = {f.location.path: f for f in fields}
    ids = {snapshot.files[path].blob.id: path for path in paths}
    files = {}
    async for blob_id, data in mirror.read_blobs(list(ids)):
        path = ids[blob_id]
        changes = plan_set([paths[path]], paths[path].image.moved_to("9.9.9", None))
        files[path] = apply_changes(path, data, changes)
    made = await write_commit(
        mirror,
        parent=head,
        files=files,
        modes={path: snapshot.files[path].blob.mode for path in files},
        message="update\n",
        author=Identity(name="b", email="b@x"),
        at=datetime.now(UTC),  # noqa: TID251
    )
    await push(mirror, made, expected=head)
    ours = time.perf_counter() - began
    assert len(files) == changed
    assert git(bare, "rev-parse", "main^{tree}") == git(other, "rev-parse", "main^{tree}")
    return Row(
        f"a pass that changes {changed} of {total} files",
        f"{ours:.2f} s",
        "2x the script",
        f"{ours / theirs:.2f}x git and sed ({theirs:.2f} s), the same tree",
    )
