"""Harbor: known by its challenge, asked with the registry's password; two rights of one credential."""

from datetime import datetime

import pytest

from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from automator.registry.transport import Exchange
from tests.servers.personas.auth import PASSWORD
from tests.servers.personas.hosted import Harbor
from tests.servers.personas.persona import serve
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "shop/web/carts"
API = "/api/v2.0/projects/shop/repositories/web%252Fcarts/artifacts"
TIME = "2025-06-01T10:00:00.123456789Z"
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def harbor():
    tags = {
        f"1.{number}": f"2025-06-01T10:{number // 60:02}:{number % 60:02}Z" for number in range(150)
    }
    with serve(Harbor, {PATH: tags}) as persona:
        yield persona


@pytest.fixture
def repository(harbor):
    return ImageRepository(harbor.host, PATH)


async def list_tags(shortcuts, harbor, repository):
    """As every poll begins: Harbor tells its name in the challenge."""
    url = f"{harbor.server.url}/v2/{PATH}/tags/list"
    exchange = Exchange(method="GET", url=url, where="here", body_limit=10_000)
    await shortcuts._host.ask(repository, exchange)
    harbor.server.requests.clear()


async def test_it_is_not_asked_before_it_told_its_name(make_shortcuts, harbor, repository):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    assert await shortcuts.fetch(repository, {}) is None
    assert harbor.server.requests == []
    await list_tags(shortcuts, harbor, repository)
    assert len(await shortcuts.fetch(repository, {}) or ()) == 150


async def test_every_tag_with_both_its_times_in_pages_of_artifacts(
    make_shortcuts, harbor, repository
):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    await list_tags(shortcuts, harbor, repository)
    told = await shortcuts.fetch(repository, {})
    at = datetime.fromisoformat("2025-06-01T10:00:07Z")
    image = harbor.images[PATH]["1.7"]
    assert told["1.7"] == ListedImage(digest=image.digest, created_at=at, pushed_at=at)
    assert [(r.path, r.parameters["page"]) for r in harbor.server.requests] == [
        (API, ["1"]),
        (API, ["2"]),
    ]
    harbor.server.requests.clear()
    harbor.push(PATH, "2.0", "2025-06-02T10:00:00Z")
    assert (await shortcuts.fetch(repository, told)).keys() == told.keys() | {"2.0"}
    assert len(harbor.server.requests) == 1


async def test_the_password_is_shown_to_the_registry_alone(make_shortcuts, harbor, repository):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    await list_tags(shortcuts, harbor, repository)
    await shortcuts.fetch(repository, {})
    kinds = {r.headers["authorization"].split()[0] for r in harbor.server.requests}
    assert kinds == {"Basic"}
    assert harbor.elsewhere.requests == []


async def test_a_wrong_password_is_no_shortcut(make_shortcuts, harbor, repository):
    harbor.is_public = True
    shortcuts = make_shortcuts(harbor)
    await list_tags(shortcuts, harbor, repository)
    harbor.is_public = False
    assert await shortcuts.fetch(repository, {}) is None


async def test_a_public_project_is_told_to_strangers(make_shortcuts, harbor, repository):
    harbor.is_public = True
    shortcuts = make_shortcuts(harbor)
    await list_tags(shortcuts, harbor, repository)
    assert len(await shortcuts.fetch(repository, {})) == 150
    assert "authorization" not in harbor.server.requests[-1].headers


def artifact(**changed):
    tags = [{"name": "1", "push_time": TIME}]
    return {"digest": DIGEST, "type": "IMAGE", "push_time": TIME, "tags": tags} | changed


AT = datetime.fromisoformat("2025-06-01T10:00:00.123456Z")
LISTED = ListedImage(digest=DIGEST, pushed_at=AT)
ARTIFACTS = [
    pytest.param(artifact(), {"1": LISTED}, id="an index has no creation time"),
    pytest.param(
        artifact(type="CHART"),
        {"1": ListedImage(digest=DIGEST, pushed_at=AT, is_image=False)},
        id="a chart",
    ),
    pytest.param(artifact(tags=None), {}, id="no tags"),
    pytest.param(artifact(tags=[{"name": "1"}]), {"1": LISTED}, id="a tag without a time"),
    pytest.param(artifact(tags=[{"name": "no tag"}, {"name": 7}, 7]), {}, id="no names"),
    pytest.param(artifact(digest="sha256:abc"), {}, id="no digest"),
    pytest.param(artifact(digest=None), {}, id="digest of another type"),
    pytest.param(artifact(push_time=7), {}, id="time of another type"),
    pytest.param(artifact(extra_attrs="x"), {}, id="attributes of another type"),
    pytest.param(
        artifact(extra_attrs={"created": "1970-01-01T00:00:00Z"}),
        {
            "1": ListedImage(
                digest=DIGEST,
                pushed_at=AT,
                created_at=datetime.fromisoformat("1970-01-01T00:00:00Z"),
            )
        },
        id="a reproducible build: the image's own word",
    ),
    pytest.param(
        artifact(tags=[{"name": "1", "push_time": "0001-01-01T00:00:00Z"}]),
        {"1": LISTED},
        id="a tag that was never pushed",
    ),
    pytest.param(
        artifact(tags=[{"name": "1", "push_time": "1970-01-01T00:00:00Z"}]),
        {"1": ListedImage(digest=DIGEST)},
        id="a push before there were images",
    ),
    pytest.param("artifact", {}, id="no artifact"),
]


@pytest.mark.parametrize(("entry", "told"), ARTIFACTS)
async def test_an_artifact(make_shortcuts, harbor, repository, entry, told):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    await list_tags(shortcuts, harbor, repository)
    harbor.server.script(API, Reply.json([entry, artifact(tags=[{"name": "sound"}])]))
    assert await shortcuts.fetch(repository, {}) == told | {"sound": LISTED}


async def test_without_a_total_a_full_page_has_another_behind_it(
    make_shortcuts, harbor, repository
):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    await list_tags(shortcuts, harbor, repository)
    pages = [[artifact(tags=[{"name": f"{page}-{n}"}]) for n in range(100)] for page in range(2)]
    harbor.server.script(API, *map(Reply.json, (*pages, [])))
    assert len(await shortcuts.fetch(repository, {})) == 200
    assert len(harbor.server.requests) == 3


async def test_a_name_without_a_project_is_not_asked_for(make_shortcuts, harbor, repository):
    shortcuts = make_shortcuts(harbor, logs_in=True)
    await list_tags(shortcuts, harbor, repository)
    assert await shortcuts.fetch(ImageRepository(harbor.host, "carts"), {}) is None
    assert harbor.server.requests == []
    assert PASSWORD not in repr(shortcuts)
