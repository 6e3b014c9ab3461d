"""Which registries have a shortcut, and what becomes of one that fails: never an error of the poll."""

import pytest

from automator.errors import Unavailable
from automator.model.image import ImageRepository
from tests.servers.personas.clouds import Acr, Google
from tests.servers.personas.hosted import Distribution2, GitLab
from tests.servers.personas.persona import serve
from tests.servers.personas.public import DockerHub, Ghcr, Quay
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "shop/carts"
TAGS = {PATH: {"1.0": "2025-06-01T10:00:00Z"}}
API = "/api/v1/repository/shop/carts/tag/"
DIGEST = "sha256:" + "a" * 64
SOUND = {"name": "sound", "start_ts": 1748772000, "manifest_digest": DIGEST}


@pytest.fixture
def quay():
    with serve(Quay, TAGS, is_public=True) as persona:
        yield persona


@pytest.fixture
def repository(quay):
    return ImageRepository(quay.host, PATH)


def json_reply(document):
    return Reply.json(document)


@pytest.mark.parametrize("kind", [Distribution2, Ghcr, GitLab, Google])
async def test_other_registries_have_none_and_are_not_asked(make_shortcuts, kind):
    with serve(kind, TAGS, is_public=True) as persona:
        repository = ImageRepository(persona.host, PATH)
        assert await make_shortcuts(persona, logs_in=True).fetch(repository, {}) is None
        assert persona.server.requests + persona.elsewhere.requests == []


USELESS = [
    pytest.param(Reply(status=401), id="401"),
    pytest.param(Reply(status=403), id="403"),
    pytest.param(Reply(status=404), id="404"),
    pytest.param(Reply(status=418), id="418"),
    pytest.param(Reply(body=b"<html>Sign in</html>"), id="HTML"),
    pytest.param(Reply(body=b'{"tags": [{"name": "1'), id="truncated"),
    pytest.param(Reply(body=b"[" * 100_000), id="deep"),
    pytest.param(Reply(body=b"\xff\xfe\x00"), id="no text"),
    pytest.param(json_reply([SOUND]), id="a list"),
    pytest.param(json_reply({"tags": None}), id="null"),
    pytest.param(json_reply({"tags": {"sound": SOUND}}), id="an object"),
    pytest.param(Reply(body=b" " * (9 * 1024 * 1024)), id="too long"),
]


@pytest.mark.parametrize("reply", USELESS)
async def test_what_cannot_be_used_is_no_shortcut_for_an_hour(
    make_shortcuts, quay, repository, clock, reply
):
    shortcuts = make_shortcuts(quay)
    quay.server.script(API, reply)
    assert await shortcuts.fetch(repository, {}) is None
    asked = len(quay.server.requests)
    assert await shortcuts.fetch(repository, {}) is None
    assert len(quay.server.requests) == asked

    other = ImageRepository(quay.host, "shop/orders")
    quay.server.script("/api/v1/repository/shop/orders/tag/", Reply.json({"tags": [SOUND]}))
    assert await shortcuts.fetch(other, {}) is not None

    clock.advance(3600)
    quay.server.script(API, Reply.json({"tags": [SOUND]}))
    assert (await shortcuts.fetch(repository, {})).keys() == {"sound"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=429),
        Reply(status=429, headers={"retry-after": "60"}),
        Reply.json({"tags": []}, content_length="100"),
    ],
    ids=["500", "429", "429 for a minute", "cut"],
)
async def test_what_may_work_later_is_asked_again(make_shortcuts, quay, repository, clock, reply):
    shortcuts = make_shortcuts(quay)
    cut = Reply(body=reply.body, headers=reply.headers, cut_after=3)
    quay.server.script(API, cut if "content-length" in reply.headers else reply)
    assert await shortcuts.fetch(repository, {}) is None
    quay.server.script(API, Reply.json({"tags": [SOUND]}))
    clock.advance(60)
    assert (await shortcuts.fetch(repository, {})).keys() == {"sound"}


async def test_an_api_that_fails_is_not_held_against_its_registry(make_shortcuts, quay, repository):
    shortcuts = make_shortcuts(quay)
    quay.server.script(API, Reply(status=500))
    for asked in range(10):
        assert await shortcuts.fetch(repository, {}) is None
        assert len(quay.server.requests) == asked + 1
    assert not shortcuts._host.limits.circuit.is_open


async def test_an_api_whose_host_cannot_be_opened_is_none(make_shortcuts):
    def refuse(host):
        raise Unavailable("the certificate authorities cannot be read", location=host)

    with serve(DockerHub, TAGS) as hub:
        shortcuts = make_shortcuts(hub, open_api=refuse)
        assert await shortcuts.fetch(ImageRepository(hub.host, PATH), {}) is None


ENTRIES = [
    pytest.param({"name": "1", "start_ts": 1748772000}, {"1"}, id="no digest"),
    pytest.param({"name": "1", "manifest_digest": DIGEST}, {"1"}, id="no time"),
    pytest.param({"name": "1", "start_ts": "yesterday"}, set(), id="time of another type"),
    pytest.param({"name": "1", "start_ts": True}, set(), id="a truth for a time"),
    pytest.param({"name": "1", "start_ts": 1e300}, {"1"}, id="a time beyond all years"),
    pytest.param({"name": "1", "manifest_digest": 7}, set(), id="digest of another type"),
    pytest.param({"name": "1", "manifest_digest": "sha256:ab"}, set(), id="no digest at all"),
    pytest.param({"name": "../1"}, set(), id="no tag"),
    pytest.param({"name": "\ud800"}, set(), id="no text"),
    pytest.param({"name": ["1"]}, set(), id="name of another type"),
    pytest.param({}, set(), id="nothing"),
    pytest.param(None, set(), id="null"),
    pytest.param("1", set(), id="a name alone"),
    pytest.param({"name": "1", "more": {"of": ["anything"]}}, {"1"}, id="more fields"),
]


@pytest.mark.parametrize(("entry", "told"), ENTRIES)
async def test_an_entry_that_is_wrong_is_left_out_alone(
    make_shortcuts, quay, repository, entry, told
):
    quay.server.script(API, Reply.json({"tags": [entry, SOUND]}))
    assert (await make_shortcuts(quay).fetch(repository, {})).keys() == told | {"sound"}


async def test_quay_is_asked_as_by_a_stranger(make_shortcuts, quay, repository):
    assert await make_shortcuts(quay, logs_in=True).fetch(repository, {})
    assert not any("authorization" in request.headers for request in quay.server.requests)


async def test_acr_wants_a_token_for_metadata(make_shortcuts):
    with serve(Acr, TAGS) as acr:
        repository = ImageRepository(acr.host, PATH)
        assert (await make_shortcuts(acr, logs_in=True).fetch(repository, {})).keys() == {"1.0"}
        (token,) = acr.server.requests_for("/oauth2/token")
        assert token.parameters["scope"] == ["repository:shop/carts:metadata_read"]
        assert await make_shortcuts(acr).fetch(repository, {}) is None


async def test_acr_does_not_go_on_at_another_host(make_shortcuts, another):
    with serve(Acr, TAGS) as acr:
        tag = {"name": "1.0", "digest": DIGEST, "lastUpdateTime": "2025-06-01T10:00:00Z"}
        page = Reply.json({"tags": [tag]}, link=f'<{another.url}/_tags>; rel="next"')
        acr.server.script("/acr/v1/shop/carts/_tags", page)
        told = await make_shortcuts(acr).fetch(ImageRepository(acr.host, PATH), {})
        assert told.keys() == {"1.0"}
    assert another.requests == []
