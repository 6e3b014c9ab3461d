"""What an image is, and for how many requests, against distribution's own registry."""

from datetime import UTC, datetime

import anyio
import pytest

from automator.errors import InvalidReference, ProtocolViolation, Throttled
from automator.model.image import ImageRepository, Platform
from automator.model.tags import Detail, ImageFacts
from tests.servers.images import (
    EMPTY,
    OCI_LAYER,
    Blob,
    Image,
    make_artifact,
    make_image,
    make_index,
    push_image,
    push_index,
)
from tests.servers.registry import docker_registry
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

CREATED_AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
EARLIER = datetime(2023, 1, 1, tzinfo=UTC)
CREATED = {"org.opencontainers.image.created": "2024-01-02T03:04:05Z"}
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")


def texts(name):
    """Every text that is read, telling where it comes from."""
    return {
        "org.opencontainers.image.source": f"https://git.example/{name}",
        "org.opencontainers.image.revision": f"revision of {name}",
        "org.opencontainers.image.version": f"version of {name}",
    }


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def repository(registry, request):
    """An image repository of the test's own."""
    name = "".join(char for char in request.node.name if char.isalnum() and char.isascii())
    return ImageRepository(registry.host, f"shop/{name.lower()}")


@pytest.fixture
async def client(make_client, registry):
    async with make_client(registry.host) as client:
        yield client


@pytest.mark.parametrize("detail", [Detail.TIME, Detail.FULL])
@pytest.mark.parametrize("by_digest", [False, True], ids=["by tag", "by digest"])
async def test_an_image_tells_everything_in_two_requests(
    client, registry, repository, recall, by_digest, detail
):
    layers = [Blob(OCI_LAYER, b"x" * 1000), Blob(OCI_LAYER, b"y" * 234)]
    image = make_image(platform="linux/arm64/v8", labels=texts("config"), layers=layers)
    digest = push_image(registry.url, repository.path, "1.0", image)
    reference = digest if by_digest else "1.0"
    facts = await client.fetch_facts(repository, reference, detail=detail, recall=recall)
    assert facts == ImageFacts(
        digest=digest,
        created_at=CREATED_AT,
        platforms=frozenset({ARM64}),
        size_bytes=1234 + len(image.config.data),
        source="https://git.example/config",
        revision="revision of config",
        version="version of config",
        detail=Detail.FULL,
    )
    assert client.requests == 2


@pytest.mark.parametrize(
    ("detail", "requests", "platforms"),
    [(Detail.TIME, 1, frozenset()), (Detail.FULL, 2, frozenset({AMD64}))],
)
async def test_a_created_annotation_makes_the_config_unnecessary_for_the_time(
    client, registry, repository, recall, detail, requests, platforms
):
    image = make_image(created="2023-01-01T00:00:00Z", annotations=CREATED)
    push_image(registry.url, repository.path, "1.0", image)
    facts = await client.fetch_facts(repository, "1.0", detail=detail, recall=recall)
    assert (facts.created_at, facts.platforms) == (CREATED_AT, platforms)
    assert (facts.detail, client.requests) == (detail, requests)


IMAGES = [
    make_image(platform="linux/arm64/v8", created="2023-01-01T00:00:00Z"),
    make_image(platform="linux/amd64", layers=[Blob(OCI_LAYER, b"amd64")]),
    make_image(platform="unknown/unknown", label="attestation"),
]


@pytest.mark.parametrize(
    ("annotations", "detail", "requests", "told"),
    [
        pytest.param(None, Detail.TIME, 3, Detail.FULL, id="time"),
        pytest.param(None, Detail.FULL, 3, Detail.FULL, id="everything"),
        pytest.param(CREATED, Detail.TIME, 1, Detail.TIME, id="annotated: time"),
        pytest.param(CREATED, Detail.FULL, 3, Detail.FULL, id="annotated: everything"),
        pytest.param(
            CREATED | texts("index"), Detail.FULL, 2, Detail.FULL, id="annotated all over"
        ),
    ],
)
async def test_an_index_tells_the_platforms_and_linux_amd64_the_rest(
    client, registry, repository, recall, annotations, detail, requests, told
):
    digest = push_index(registry.url, repository.path, "1.0", IMAGES, annotations=annotations)
    facts = await client.fetch_facts(repository, "1.0", detail=detail, recall=recall)
    assert (facts.digest, facts.created_at, facts.platforms) == (digest, CREATED_AT, {AMD64, ARM64})
    amd64 = IMAGES[1]
    size = len(amd64.config.data) + len(b"amd64")
    assert facts.size_bytes == (size if told is Detail.FULL else None)
    assert (facts.detail, client.requests) == (told, requests)


