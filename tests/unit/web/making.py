"""A desk as the daemon has it: a real store, a real config repo, a scripted registry, and the routes in front of it.

    async with open_shop(tmp_path) as shop, shop.client("ann") as ann:
        answer = await ann.get("/api/v1/workloads")

Who visits says so by a bearer token; without one it is nobody.
"""

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import anyio.from_thread
import httpx
from starlette.types import ASGIApp

from automator.cli.options import load_config
from automator.daemon.desk import make_desk
from automator.daemon.http import bind, serve
from automator.daemon.passes import Triggers
from automator.daemon.polling import Watched
from automator.daemon.site import make_site
from automator.pipeline import survey
from automator.web.access.access import Access
from automator.web.access.sessions import Sessions
from automator.web.access.tokens import hash_token
from automator.web.board import Board
from automator.web.desk import Desk
from automator.wiring import System, open_system
from tests.servers.images import make_image
from tests.servers.scripted import Reply, ScriptedRegistry, scripted_registry
from tests.system.world import World, deployment

CARTS, USER, ORDERS, ODD = (
    f"shop:deployment/{name}" for name in ("carts", "user", "orders", "odd")
)
ODD_PATH = "caf\udce9.yaml"
ODD_CONTAINER = "=HYPERLINK(1)"

TOKENS = {name: f"amt_{name * 14}a"[:47].ljust(47, "a") for name in ("ann", "rob")}
"""`ann` may act, `rob` may read."""

USERS = [
    {
        "name": name.capitalize(),
        "email": f"{name}@example.com",
        "token_sha256": hash_token(TOKENS[name]),
        "may": may,
    }
    for name, may in (("ann", "act"), ("rob", "read"))
]


class Heard:
    def __init__(self):
        self.events = []

    def receive(self, event):
        self.events.append(event)

    def named(self, name):
        return [event for event in self.events if event.name == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """`look` is a pass that pushes nothing; `heard` are the events for the log."""

    world: World
    registry: ScriptedRegistry
    system: System
    desk: Desk
    app: ASGIApp
    triggers: Triggers
    watched: tuple[Watched, ...]
    heard: Heard = field(default_factory=Heard)

    @property
    def repo(self):
        return self.system.repos[0]

    async def look(self):
        found = await survey(self.repo, self.system.tools, polled_before=None)
        self.watched[0].demands = found.demands
        self.desk.board.succeed(found, at=self.system.tools.clock.now())

    async def warm(self):
        """What the first reader left to be fetched has come."""
        observer = self.system.tools.observer
        for repository in list(observer.unfinished):
            await observer.warm(repository)
        await self.look()

    @asynccontextmanager
    async def client(self, name=""):
        headers = {"authorization": f"Bearer {TOKENS[name]}"} if name else {}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://daemon", headers=headers
        ) as client:
            yield client

    @asynccontextmanager
    async def served(self):
        """By uvicorn, as the daemon does it; gives the URL."""
        sock = bind("127.0.0.1:0")
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve, self.app, sock, self.desk.board.close)
            yield url
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def open_shop(directory: Path):
    """One look at the config repo was taken."""
    with scripted_registry() as registry:
        world = World(directory, registry.host)
        fill(world, registry)
        async with open_settings(world, registry) as shop:
            await shop.look()
            yield shop


@asynccontextmanager
async def open_settings(world, registry):
    settings, rules = load_config(world.write_config())
    heard = Heard()
    async with (
        open_system(settings, rules, [heard], patience_seconds=2) as system,
        anyio.create_task_group() as tasks,
    ):
        board = Board(repo.name for repo in system.repos)
        watched = tuple(Watched(repo=repo, board=board) for repo in system.repos)
        triggers = Triggers()
        desk = make_desk(system, board, watched, triggers, tasks)
        access = Access(
            settings.web,
            listen=settings.listen,
            sessions=Sessions(system.tools.clock),
            report=heard.receive,
            clock=system.tools.clock,
        )
        app = make_site(system, desk, access, hooks=[])
        yield Shop(
            world=world,
            registry=registry,
            system=system,
            desk=desk,
            app=app,
            triggers=triggers,
            watched=watched,
            heard=heard,
        )
        tasks.cancel_scope.cancel()


def fill(world: World, registry: ScriptedRegistry):
    """Carts may move, user is locked, the registry has no orders, and odd is odd."""
    world.settings |= {
        "web": {"users": USERS},
        "store": str(world.directory / "store.db"),
        "mirrors": str(world.directory / "mirrors"),
    }
    for name in ("carts", "user"):
        script_images(registry, f"shop/{name}", "1.0.0", "1.1.0")
    host = registry.host
    user = deployment("user", f"{host}/shop/user:1.0.0")
    odd = deployment("odd", f"{host}/shop/odd:1.0.0").replace(
        b"- name: main", f"- name: '{ODD_CONTAINER}'".encode()
    )
    world.remote.commit(
        {
            "carts.yaml": deployment("carts", f"{host}/shop/carts:1.0.0"),
            "user.yaml": user.replace(
                b"  annotations:\n", b'  annotations:\n    automator.dev/locked: "true"\n'
            ),
            "orders.yaml": deployment("orders", f"{host}/shop/orders:1.0.0"),
            ODD_PATH: odd.replace(b'    automator.dev/policy: "semver:^1"   # ours\n', b""),
        },
        f"Update carts\n\nImage-Update: {CARTS} main {host}/shop/carts:0.9.0 -> {host}/shop/carts:1.0.0\n"
        "Policy: annotation semver:^1\n",
    )


def script_images(registry, path, *tags):
    registry.script(f"/v2/{path}/tags/list", Reply.json({"name": path, "tags": list(tags)}))
    for hour, tag in enumerate(tags):
        image = make_image(created=f"2024-02-01T{hour:02d}:00:00Z", label=tag)
        manifest = Reply(
            body=image.manifest.data,
            headers={
                "content-type": image.manifest.media_type,
                "docker-content-digest": image.digest,
            },
        )
        registry.script(f"/v2/{path}/manifests/{tag}", manifest)
        registry.script(f"/v2/{path}/manifests/{image.digest}", manifest)
        registry.script(f"/v2/{path}/blobs/{image.config.digest}", Reply(body=image.config.data))


@contextmanager
def shop_in_thread(directory: Path):
    """For clients that are no async ones: the shop, its URL, and a way to call its async functions."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_shop(directory)) as shop,
        portal.wrap_async_context_manager(shop.served()) as url,
    ):
        yield shop, url, partial(portal.call)
