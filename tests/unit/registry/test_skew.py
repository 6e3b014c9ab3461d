"""Clocks that go wrong at the registry's, and tokens that end while a list is read: nothing is lost, nobody waits for ever."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from automator.errors import Denied, Throttled
from automator.model.image import ImageRepository
from automator.model.tags import Detail
from tests.servers.images import make_image
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
LOGIN = ("robot", SecretStr("topsecret"))
SKEWS = [timedelta(hours=-5), timedelta(hours=5), timedelta(days=-20_000), timedelta(days=20_000)]


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host, login=LOGIN) as client:
        yield client


def date(at):
    return format_datetime(at, usegmt=True)


def page(*tags, after="", at=None):
    """With a next page, if there is something to go on `after`; at that time of the registry's."""
    headers = {"link": f'<{PATH}?last={after}>; rel="next"'} if after else {}
    if at is not None:
        headers["date"] = date(at)
    return Reply.json({"tags": list(tags)}, **headers)


@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_the_registry_s_date_means_nothing(client, scripted, repository, clock, skew):
    scripted.script(PATH, page("1.0", at=clock.now() + skew))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert clock.slept == []


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_that_has_passed_here_stops_nothing(
    client, scripted, repository, clock, status
):
    after = date(clock.now() - timedelta(hours=5))
    scripted.script(PATH, Reply(status=status, headers={"retry-after": after}), page("1.0"))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert sum(clock.slept) < 10


@pytest.mark.parametrize(
    "after",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "999999999999999999999",
        "9" * 5000,
    ],
    ids=["the last year", "for ever", "a number of 5000 digits"],
)
async def test_a_retry_after_holds_for_a_day_at_most(client, scripted, repository, clock, after):
    scripted.script(PATH, Reply(status=429, headers={"retry-after": after}), page("1.0"))
    with pytest.raises(Throttled) as caught:
        await client.fetch_tags(repository)
    assert caught.value.retry_after <= timedelta(days=1)
    clock.advance(86400)
    assert (await client.fetch_tags(repository)).tags == ("1.0",)


@pytest.mark.parametrize(
    ("created", "created_at"),
    [
        ("2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2024-01-02T03:04:05.123456789+05:30", datetime(2024, 1, 1, 21, 34, 5, 123456, UTC)),
        ("10000-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
async def test_an_image_s_time_is_told_as_it_says_or_not_at_all(
    client, scripted, repository, recall, created, created_at
):
    """Whether it is plausible is for the selection to judge, which knows the other times."""
    image = make_image(created=created)
    manifest = {"content-type": image.manifest.media_type}
    scripted.script(
        "/v2/shop/carts/manifests/1.0", Reply(body=image.manifest.data, headers=manifest)
    )
    scripted.script(f"/v2/shop/carts/blobs/{image.config.digest}", Reply(body=image.config.data))
    facts = await client.fetch_facts(repository, "1.0", detail=Detail.FULL, recall=recall)
    assert facts.created_at == created_at


# Tokens


def challenge(scripted):
    return Reply.challenge(f'Bearer realm="{scripted.url}/token",service="s"')


def tokens(*values, seconds=300, **said):
    return [Reply.json({"token": value, "expires_in": seconds} | said) for value in values]


def shown(scripted):
    return [request.headers.get("authorization", "") for request in scripted.requests_for(PATH)]


async def test_a_token_that_ends_between_two_pages_is_replaced(client, scripted, repository):
    scripted.script("/token", *tokens("t1", "t2"))
    scripted.script(
        PATH,
        challenge(scripted),
        page("1.0", after="1.0"),
        challenge(scripted),
        page("1.1", after="1.1"),
        page("1.2"),
    )
    assert (await client.fetch_tags(repository)).tags == ("1.0", "1.1", "1.2")
    assert shown(scripted) == ["", "Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]


async def test_a_token_is_renewed_shortly_before_it_ends(client, scripted, repository, clock):
    scripted.script("/token", *tokens("t1", "t2", "t3"))

    def slow(reply):
        def answer(request):
            clock.advance(140)
            return reply

        return answer

    scripted.script(
        PATH,
        challenge(scripted),
        slow(page("1.0", after="1.0")),
        slow(page("1.1", after="1.1")),
        slow(page("1.2", after="1.2")),
        slow(page("1.3", after="1.3")),
        page("1.4"),
    )
    listing = await client.fetch_tags(repository)
    assert listing.tags == ("1.0", "1.1", "1.2", "1.3", "1.4")
    numbers = [header.removeprefix("Bearer t") for header in shown(scripted)]
    assert numbers == ["", "1", "1", "2", "2", "3"]


@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_a_token_lasts_from_when_it_was_asked_for_whatever_its_server_s_clock_says(
    client, scripted, repository, clock, skew
):
    issued_at = (clock.now() + skew).isoformat()
    scripted.script("/token", *tokens("t1", "t2", issued_at=issued_at))
    scripted.script(PATH, challenge(scripted), page("1.0"))
    await client.fetch_tags(repository)
    clock.advance(200)
    await client.fetch_tags(repository)
    assert shown(scripted) == ["", "Bearer t1", "Bearer t1"]
    clock.advance(100)
    await client.fetch_tags(repository)
    assert shown(scripted)[-1] == "Bearer t2"


async def test_a_token_server_that_hands_out_refused_tokens_is_not_asked_for_ever(
    client, scripted, repository
):
    scripted.script("/token", *tokens("t1"))
    scripted.script(PATH, challenge(scripted), page("1.0", after="1.0"), challenge(scripted))
    with pytest.raises(Denied, match="401"):
        await client.fetch_tags(repository)
    assert len(scripted.requests_for("/token")) == 2


@pytest.mark.parametrize("skew", SKEWS, ids=str)
async def test_a_retry_after_is_meant_by_the_registry_s_own_clock(
    client, scripted, repository, clock, skew
):
    theirs = clock.now() + skew
    headers = {"date": date(theirs), "retry-after": date(theirs + timedelta(seconds=7))}
    scripted.script(PATH, Reply(status=429, headers=headers), page("1.0"))
    assert (await client.fetch_tags(repository)).tags == ("1.0",)
    assert 7 <= sum(clock.slept) < 10