@pytest.mark.parametrize("detail", [Detail.TIME, Detail.FULL])
async def test_docker_s_official_images_tell_it_beside_each_digest_in_the_index(
    client, registry, repository, recall, detail
):
    beside = CREATED | texts("entry")
    push_index(registry.url, repository.path, "1.0", IMAGES, beside=beside)
    facts = await client.fetch_facts(repository, "1.0", detail=detail, recall=recall)
    assert (facts.created_at, facts.version) == (CREATED_AT, "version of entry")
    assert facts.detail == detail
    assert client.requests == (1 if detail is Detail.TIME else 2)


WORDS = ["index", "entry", "manifest", "config"]


@pytest.mark.parametrize("first", range(4), ids=WORDS)
async def test_the_nearest_word_is_believed(client, registry, repository, recall, first):
    """The index before what stands in it beside the digest, this before the manifest, and the config last."""
    index, entry, manifest, config = (
        texts(name) if number >= first else {} for number, name in enumerate(WORDS)
    )
    image = make_image(annotations=manifest, labels=config)
    push_index(registry.url, repository.path, "1.0", [image], annotations=index, beside=entry)
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    said = (facts.source, facts.revision, facts.version)
    assert said == tuple(texts(WORDS[first]).values())


# Many tags, one digest


async def test_a_config_blob_is_fetched_once_for_each_digest(client, registry, repository, recall):
    image = make_image()
    tags = [f"1.{number}" for number in range(10)]
    for tag in tags:
        push_image(registry.url, repository.path, tag, image)
    for tag in tags:
        facts = await client.fetch_facts(repository, tag, detail=Detail.FULL, recall=recall)
        recall.facts[facts.digest] = facts
    assert client.requests == len(tags) + 1
    assert recall.asked == [image.digest] * len(tags)


async def test_also_when_they_are_all_asked_for_at_once(client, registry, repository, recall):
    tags = [f"1.{number}" for number in range(20)]
    for tag in tags:
        push_image(registry.url, repository.path, tag, make_image())

    async def fetch(tag):
        facts = await client.fetch_facts(repository, tag, detail=Detail.TIME, recall=recall)
        recall.facts[facts.digest] = facts

    async with anyio.create_task_group() as tasks:
        for tag in tags:
            tasks.start_soon(fetch, tag)
    assert client.requests == len(tags) + 1


@pytest.mark.parametrize(
    ("known", "wanted", "requests"),
    [
        (Detail.FULL, Detail.FULL, 0),
        (Detail.FULL, Detail.TIME, 0),
        (Detail.TIME, Detail.TIME, 0),
        (Detail.TIME, Detail.FULL, 2),
        (Detail.DIGEST, Detail.TIME, 2),
    ],
)
async def test_what_is_known_of_a_digest_is_not_asked_for_again(
    client, registry, repository, recall, known, wanted, requests
):
    digest = push_image(registry.url, repository.path, "1.0")
    recall.facts[digest] = ImageFacts(
        digest=digest, first_seen_at=EARLIER, pushed_at=EARLIER, detail=known
    )
    facts = await client.fetch_facts(repository, digest, detail=wanted, recall=recall)
    assert client.requests == requests
    assert facts.detail >= wanted
    assert (facts.first_seen_at, facts.pushed_at) == (EARLIER, EARLIER)


# What is no image


SIGNATURE = Blob("application/vnd.dev.cosign.simplesigning.v1+json", b"{}")


@pytest.mark.parametrize(
    "artifact",
    [
        pytest.param(
            make_artifact(
                Blob("application/vnd.cncf.helm.config.v1+json", b'{"name": "carts"}'),
                Blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", b"chart"),
            ),
            id="Helm chart",
        ),
        pytest.param(make_artifact(make_image().config, SIGNATURE), id="cosign signature"),
        pytest.param(
            make_artifact(EMPTY, Blob("text/spdx+json", b"{}"), artifact_type="text/spdx+json"),
            id="SBOM",
        ),
    ],
)
@pytest.mark.parametrize("detail", [Detail.TIME, Detail.FULL])
async def test_an_artifact_is_told_from_an_image_in_one_request(
    client, registry, repository, recall, artifact, detail
):
    digest = push_image(registry.url, repository.path, "1.0", artifact)
    facts = await client.fetch_facts(repository, "1.0", detail=detail, recall=recall)
    assert facts == ImageFacts(digest=digest, is_image=False, detail=Detail.FULL)
    assert client.requests == 1


