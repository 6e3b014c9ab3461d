"""What every answer says to browsers, and that it comes through as it was sent."""

import anyio
import httpx
import pytest

from tests.unit.web.access.making import ANN, USERS, WRONG, asking, bearer, running

pytestmark = pytest.mark.anyio

EVERY_ANSWER = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
REQUESTS = [
    ("GET", "/", {}),
    ("GET", "/healthz", {}),
    ("GET", "/static/app.js", {}),
    ("GET", "/login", {}),
    ("GET", "/nowhere", {}),
    ("GET", "/", {"Host": "evil.example"}),
    ("GET", "/", bearer(WRONG)),
    ("POST", "/lock", {}),
    ("POST", "/hooks/quay", {}),
    ("POST", "/login", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), REQUESTS)
async def test_every_answer_says_what_browsers_may(method, path, headers):
    async with asking(users=USERS) as site:
        answer = await site.client.request(method, path, headers=headers)
        assert EVERY_ANSWER.items() <= dict(answer.headers).items()
        assert "strict-transport-security" not in answer.headers
        site.configure({"users": USERS, "url": "https://automator.example.com"})
        answer = await site.client.request(method, path, headers=headers)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("path", "headers", "is_private"),
    [
        ("/", bearer(ANN), True),
        ("/api/v1/workloads", bearer(ANN), True),
        ("/", {}, False),
        ("/static/app.js", bearer(ANN), False),
        ("/login", {}, True),
    ],
)
async def test_what_is_somebodys_is_kept_by_no_cache(path, headers, is_private):
    async with running(users=USERS) as site:
        answer = await site.get(path, **headers)
    assert (answer.headers.get("cache-control") == "no-store") == is_private


async def test_a_stream_comes_as_it_is_made_and_ends_with_its_reader():
    async with (
        running(users=USERS) as site,
        site.client.stream("GET", "/stream", headers=bearer(ANN)) as answer,
    ):
        with anyio.fail_after(10):
            assert await anext(answer.aiter_text()) == "data: 1\n\n"
        assert answer.headers["cache-control"] == "no-store"


async def test_websockets_are_closed():
    async with running() as site:
        sent = []

        async def send(message):
            sent.append(message)

        await site({"type": "websocket", "path": "/"}, None, send)
        assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_what_a_page_is_told_in_errors_is_text():
    async with running(users=[USERS[0] | {"name": "<b>Ann", "may": "read"}]) as site:
        answer = await site.client.post("/lock", headers=bearer(ANN))
    assert answer.status_code == 403
    assert "&lt;b&gt;Ann may only read" in answer.text


@pytest.mark.parametrize(
    ("keys", "says", "says_not"),
    [
        ({}, "Nobody can log in here", 'name="token"'),
        ({"users": USERS}, 'name="token"', "Nobody can log in"),
        ({"proxy": {"trusted": ["192.0.2.1"]}}, "Nobody can log in here", 'name="token"'),
    ],
)
async def test_the_login_page_offers_what_there_is(keys, says, says_not):
    async with asking(**keys) as site:
        page = (await site.get("/login")).text
    assert says in page
    assert says_not not in page


async def test_who_is_logged_in_is_told_so_and_can_log_out():
    async with asking(users=USERS) as site:
        await site.log_in()
        page = (await site.get("/login")).text
        assert "You are logged in as Ann." in page
        assert await site.csrf() in page


async def test_the_form_shows_where_it_leads_on_as_text():
    async with asking(users=USERS) as site:
        page = await site.client.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text


async def test_a_wrong_token_comes_back_to_the_form_and_is_not_in_it():
    async with asking(users=USERS) as site:
        answer = await site.log_in(WRONG, next="/workloads/a")
    assert (answer.status_code, WRONG in answer.text) == (401, False)
    assert 'value="/workloads/a"' in answer.text
    assert 'role="alert"' in answer.text


async def test_two_tokens_in_one_form_are_none():
    async with asking(users=USERS) as site:
        form = httpx.QueryParams([("token", ANN), ("token", ANN)])
        said = {**site.own, "Content-Type": "application/x-www-form-urlencoded"}
        answer = await site.client.post("/login", content=str(form), headers=said)
    assert answer.status_code == 401
