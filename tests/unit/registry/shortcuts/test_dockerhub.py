"""Docker Hub's API stands on a host of its own: who is told what, and where a login goes."""

import json

import pytest

from automator.errors import Denied
from automator.model.image import ImageRepository
from tests.servers.personas.persona import serve
from tests.servers.personas.public import DockerHub
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "shop/carts"
API = "/v2/namespaces/shop/repositories/carts/tags"
LOGIN = "/v2/auth/token"
TAGS = {f"1.{day}": f"2025-06-0{day}T10:00:00Z" for day in range(1, 6)}
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def hub():
    with serve(DockerHub, {PATH: TAGS}) as persona:
        yield persona


@pytest.fixture
def repository(hub):
    return ImageRepository(hub.host, PATH)


def asked(hub):
    return [request.path for request in hub.elsewhere.requests]


async def test_a_public_repository_needs_no_login(make_shortcuts, hub, repository):
    hub.is_public = True
    told = await make_shortcuts(hub, logs_in=True).fetch(repository, {})
    assert told.keys() == TAGS.keys()
    assert asked(hub) == [API] * 3
    assert not any("authorization" in request.headers for request in hub.elsewhere.requests)


async def test_a_private_one_is_told_to_a_login_which_is_kept(make_shortcuts, hub, repository):
    shortcuts = make_shortcuts(hub, logs_in=True)
    told = await shortcuts.fetch(repository, {})
    assert told.keys() == TAGS.keys()
    assert asked(hub) == [API, LOGIN, API, API, API]
    hub.elsewhere.requests.clear()
    await shortcuts.fetch(repository, told)
    assert asked(hub) == [API]


async def test_a_login_is_renewed_in_time(make_shortcuts, hub, repository, clock):
    shortcuts = make_shortcuts(hub, logs_in=True)
    told = await shortcuts.fetch(repository, {})
    hub.elsewhere.requests.clear()
    clock.advance(301)
    await shortcuts.fetch(repository, told)
    assert asked(hub) == [LOGIN, API]


async def test_the_registry_is_not_shown_the_login_of_its_api(make_shortcuts, hub, repository):
    await make_shortcuts(hub, logs_in=True).fetch(repository, {})
    assert hub.server.requests == []


async def test_a_login_that_is_echoed_is_not_quoted(make_shortcuts, hub, repository):
    shortcuts = make_shortcuts(hub, logs_in=True)
    hub.elsewhere.script(LOGIN, lambda request: Reply(status=403, body=request.body))
    assert await shortcuts.fetch(repository, {}) is None
    with pytest.raises(Denied, match='"secret": "\\*\\*\\*"'):
        await shortcuts._source.fetch(repository, {})


async def test_nor_is_what_it_gave(make_shortcuts, hub, repository):
    def echo(request):
        return Reply(status=403, body=request.headers.get("authorization", "who?").encode())

    shortcuts = make_shortcuts(hub, logs_in=True)
    hub.elsewhere.script(API, echo)
    assert await shortcuts.fetch(repository, {}) is None
    with pytest.raises(Denied, match=r"Bearer \*\*\*"):
        await shortcuts._source.fetch(repository, {})


async def test_without_a_login_a_private_one_is_not_told(make_shortcuts, hub, repository):
    assert await make_shortcuts(hub).fetch(repository, {}) is None
    assert asked(hub) == [API]


async def test_a_wrong_login_is_tried_once_an_hour(make_shortcuts, hub, repository, clock):
    shortcuts = make_shortcuts(hub, logs_in=True, password="wrong")
    for _ in range(2):
        assert await shortcuts.fetch(repository, {}) is None
    assert asked(hub) == [API, LOGIN]
    clock.advance(3600)
    await shortcuts.fetch(repository, {})
    assert asked(hub) == [API, LOGIN] * 2


@pytest.mark.parametrize("scheme", ['Basic realm="hub"', 'Bearer realm="{url}/steal",service="x"'])
async def test_a_challenge_of_the_api_is_not_answered_with_the_password_of_the_registry(
    make_shortcuts, hub, repository, scheme
):
    challenge = scheme.format(url=hub.elsewhere.url)
    headers = {"www-authenticate": challenge}
    hub.elsewhere.script(API, Reply(status=401, headers=headers))
    hub.elsewhere.script("/steal", Reply.json({"token": "stranger"}))
    assert await make_shortcuts(hub, logs_in=True).fetch(repository, {}) is None
    shown = {r.headers.get("authorization", "")[:6] for r in hub.elsewhere.requests}
    assert "Basic " not in shown


def tag(**changed):
    times = {"tag_last_pushed": "2025-06-01T10:00:00Z", "last_updated": "2025-06-02T10:00:00Z"}
    return {"name": "1", "digest": DIGEST} | times | changed


@pytest.mark.parametrize(
    ("entry", "pushed_on"),
    [
        pytest.param(tag(), 1, id="pushed"),
        pytest.param(tag(tag_last_pushed=None), 2, id="updated alone"),
        pytest.param(tag(tag_last_pushed="0001-01-01T00:00:00Z"), 2, id="never pushed"),
        pytest.param(tag(tag_last_pushed="long ago"), 2, id="no time"),
        pytest.param(tag(tag_last_pushed=None, last_updated=None), None, id="neither"),
        pytest.param(
            tag(tag_last_pushed=None, last_updated="2031-01-01T00:00:00Z"), None, id="to come"
        ),
    ],
)
async def test_when_a_tag_was_pushed(make_shortcuts, hub, repository, entry, pushed_on):
    hub.elsewhere.script(API, Reply.json({"next": None, "results": [entry]}))
    told = await make_shortcuts(hub).fetch(repository, {})
    assert told["1"].digest == DIGEST
    assert (told["1"].pushed_at and told["1"].pushed_at.day) == pushed_on


async def test_where_the_next_page_is_said_to_be_is_not_followed(
    make_shortcuts, hub, repository, another
):
    page = Reply.json({"next": f"{another.url}{API}?page=2", "results": [tag()]})
    hub.elsewhere.script(API, page, Reply.json({"next": None, "results": [tag(name="2")]}))
    assert (await make_shortcuts(hub).fetch(repository, {})).keys() == {"1", "2"}
    assert another.requests == []


async def test_the_login_is_json(make_shortcuts, hub, repository):
    await make_shortcuts(hub, logs_in=True).fetch(repository, {})
    (login,) = hub.elsewhere.requests_for(LOGIN)
    assert login.headers["content-type"] == "application/json"
    assert json.loads(login.body).keys() == {"identifier", "secret"}
