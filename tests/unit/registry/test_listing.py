"""Tag lists: where they end, validators, and what the list itself tells."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from automator.errors import ProtocolViolation, Unavailable
from automator.model.image import ImageRepository
from automator.model.tags import ListedImage, Listing
from tests.servers.personas.auth import PASSWORD
from tests.servers.personas.hosted import Harbor
from tests.servers.personas.persona import serve
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = {"name": "shop/carts", "tags": ["1.0", "1.1"]}
ETAG = '"abc"'


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host) as client:
        yield client


# Pages that do not end


async def test_pages_that_bring_nothing_new_are_no_list(client, scripted, repository):
    def again(request):
        number = len(scripted.requests)
        return Reply.json({"tags": ["1", "2"]}, link=f'<{PATH}?token={number}>; rel="next"')

    scripted.script(PATH, again)
    with pytest.raises(ProtocolViolation, match="does not end"):
        await client.fetch_tags(repository)
    assert len(scripted.requests) == 6


async def test_empty_pages_in_between_are_passed_over(client, scripted, repository):
    pages = [["1"], [], None, [], ["1", "2"], [], ["3"]]
    scripted.script(
        PATH,
        *(
            Reply.json({"tags": tags}, link=f'<{PATH}?token={number}>; rel="next"')
            for number, tags in enumerate(pages)
        ),
        Reply.json({"tags": None}),
    )
    assert (await client.fetch_tags(repository)).tags == ("1", "2", "3")


async def test_pages_that_are_each_in_time_are_no_list_if_they_take_hours(
    client, scripted, repository, clock
):
    def slowly(request):
        clock.advance(29)
        number = len(scripted.requests)
        return Reply.json({"tags": [str(number)]}, link=f'<{PATH}?token={number}>; rel="next"')

    scripted.script(PATH, slowly)
    with pytest.raises(Unavailable, match="not complete after 10 minutes and 21 pages") as caught:
        await client.fetch_tags(repository)
    assert caught.value.location == str(repository)
    assert len(scripted.requests) == 21


# Validators


async def test_a_list_that_has_not_changed_is_not_sent_again(client, scripted, repository):
    scripted.script(PATH, Reply.json(TAGS, etag=ETAG), Reply(status=304))
    listing = await client.fetch_tags(repository)
    assert await client.fetch_tags(repository, validator=listing.validator) is None
    assert [request.headers.get("if-none-match") for request in scripted.requests] == [None, ETAG]


async def test_a_list_that_has_changed_comes_with_its_new_validator(client, scripted, repository):
    changed = Reply.json({"tags": ["2.0"]}, etag='W/"def"')
    scripted.script(PATH, Reply.json(TAGS, etag=ETAG), changed, Reply(status=304))
    first = await client.fetch_tags(repository)
    second = await client.fetch_tags(repository, validator=first.validator)
    assert second.tags == ("2.0",)
    assert await client.fetch_tags(repository, validator=second.validator) is None
    assert scripted.requests[-1].headers["if-none-match"] == 'W/"def"'


async def test_a_validator_is_kept_while_the_page_size_is_found_out(client, scripted, repository):
    scripted.script(PATH, Reply.json(TAGS, etag=ETAG), Reply(status=400), Reply(status=304))
    listing = await client.fetch_tags(repository)
    assert await client.fetch_tags(repository, validator=listing.validator) is None
    assert [request.query for request in scripted.requests] == ["n=1000", "n=1000", "n=100"]
    assert scripted.requests[-1].headers["if-none-match"] == ETAG


@pytest.mark.parametrize(
    "etag",
    [
        "",
        "abc",
        '"ab c"',
        '"a"b"',
        '"\u00fc"',
        f'"{"x" * 600}"',
    ],
)
async def test_an_entity_tag_that_is_none_is_not_kept(client, scripted, repository, etag):
    scripted.script(PATH, Reply.json(TAGS, etag=etag))
    assert (await client.fetch_tags(repository)).validator == ""


async def test_the_validator_of_a_page_is_none_of_the_list(client, scripted, repository):
    scripted.script(
        PATH,
        Reply.json({"tags": ["1"]}, etag=ETAG, link=f'<{PATH}?last=1>; rel="next"'),
        Reply.json({"tags": ["2"]}, etag=ETAG),
    )
    assert await client.fetch_tags(repository) == Listing(tags=("1", "2"))


async def test_the_validator_of_a_full_page_would_hide_the_page_that_comes_next(
    client, scripted, repository
):
    scripted.script(PATH, Reply.json({"tags": [str(n) for n in range(100)]}, etag=ETAG))
    assert (await client.fetch_tags(repository)).validator == ""


async def test_not_modified_is_no_answer_to_who_has_nothing(client, scripted, repository):
    scripted.script(PATH, Reply(status=304))
    with pytest.raises(ProtocolViolation, match="304"):
        await client.fetch_tags(repository)


@pytest.mark.parametrize(
    "validator",
    [
        pytest.param('other.example/shop/carts "abc"', id="another registry's"),
        pytest.param('"abc"', id="nobody's"),
        pytest.param("nonsense", id="none"),
    ],
)
async def test_a_foreign_validator_is_not_sent(client, scripted, repository, validator):
    scripted.script(PATH, Reply.json(TAGS))
    await client.fetch_tags(repository, validator=validator)
    assert "if-none-match" not in scripted.requests[0].headers


# What the list tells


async def test_google_s_list_tells_of_the_images(client, scripted, repository):
    digest = f"sha256:{'a' * 64}"
    told = {"tag": ["1.0"], "timeCreatedMs": "1704164645000", "timeUploadedMs": "1704164646000"}
    scripted.script(PATH, Reply.json(TAGS | {"child": [], "manifest": {digest: told}}))
    assert (await client.fetch_tags(repository)).told == {
        "1.0": ListedImage(
            digest=digest,
            created_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
            pushed_at=datetime(2024, 1, 2, 3, 4, 6, tzinfo=UTC),
        )
    }


async def test_a_list_in_another_encoding_is_refused(client, scripted, repository):
    scripted.script(PATH, Reply(body=json.dumps(TAGS).encode("utf-16")))
    with pytest.raises(ProtocolViolation, match="tag list"):
        await client.fetch_tags(repository)


# What the registry tells beside the OCI protocol


async def test_harbor_s_own_api_is_asked_once_its_challenge_told_its_name(make_client):
    images = {"shop/carts": {"1.0": "2025-06-01T10:00:00Z", "1.1": "2025-06-02T10:00:00Z"}}
    login = (Harbor.user, SecretStr(PASSWORD))
    with serve(Harbor, images) as harbor:
        repository = ImageRepository(harbor.host, "shop/carts")
        async with make_client(harbor.host, login=login) as client:
            assert await client.fetch_told(repository, {}) is None
            await client.fetch_tags(repository)
            before = client.requests
            told = await client.fetch_told(repository, {})
            assert client.requests == before + 1
        digests = {tag: image.digest for tag, image in harbor.images["shop/carts"].items()}
    assert {tag: image.digest for tag, image in told.items()} == digests


async def test_most_registries_have_no_such_api(client, scripted, repository):
    scripted.script(PATH, Reply.json(TAGS))
    await client.fetch_tags(repository)
    assert await client.fetch_told(repository, {}) is None
    assert len(scripted.requests) == 1
