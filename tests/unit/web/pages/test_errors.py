"""A browser gets a page, a program a line; neither gets what is inside."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from automator.web.pages.errors import error_handlers
from automator.web.pages.render import make_renderer

pytestmark = pytest.mark.anyio

RENDERER = make_renderer()


async def _fail(_request):
    raise RuntimeError("the secret inside")


async def _forbid(_request):
    raise HTTPException(403)


APP = Starlette(
    routes=[
        Route("/fails", _fail),
        Route("/forbidden", _forbid),
        Route("/static/{digest}/{name}", RENDERER.assets.serve),
    ],
    exception_handlers=error_handlers(RENDERER),
)


async def get(path, accept="text/html"):
    transport = httpx.ASGITransport(app=APP, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as client:
        return await client.get(path, headers={"accept": accept})


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/fails", 500, "A fault of automator"),
        ("/forbidden", 403, "Not allowed"),
        ("/nowhere", 404, "Not found"),
    ],
)
async def test_a_browser_gets_a_page(path, status, title):
    answer = await get(path)
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "accept", "text"),
    [
        ("/fails", "application/json", "Internal Server Error"),
        ("/nowhere", "*/*", "Not Found"),
        ("/api/nowhere", "text/html", "Not Found"),
        ("/hooks/nowhere", "text/html", "Not Found"),
    ],
)
async def test_a_program_gets_a_line(path, accept, text):
    assert (await get(path, accept)).text == text


async def test_an_asset_is_kept_for_ever_under_its_digest_alone():
    current = await get(RENDERER.assets.address("automator.css"))
    assert "immutable" in current.headers["cache-control"]
    old = await get("/static/0123456789abcdef/automator.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert (await get(RENDERER.assets.address("automator.py"))).status_code == 404


async def test_all_that_is_packaged_is_served():
    assert {"automator.css", "automator.js", "live.js", "keys.js", "icon.svg"} <= set(
        RENDERER.assets.contents
    )
