"""ECR by botocore itself, against an endpoint that answers as AWS does."""

from datetime import datetime

import pytest

from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from tests.servers.personas.clouds import Ecr
from tests.servers.personas.persona import serve
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
PATH = "shop/web/carts"
TAGS = {f"1.{day}": f"2025-06-0{day}T10:00:00Z" for day in range(1, 6)}
REPOSITORY = ImageRepository(HOST, PATH)
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def ecr(monkeypatch):
    with serve(Ecr, {PATH: TAGS}) as persona:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", persona.elsewhere.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "topsecret")
        yield persona


@pytest.fixture
def shortcuts(make_shortcuts, ecr):
    return make_shortcuts(ecr, name=HOST)


async def test_every_page_each_time_and_counted(shortcuts, ecr):
    told = await shortcuts.fetch(REPOSITORY, {})
    assert told == {
        tag: ListedImage(
            digest=ecr.images[PATH][tag].digest, pushed_at=datetime.fromisoformat(created)
        )
        for tag, created in TAGS.items()
    }
    assert shortcuts.requests == len(ecr.elsewhere.requests) == 3
    ecr.push(PATH, "0.1", "2025-07-01T10:00:00Z")
    assert (await shortcuts.fetch(REPOSITORY, told)).keys() == {*TAGS, "0.1"}
    assert shortcuts.requests == len(ecr.elsewhere.requests) == 6
    assert ecr.server.requests == []


def image(**changed):
    return {"imageDigest": DIGEST, "imageTags": ["1"], "imagePushedAt": 1748772000} | changed


@pytest.mark.parametrize(
    ("entry", "tags", "is_image"),
    [
        pytest.param(image(), {"1"}, True, id="an index"),
        pytest.param(image(imageTags=["1", "2"]), {"1", "2"}, True, id="two tags"),
        pytest.param(image(imageTags=["1", "no tag"]), {"1"}, True, id="no tag"),
        pytest.param(image(imageDigest="sha256:ab"), set(), True, id="no digest"),
        pytest.param(
            image(artifactMediaType="application/vnd.cncf.helm.config.v1+json"),
            {"1"},
            False,
            id="a chart",
        ),
    ],
)
async def test_an_image(shortcuts, ecr, entry, tags, is_image):
    ecr.elsewhere.script("/", Reply.json({"imageDetails": [entry]}))
    told = await shortcuts.fetch(REPOSITORY, {})
    assert told.keys() == tags
    assert all(listed.is_image is is_image for listed in told.values())


async def test_pages_without_end(shortcuts, ecr):
    ecr.elsewhere.script("/", Reply.json({"imageDetails": [image()], "nextToken": "again"}))
    assert (await shortcuts.fetch(REPOSITORY, {})).keys() == {"1"}
    assert shortcuts.requests == 2


def refusal(name, status=400):
    return Reply.json({"__type": name, "message": "no"}, status=status)


@pytest.mark.parametrize(
    ("reply", "asked_again"),
    [
        pytest.param(refusal("AccessDeniedException"), False, id="denied"),
        pytest.param(refusal("RepositoryNotFoundException"), False, id="not found"),
        pytest.param(Reply(body=b"<html>"), False, id="garbage"),
        pytest.param(refusal("ThrottlingException"), True, id="throttled"),
        pytest.param(refusal("ServerException", 500), True, id="fails"),
    ],
)
async def test_what_becomes_of_a_failure(shortcuts, ecr, reply, asked_again):
    ecr.elsewhere.script("/", reply)
    assert await shortcuts.fetch(REPOSITORY, {}) is None
    ecr.elsewhere.script("/", Reply.json({"imageDetails": [image()]}))
    assert (await shortcuts.fetch(REPOSITORY, {}) is not None) is asked_again


async def test_without_an_account_there_is_none(shortcuts, ecr, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert await shortcuts.fetch(REPOSITORY, {}) is None
    assert ecr.elsewhere.requests == []
