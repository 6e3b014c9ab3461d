"""Who may what: every kind of request, by everybody."""

import pytest

from automator.config.web import exposure
from tests.unit.web.access.making import ANN, PROXY, RAY, USERS, WRONG, asking, bearer, settings

pytestmark = pytest.mark.anyio

WHO = {
    "nobody": {},
    "a reader": bearer(RAY),
    "an actor": bearer(ANN),
    "a wrong token": bearer(WRONG),
    "no token of ours": bearer("eyJhbGciOiJub25lIn0.e30."),
}
OPEN = """
request                | nobody | a reader | an actor | a wrong token | no token of ours
GET /                  | 200    | 200      | 200      | 401           | 401
GET /workloads/a       | 200    | 200      | 200      | 401           | 401
GET /api/v1/workloads  | 200    | 200      | 200      | 401           | 401
GET /metrics           | 200    | 200      | 200      | 401           | 401
GET /nowhere           | 404    | 404      | 404      | 401           | 401
GET /login             | 200    | 200      | 200      | 401           | 401
GET /static/app.js     | 200    | 200      | 200      | 200           | 200
GET /healthz           | 200    | 200      | 200      | 200           | 200
GET /readyz            | 200    | 200      | 200      | 200           | 200
POST /hooks/quay       | 200    | 200      | 200      | 200           | 200
POST /lock             | 401    | 403      | 200      | 401           | 401
POST /api/v1/locks     | 401    | 403      | 200      | 401           | 401
DELETE /api/v1/locks   | 401    | 403      | 405      | 401           | 401
POST /healthz          | 401    | 403      | 405      | 401           | 401
POST /static/app.js    | 401    | 403      | 405      | 401           | 401
POST /nowhere          | 401    | 403      | 404      | 401           | 401
PURGE /                | 401    | 403      | 405      | 401           | 401
"""
LOGIN = """
request                | nobody | a reader | an actor | a wrong token
GET /                  | 303    | 200      | 200      | 401
HEAD /                 | 303    | 200      | 200      | 401
GET /workloads/a       | 303    | 200      | 200      | 401
GET /nowhere           | 303    | 404      | 404      | 401
GET /loginx            | 303    | 404      | 404      | 401
GET /healthzx          | 303    | 404      | 404      | 401
GET /hook              | 303    | 404      | 404      | 401
GET /api/v1/workloads  | 401    | 200      | 200      | 401
GET /metrics           | 401    | 200      | 200      | 401
GET /login             | 200    | 200      | 200      | 401
GET /static/app.js     | 200    | 200      | 200      | 200
GET /healthz           | 200    | 200      | 200      | 200
POST /hooks/quay       | 200    | 200      | 200      | 200
POST /lock             | 401    | 403      | 200      | 401
"""
UNCONFIGURED = """
request                | nobody
GET /                  | 200
GET /api/v1/workloads  | 200
GET /login             | 200
POST /hooks/quay       | 200
POST /lock             | 403
POST /api/v1/locks     | 403
"""


def rows(table):
    return list(_rows(table))


def _rows(table):
    head, *lines = table.strip().splitlines()
    names = [name.strip() for name in head.split("|")][1:]
    for line in lines:
        request, *statuses = (cell.strip() for cell in line.split("|"))
        for who, status in zip(names, statuses, strict=True):
            yield pytest.param(*request.split(), who, int(status), id=f"{who}: {request}")


async def status_of(site, method, path, who):
    return (await site.client.request(method, path, headers=WHO[who])).status_code


@pytest.mark.parametrize(("method", "path", "who", "status"), rows(OPEN))
async def test_open_to_read(method, path, who, status):
    async with asking(users=USERS) as site:
        assert await status_of(site, method, path, who) == status


@pytest.mark.parametrize(("method", "path", "who", "status"), rows(LOGIN))
async def test_read_by_login(method, path, who, status):
    async with asking(users=USERS, read="login") as site:
        assert await status_of(site, method, path, who) == status


@pytest.mark.parametrize(("method", "path", "who", "status"), rows(UNCONFIGURED))
async def test_without_users_everything_is_read_only(method, path, who, status):
    async with asking() as site:
        assert await status_of(site, method, path, who) == status
        assert site.acted == []


async def test_read_only_says_how_to_change_that():
    async with asking() as site:
        answer = await site.client.post("/api/v1/locks", headers=site.own)
    assert answer.json() == {
        "error": "nobody may act here",
        "hint": "add web.users, web.proxy or web.oidc to the configuration",
    }


async def test_programs_are_told_in_json_how_to_get_in():
    async with asking(users=USERS, read="login") as site:
        answer = await site.get("/api/v1/workloads")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"] == "only who is logged in may read"
    assert "Authorization: Bearer" in answer.json()["hint"]


