"""Every place of every API's answer, filled with what does not belong there: no error ever, and its neighbours are told."""

import json

import pytest

from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from tests.servers.personas.clouds import Acr
from tests.servers.personas.hosted import Harbor
from tests.servers.personas.persona import serve
from tests.servers.personas.public import DockerHub, Quay
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "shop/carts"
TIME = "2025-06-01T10:00:00Z"
DIGEST = "sha256:" + "a" * 64
JUNK = [None, True, -1, 1e308, "", "x\x00", [], [[]], {}, {"name": {}}]

QUAY = {"name": "1", "start_ts": 1748772000, "manifest_digest": DIGEST}
HUB = {"name": "1", "digest": DIGEST, "tag_last_pushed": TIME, "last_updated": TIME}
ACR = {"name": "1", "digest": DIGEST, "lastUpdateTime": TIME}
HARBOR = {
    "digest": DIGEST,
    "type": "IMAGE",
    "push_time": TIME,
    "extra_attrs": {"created": TIME},
    "tags": [{"name": "1", "push_time": TIME}],
}
APIS = [
    (
        Quay,
        "/api/v1/repository/shop/carts/tag/",
        {"has_additional": False, "tags": [QUAY, QUAY | {"name": "sound"}]},
    ),
    (
        DockerHub,
        "/v2/namespaces/shop/repositories/carts/tags",
        {"next": None, "results": [HUB, HUB | {"name": "sound"}]},
    ),
    (Acr, "/acr/v1/shop/carts/_tags", {"tags": [ACR, ACR | {"name": "sound"}]}),
    (
        Harbor,
        "/api/v2.0/projects/shop/repositories/carts/artifacts",
        [HARBOR, HARBOR | {"tags": [{"name": "sound"}]}],
    ),
]


def places(document, path=()):
    """The path of every value in a JSON document, the whole first."""
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*path, index))


def put(document, path, value):
    if not path:
        return value
    changed = json.loads(json.dumps(document))
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return changed


@pytest.mark.parametrize(("kind", "path", "answer"), APIS, ids=["quay", "hub", "acr", "harbor"])
async def test_one_wrong_value(make_shortcuts, clock, kind, path, answer):
    with serve(kind, {PATH: {}}, is_public=True) as persona:
        server = persona.elsewhere if kind is DockerHub else persona.server
        shortcuts, repository = make_shortcuts(persona), ImageRepository(persona.host, PATH)
        if kind is Harbor:
            shortcuts._host._authenticator.service = "harbor-registry"
        for place in places(answer):
            for junk in JUNK:
                server.script(path, Reply.json(put(answer, place, junk)))
                told = await shortcuts.fetch(repository, {})
                clock.advance(3600)
                if 0 in place[:2]:
                    assert isinstance(told["sound"], ListedImage)
