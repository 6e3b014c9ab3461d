"""The comparison world: R image repositories of T tags in docker-registry's storage, N manifests that use them.

Everything is a function of its arguments, so that two runs meet the same bytes.
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.images import make_image, write_image

_KINDS = ("Deployment", "StatefulSet", "Deployment", "DaemonSet")
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_IN_USE = 60


def version(number: int) -> str:
    """The n-th version: 1.0.0 ... 1.0.9, 1.1.0 ... 1.4.9, 2.0.0 ..."""
    return f"{1 + number // 50}.{number // 10 % 5}.{number % 10}"


def image_path(number: int) -> str:
    return f"bench/app-{number:04d}"


def fill(storage: Path, images: range, tags: range) -> None:
    """Writes the tags with these running numbers into these images."""
    for image in images:
        for tag in tags:
            created = (_EPOCH + timedelta(hours=tag)).isoformat()
            label = f"{image}/{tag}"
            write_image(
                storage, image_path(image), version(tag), make_image(created=created, label=label)
            )


def manifest(host: str, number: int, images: int) -> str:
    image = f"{host}/{image_path(number % images)}:{version(_IN_USE)}"
    quoted = (image, f'"{image}"', f"'{image}'")[number % 3]
    return f"""\
# workload-{number:05d}: part of the comparison world
apiVersion: apps/v1
kind: {_KINDS[number % len(_KINDS)]}
metadata:
  name: workload-{number:05d}
  namespace: team-{number // 50:02d}
  annotations:
    automator.dev/policy: "semver:>=1.0.0"
spec:
  selector:
    matchLabels: {{app: workload-{number:05d}}}

  template:
    metadata:
      labels: {{app: workload-{number:05d}}}
    spec:
      containers:
        - name: main
          image: {quoted}   # pinned by hand, see the runbook
          imagePullPolicy: IfNotPresent
          resources:
            requests: {{cpu: 10m, memory: 16Mi}}   # flow style, keep
"""


def git(directory: Path, *args: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "bench", f"GIT_{who}_EMAIL": "bench@example.com"}
    done = subprocess.run(["git", *args], cwd=directory, env=env, check=True, capture_output=True)
    return done.stdout.decode()


def make_repo(directory: Path, host: str, *, manifests: int, images: int) -> Path:
    """A bare repository of manifests, and a clone of it named `clone` beside it."""
    bare, clone = directory / "config.git", directory / "clone"
    git(directory, "init", "-q", "--bare", "--initial-branch=main", str(bare))
    git(directory, "clone", "-q", str(bare), str(clone))
    git(clone, "symbolic-ref", "HEAD", "refs/heads/main")
    for number in range(manifests):
        path = clone / f"apps/team-{number // 50:02d}/workload-{number:05d}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(manifest(host, number, images))
    git(clone, "add", "--all")
    git(clone, "commit", "-q", "-m", "Initial state")
    git(clone, "push", "-q", "origin", "HEAD:main")
    return bare


def write_config(directory: Path, bare: Path, hosts: list[str]) -> Path:
    config = directory / "automator.yaml"
    registries = "".join(
        f"  - {{host: '{host}', insecure: true, requests_per_second: 10000}}\n" for host in hosts
    )
    config.write_text(
        f"config_repos:\n  - {{name: bench, url: '{bare.as_uri()}'}}\nregistries:\n{registries}listen: ''\n"
    )
    return config