async def test_people_are_sent_to_the_login_and_back():
    async with asking(users=USERS, read="login") as site:
        answer = await site.get("/workloads/a b?status=held&x=1")
        assert answer.headers["location"].startswith("/login?next=")
        form = await site.client.get(answer.headers["location"])
        assert 'value="/workloads/a%20b?status=held&amp;x=1"' in form.text
        done = await site.log_in(next="/workloads/a%20b?status=held&x=1")
        assert done.headers["location"] == "/workloads/a%20b?status=held&x=1"
        assert (await site.client.get(done.headers["location"])).json()["person"] == "Ann"


async def test_an_act_names_its_person_and_brings_its_body():
    async with asking(users=USERS) as site:
        await site.client.post("/api/v1/locks", content=b"x" * 60_000, headers=bearer(ANN))
        ((person, body),) = site.acted
    assert (person.name, person.email, person.may_act) == ("Ann", "ann@example.com", True)
    assert body == b"x" * 60_000


@pytest.mark.parametrize(
    ("proxy", "headers", "status"),
    [
        ({}, {"X-Forwarded-User": "eve"}, 200),
        ({"may": "read"}, {"X-Forwarded-User": "eve"}, 403),
        ({"actors": ["eve"]}, {"X-Forwarded-User": "eve"}, 200),
        ({"actors": ["adam"]}, {"X-Forwarded-User": "eve"}, 403),
        ({"actors": ["Eve@example.com"]}, {"X-Forwarded-User": "e"}, 403),
        (
            {"actors": ["Eve@example.com"]},
            {"X-Forwarded-User": "e", "X-Forwarded-Email": "eve@EXAMPLE.com"},
            200,
        ),
        ({"may": "read", "actors": ["eve"]}, {"X-Forwarded-User": "eve"}, 403),
        ({}, {"X-Forwarded-User": ""}, 400),
        ({}, {"X-Forwarded-Email": "eve@example.com"}, 400),
        ({}, [("X-Forwarded-User", "eve"), ("X-Forwarded-User", "adam")], 400),
        ({}, [("X-Forwarded-User", "eve"), ("x-forwarded-user", "eve")], 400),
        ({}, {"X-Forwarded-User": "eve", "X-Forwarded-Email": ""}, 400),
        ({}, [(b"X-Forwarded-User", b"e\xa0ve")], 400),
        ({"actors": ["Zoë"]}, [(b"X-Forwarded-User", "Zoë".encode())], 200),
        ({"actors": ["Zoë"]}, [(b"X-Forwarded-User", "Zoë".encode("latin-1"))], 200),
        ({"user_header": "X-Auth"}, {"X-Forwarded-User": "eve"}, 401),
        ({"user_header": "X-Auth"}, {"X-Auth": "eve"}, 200),
        ({}, {}, 401),
    ],
)
async def test_what_a_trusted_proxy_says(proxy, headers, status):
    async with asking(proxy=PROXY | proxy) as site:
        told = httpx_headers(headers)
        page = await site.client.get("/", headers=told)
        csrf = page.json()["csrf"] if page.is_success else ""
        told += [("Origin", site.url), ("X-CSRF-Token", csrf)]
        assert (await site.client.post("/lock", headers=told)).status_code == status


def httpx_headers(headers):
    return list(headers.items()) if isinstance(headers, dict) else list(headers)


async def test_a_bearer_token_of_the_proxy_is_none_of_ours():
    async with asking(proxy=PROXY, users=USERS) as site:
        said = {"X-Forwarded-User": "eve", "Authorization": "Bearer eyJ.e30.x"}
        assert (await site.get("/", **said)).json()["person"] == "eve"
        ours = {"X-Forwarded-User": "eve", **bearer(ANN)}
        assert (await site.get("/", **ours)).json()["person"] == "Ann"


@pytest.mark.parametrize(
    ("listen", "url", "users", "is_exposed"),
    [
        ("0.0.0.0:8080", None, USERS, True),
        ("0.0.0.0:8080", "http://a.example.com", USERS, True),
        ("0.0.0.0:8080", "https://a.example.com", USERS, False),
        ("0.0.0.0:8080", None, [], False),
        ("127.0.0.1:8080", None, USERS, False),
        ("[::1]:8080", None, USERS, False),
        ("[::]:8080", None, USERS, True),
        ("", None, USERS, False),
    ],
)
def test_logins_that_can_be_overheard_are_told(listen, url, users, is_exposed):
    assert bool(exposure(settings(users=users, url=url), listen)) == is_exposed