async def test_an_index_of_artifacts_is_told_from_an_image_at_the_latest_by_its_child(
    client, registry, repository, recall
):
    chart = make_artifact(Blob("application/vnd.cncf.helm.config.v1+json", b"{}"))
    digest = push_index(registry.url, repository.path, "1.0", [chart])
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.TIME, recall=recall)
    assert facts == ImageFacts(digest=digest, is_image=False, detail=Detail.FULL)
    assert client.requests == 2


async def test_a_reference_that_is_no_digest_is_refused(client, repository, recall):
    with pytest.raises(InvalidReference):
        await client.fetch_facts(repository, "sha256:0", detail=Detail.TIME, recall=recall)
    assert client.requests == 0


# What cannot be believed


def script_manifest(scripted, reference, blob):
    reply = Reply(body=blob.data, headers={"content-type": blob.media_type})
    scripted.script(f"/v2/shop/carts/manifests/{reference}", reply)


def script_nested(scripted, levels):
    """An image in an index in an index: as many manifests as `levels`. The outermost one's digest."""
    image = make_image()
    scripted.script(f"/v2/shop/carts/blobs/{image.config.digest}", Reply(body=image.config.data))
    script_manifest(scripted, image.digest, image.manifest)
    for _ in range(levels - 1):
        index = make_index([image])
        script_manifest(scripted, index.digest, index)
        image = Image(manifest=index, config=image.config, platform="linux/amd64")
    return image.digest


@pytest.mark.parametrize("levels", [1, 2, 3])
async def test_indexes_may_stand_in_one_another(make_client, scripted, recall, levels):
    digest = script_nested(scripted, levels)
    repository = ImageRepository(scripted.host, "shop/carts")
    async with make_client(scripted.host) as client:
        facts = await client.fetch_facts(repository, digest, detail=Detail.FULL, recall=recall)
    assert (facts.digest, facts.created_at) == (digest, CREATED_AT)
    assert len(scripted.requests) == levels + 1


async def test_but_not_without_end(make_client, scripted, recall):
    digest = script_nested(scripted, 4)
    repository = ImageRepository(scripted.host, "shop/carts")
    async with make_client(scripted.host) as client:
        with pytest.raises(ProtocolViolation, match="without end"):
            await client.fetch_facts(repository, digest, detail=Detail.FULL, recall=recall)
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("what", ["manifest", "child", "config"])
async def test_what_is_named_by_digest_is_verified(make_client, scripted, recall, what):
    image = make_image()
    index = make_index([image])
    content = {
        "manifest": (f"manifests/{index.digest}", index.data),
        "child": (f"manifests/{image.digest}", image.manifest.data),
        "config": (f"blobs/{image.config.digest}", image.config.data),
    }
    for name, (place, data) in content.items():
        body = data + b" " if name == what else data
        scripted.script(f"/v2/shop/carts/{place}", Reply(body=body))
    repository = ImageRepository(scripted.host, "shop/carts")
    async with make_client(scripted.host) as client:
        with pytest.raises(ProtocolViolation, match="does not match its digest"):
            await client.fetch_facts(repository, index.digest, detail=Detail.FULL, recall=recall)


async def test_manifests_count_as_pulls_and_digests_do_not(make_client, scripted, recall):
    image = make_image()
    told = {
        "docker-content-digest": image.digest,
        "ratelimit-limit": "100;w=21600",
        "ratelimit-remaining": "0;w=21600",
    }
    path = "/v2/shop/carts/manifests"
    scripted.script(f"{path}/1.0", Reply(body=image.manifest.data, headers=told))
    scripted.script(f"/v2/shop/carts/blobs/{image.config.digest}", Reply(body=image.config.data))
    repository = ImageRepository(scripted.host, "shop/carts")
    async with make_client(scripted.host) as client:
        await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
        with pytest.raises(Throttled):
            await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
        assert await client.fetch_digest(repository, "1.0") == image.digest
