"""A server with every kind of place behind AccessMiddleware, on loopback, and people who ask it."""

from contextlib import asynccontextmanager

import anyio
import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from automator.config.web import WebSettings
from automator.daemon.http import bind, serve
from automator.web.access.access import Access
from automator.web.access.login import login_routes
from automator.web.access.middleware import AccessMiddleware
from automator.web.access.person import visit_of
from automator.web.access.sessions import Sessions
from automator.web.access.tokens import hash_token
from automator.web.pages.render import make_renderer
from tests.servers.clocks import ManualClock

ANN, RAY = (f"amt_{letter * 43}" for letter in "ar")
WRONG = "amt_" + "w" * 43
USERS = [
    {"name": "Ann", "email": "ann@example.com", "token_sha256": hash_token(ANN)},
    {"name": "Ray", "token_sha256": hash_token(RAY), "may": "read"},
]
PROXY = {"trusted": ["127.0.0.1/32"]}
NOBODY_TRUSTED = {"trusted": ["192.0.2.1/32"]}


def settings(**keys):
    return WebSettings.model_validate(keys)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Site:
    """`client` is a browser: it keeps cookies. `reported` goes to the log, `acted` is every act that came through."""

    def __init__(self, clock, *, listen, port=None):
        self.port = port
        self.url = f"http://127.0.0.1:{port}" if port else "http://127.0.0.1"
        self.clock = clock
        self.reported = []
        self.acted = []
        self.sessions = Sessions(clock)
        self.listen = listen
        self.client = self.browser()
        self.app = None

    def browser(self):
        """One more, without cookies."""
        transport = None if self.port else httpx.ASGITransport(self)
        return httpx.AsyncClient(base_url=self.url, transport=transport)

    def configure(self, keys):
        """Another configuration, as after a reload: sessions stay."""
        access = Access(
            settings(**keys),
            listen=self.listen,
            sessions=self.sessions,
            report=self.reported.append,
            clock=self.clock,
        )
        self.app = AccessMiddleware(
            Starlette(routes=[*_routes(self), *login_routes(access, make_renderer().page)]), access
        )
        return access

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

    @property
    def own(self):
        """What a browser says of a request that a page of ours makes."""
        return {"Origin": self.url}

    async def get(self, path, **headers):
        return await self.client.get(path, headers=headers)

    async def log_in(self, token=ANN, **form):
        return await self.client.post("/login", data={"token": token, **form}, headers=self.own)

    async def csrf(self):
        return (await self.client.get("/")).json()["csrf"]

    async def raw(self, *pieces):
        """Everything that is answered until the server hangs up; `pieces` that are numbers are pauses in seconds."""
        with anyio.fail_after(30):
            async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
                for piece in pieces:
                    await stream.send(piece)
                return b"".join([chunk async for chunk in stream])


@asynccontextmanager
async def running(*, listen="127.0.0.1:0", clock=None, **keys):
    """Over HTTP. `keys` are those of `web:`; `listen` is what the configuration says, the server is on loopback always."""
    with bind("127.0.0.1:0") as sock:
        site = Site(clock or ManualClock(), listen=listen, port=sock.getsockname()[1])
        site.configure(keys)
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve, site, sock)
            async with site.client:
                yield site
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def asking(**keys):
    """The same without a server, which is faster."""
    site = Site(ManualClock(), listen="127.0.0.1:0")
    site.configure(keys)
    async with site.client:
        yield site


def _routes(site):
    async def show(request):
        visit = visit_of(request)
        person = visit.person.name if visit.person else ""
        return JSONResponse({"person": person, "csrf": visit.csrf})

    async def act(request):
        site.acted.append((visit_of(request).person, await request.body()))
        return JSONResponse({})

    async def hook(request):
        return JSONResponse({"bytes": len(await request.body())})

    async def stream(request):
        async def pieces():
            yield "data: 1\n\n"
            await anyio.sleep_forever()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return [
        *(Route(path, show) for path in ("/", "/healthz", "/metrics", "/api/v1/workloads")),
        *(Route(path, show) for path in ("/readyz", "/static/app.js", "/workloads/{rest:path}")),
        *(Route(path, act, methods=["POST"]) for path in ("/lock", "/api/v1/locks")),
        Route("/hooks/{rest:path}", hook, methods=["POST"]),
        Route("/stream", stream),
    ]
