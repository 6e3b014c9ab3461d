"""The demo's world: the Sock Shop's workloads in a bare config repo, its images, and the releases to come."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from automator.git.run import run_git
from automator.web.access.tokens import hash_token, make_token

_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Sock Shop"), ("EMAIL", "people@sock-shop.example"))
}

_CONFIG = """\
config_repos:
  - name: sock-shop
    url: {url}
    paths: ["deploy/**"]
registries:
  - host: {host}
    insecure: true          # plain HTTP, on this machine only
    requests_per_second: 200
policies: ["policies.yaml"]
poll_interval: 1s
git_poll_interval: 1s
store: automator.db
mirrors: mirrors
listen: {listen}
web:
  users:
    - name: Visitor
      email: visitor@sock-shop.example
      token_sha256: "{token_sha256}"
"""

_POLICIES = """\
policies:
  - name: databases-stay
    match: {container: "*-db"}          # by hand, with a backup at hand
    update: none

  - name: sock-shop
    match: {namespace: sock-shop, workload: "deployment/*"}
    update: semver:^0.4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workload:
    """`annotations` and `quote` vary, so that the exactness of the edits shows."""

    name: str
    image: str
    tag: str
    annotations: tuple[str, ...] = ()
    quote: str = ""
    remark: str = ""


_WORKLOADS = (
    _Workload(name="front-end", image="weaveworksdemos/front-end", tag="0.3.12", quote='"',
              annotations=("automator.dev/policy: semver:~0.3.0",), remark="  # the shop window"),
    _Workload(name="carts", image="weaveworksdemos/carts", tag="0.4.8", quote="'"),
    _Workload(name="carts-db", image="mongo", tag="3.4"),
    _Workload(name="catalogue", image="weaveworksdemos/catalogue", tag="0.4.5"),
    _Workload(name="catalogue-db", image="weaveworksdemos/catalogue-db", tag="0.3.0"),
    _Workload(name="orders", image="weaveworksdemos/orders", tag="0.4.7",
              remark="  # talks to payment and shipping"),
    _Workload(name="orders-db", image="mongo", tag="3.4"),
    _Workload(name="payment", image="weaveworksdemos/payment", tag="0.4.3",
              annotations=('automator.dev/locked: "true"',
                           "automator.dev/locked-reason: audit until Friday")),
    _Workload(name="queue-master", image="weaveworksdemos/queue-master", tag="0.4.1"),
    _Workload(name="rabbitmq", image="rabbitmq", tag="3.6.8-management",
              annotations=("automator.dev/policy: semver:^3.6",)),
    _Workload(name="session-db", image="redis", tag="4.0.1-alpine", quote='"'),
    _Workload(name="shipping", image="weaveworksdemos/shipping", tag="0.4.8"),
    _Workload(name="user", image="weaveworksdemos/user", tag="0.4.4"),
    _Workload(name="user-db", image="weaveworksdemos/user-db", tag="0.4.0"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A tag that somebody pushes. `taken` says whether a commit follows."""

    image: str
    tag: str
    says: str
    taken: bool


RELEASES = (
    Release(image="weaveworksdemos/carts", tag="0.4.9", taken=True,
            says="a patch release, inside carts' range ^0.4"),
    Release(image="rabbitmq", tag="3.6.9-management", taken=True,
            says="a version of the same variant; 3.7.0 without -management is no candidate"),
    Release(image="weaveworksdemos/payment", tag="0.4.4", taken=False,
            says="payment is locked, so nothing may move it"),
    Release(image="weaveworksdemos/orders", tag="1.0.0", taken=False,
            says="a major release, outside orders' range ^0.4"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWorld:
    config_repo: Path
    config: Path
    token: SecretStr
    images: tuple[tuple[str, str], ...]


async def make_world(directory: Path, registry_host: str, listen: str) -> DemoWorld:
    """A bare repository with one commit, `automator.yaml` and a policy file. `images` are to be pushed first.

    `token` is of a visitor, who may act.
    """
    bare, clone = directory / "config.git", directory / "first-commit"
    await run_git(["init", "--quiet", "--bare", "--initial-branch=main", str(bare)])
    await run_git(["init", "--quiet", "--initial-branch=main", str(clone)])
    (clone / "deploy").mkdir()
    for workload in _WORKLOADS:
        path = clone / "deploy" / f"{workload.name}.yaml"
        path.write_text(_manifest(workload, registry_host), encoding="utf-8")
    await run_git(["add", "--all"], directory=clone)
    await run_git(
        ["commit", "--quiet", "--message", "The Sock Shop"], directory=clone, extra_env=_AUTHOR
    )
    await run_git(["push", "--quiet", bare.as_uri(), "main"], directory=clone)
    config = directory / "automator.yaml"
    token = make_token()
    settings = _CONFIG.format(
        url=bare.as_uri(), host=registry_host, listen=listen, token_sha256=hash_token(token)
    )
    config.write_text(settings, encoding="utf-8")
    (directory / "policies.yaml").write_text(_POLICIES, encoding="utf-8")
    images = tuple(dict.fromkeys((workload.image, workload.tag) for workload in _WORKLOADS))
    return DemoWorld(
        config_repo=bare,
        config=config,
        token=SecretStr(token),
        images=(*images, ("rabbitmq", "3.7.0")),
    )


def _manifest(workload: _Workload, registry_host: str) -> str:
    annotations = "".join(f"    {line}\n" for line in workload.annotations)
    image = f"{workload.quote}{registry_host}/{workload.image}:{workload.tag}{workload.quote}"
    return f"""\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {workload.name}
  namespace: sock-shop
{"  annotations:" if annotations else "  labels: {app: " + workload.name + "}"}
{annotations}spec:
  replicas: 1
  selector:
    matchLabels: {{app: {workload.name}}}
  template:
    metadata:
      labels: {{app: {workload.name}}}
    spec:
      containers:
      - name: {workload.name}
        image: {image}{workload.remark}
        resources:
          limits: {{cpu: 300m, memory: 500Mi}}   # measured in June
      nodeSelector:
        kubernetes.io/os: linux
"""
