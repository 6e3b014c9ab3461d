"""A shop with a container of every status, for pages to show: a registry, config repos, a daemon."""

import socket
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx

from automator.web.access.tokens import hash_token
from tests.browser.browsing import token_of
from tests.servers.images import make_image, write_image
from tests.servers.registry import docker_registry
from tests.system.world import RemoteRepo, World

SOURCE = "https://github.com/example/carts"
REVISION = "3f1c2d4b5a69788796a5b4c3d2e1f00112233445"
BATCH = 230

_WORKLOAD = """\
apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  annotations: {{{annotations}}}
spec:
  template:
    spec:
      containers:
        - name: {container}
          image: {image}
"""


_POLICIES = """\
policies:
  - name: front-ends
    match: {namespace: www}
    update: semver:^3
"""

_OVERLAY = """\
resources: [base.yaml]
images:
  - name: HOST/shop/held
    newTag: 1.0.0
"""


class Shop:
    """`address` is where the pages are; images are named by their path in the registry."""

    def __init__(self, directory, registry):
        self.registry = registry
        self.world = World(directory, registry.host)
        self.listen = unused_address()
        self.address = f"http://{self.listen}"
        alice = {
            "name": "alice",
            "email": "alice@example.com",
            "token_sha256": hash_token(token_of("alice")),
        }
        self.world.settings |= {"listen": self.listen, "web": {"users": [alice]}}

    def push(self, path, *tags, newest=None, **labels):
        """Tag after tag, 16 days apart, the last one a year ago or as old as `newest`."""
        last = datetime.now(UTC) - (newest or timedelta(days=365))  # noqa: TID251
        for number, tag in enumerate(reversed(tags)):
            created = (last - number * timedelta(days=16)).strftime("%Y-%m-%dT%H:%M:%SZ")
            named = {f"org.opencontainers.image.{name}": value for name, value in labels.items()}
            image = make_image(created=created, label=tag, labels=named)
            write_image(self.registry.storage, path, tag, image)

    def workload(
        self, name, image, policy="", *, namespace="shop", kind="Deployment", container="", **said
    ):
        own = {f"automator.dev/{key.replace('_', '-')}": value for key, value in said.items()}
        if policy:
            own["automator.dev/policy"] = policy
        reference = image if "127.0.0.1" in image else f"{self.registry.host}/{image}"
        return _WORKLOAD.format(
            kind=kind,
            name=quoted(name),
            namespace=quoted(namespace),
            container=quoted(container or name),
            annotations=", ".join(f"{key}: {quoted(value)}" for key, value in own.items()),
            image=quoted(reference),
        )

    @contextmanager
    def running(self):
        with self.world.daemon() as daemon:
            wait_until(lambda: daemon.process.poll() is not None or _answers(self.address))
            assert daemon.process.poll() is None
            yield daemon


def quoted(text):
    """As a YAML scalar in double quotes, whatever is in it."""
    return (
        '"'
        + "".join(
            f"\\U{ord(char):08x}" if char in '"\\' or not char.isprintable() else char
            for char in text
        )
        + '"'
    )


def fill(shop):
    """Two config repos, and one that cannot be read."""
    world = shop.world
    shop.push(
        "shop/carts", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "main", source=SOURCE, revision=REVISION
    )
    shop.push("shop/orders", *(f"1.{n}.0" for n in range(12)), newest=timedelta(days=2))
    shop.push("shop/payment", "0.4.3", "0.4.4", "0.4.5")
    shop.push("shop/user", "1.0.0", "1.0.0-alpine")
    shop.push("shop/front-end", "3.2.0", "3.2.1")
    shop.push("shop/live", "1.0.0")
    shop.push("shop/steered", "1.0.0", "1.0.1", "1.0.2")
    shop.push("shop/worker", "5.0.0")
    shop.push("shop/held", "1.0.0", "1.1.0", "1.2.0", newest=timedelta(days=2))
    later = "{update: 'semver:^1', min_age: 300d}"
    files = {
        "carts": shop.workload("carts", "shop/carts:1.0.0", "semver:^1"),
        "orders": shop.workload("orders", "shop/orders:1.3.0", later),
        "payment": shop.workload(
            "payment",
            "shop/payment:0.4.3",
            "semver:^0.4",
            locked="true",
            locked_reason="audit until Friday",
        ),
        "user": shop.workload("user", "shop/user:1.0.0", "semver:^9"),
        "front-end": shop.workload("front-end", "shop/front-end:3.2.1", "semver:^3"),
        "queue": shop.workload("queue-master", "shop/worker:5.0.0"),
        "live": shop.workload("live", "shop/live:1.0.0", "semver:^1"),
        "steered": shop.workload("steered", "shop/steered:1.0.2", "semver:^1", kind="StatefulSet"),
        "ledger": shop.workload(
            "ledger", "127.0.0.1:1/shop/ledger:1.0.0", "semver:^1", kind="CronJobLike"
        ),
        **{
            name: shop.workload(name, "shop/held:1.0.0", later)
            for name in ("held-a", "bulk-a", "bulk-b", "contested")
        },
        "batch": "---\n".join(
            shop.workload(
                f"batch-{number:03d}",
                "shop/worker:5.0.0",
                "semver:^5",
                namespace="batch",
                container="worker",
            )
            for number in range(BATCH)
        ),
    }
    files["ledger"] = files["ledger"].replace("CronJobLike", "Deployment")
    world.remote.commit({f"deploy/{name}.yaml": text.encode() for name, text in files.items()})
    world.remote.commit(
        {
            "overlay/base.yaml": shop.workload("based", "shop/held:0.1.0", later).encode(),
            "overlay/kustomization.yaml": _OVERLAY.replace("HOST", shop.registry.host).encode(),
        }
    )
    (world.directory / "second").mkdir()
    site = RemoteRepo(world.directory / "second")
    site.commit(
        {"site.yaml": shop.workload("site", "shop/front-end:3.2.0", namespace="www").encode()}
    )
    links = {
        "commit": "https://git.example.com/shop/commit/{commit}",
        "file": "https://git.example.com/shop/blob/{commit}/{path}#L{line}",
    }
    world.settings["config_repos"] = [
        {"name": "shop", "url": world.remote.url, "links": links},
        {"name": "site", "url": site.url},
        {"name": "gone", "url": (world.directory / "gone.git").as_uri()},
    ]
    world.settings["policies"] = ["policies.yaml"]
    (world.directory / "policies.yaml").write_text(_POLICIES)
    world.settings["registries"].append({"host": "127.0.0.1:1", "insecure": True})


@contextmanager
def running_shop(directory):
    """Filled, and read by the daemon as far as it can be."""
    with docker_registry(directory / "registry") as registry:
        shop = Shop(directory, registry)
        fill(shop)
        with shop.running():
            wait_until(lambda: _is_read(shop.address))
            yield shop


def unused_address():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
    return f"{host}:{port}"


def wait_until(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _answers(address):
    try:
        return httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _is_read(address):
    """The first update commits are made, and the head after them is read."""
    page = httpx.get(f"{address}/?q=carts", trust_env=False).text
    site = httpx.get(f"{address}/?q=site", trust_env=False).text
    return "1.1.0" in page and "3.2.1" in site
