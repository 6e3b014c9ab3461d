"""How many tags a page are asked for: registries, as they deal with numbers, and the requests that their lists cost."""

from dataclasses import dataclass

import pytest

from automator.errors import ProtocolViolation, Unavailable
from automator.model.image import ImageRepository
from automator.registry.pages import may_be_full
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

PATH = "/v2/shop/carts/tags/list"
TAGS = {"name": "shop/carts", "tags": ["1.0", "1.1"]}
USUAL, LARGE, SMALL, NONE = "n=1000", "n=10000", "n=100", ""


@pytest.fixture
def repository(scripted):
    return ImageRepository(scripted.host, "shop/carts")


@pytest.fixture
async def client(make_client, scripted):
    async with make_client(scripted.host) as client:
        yield client


def queries(scripted):
    return [request.query for request in scripted.requests]


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A registry of `count` tags. `most` is its largest page: what asks for more is `refused` with a status or, without
    one, gets `most`. `unasked` is the size of a page where no number is asked for; None is everything.

    `too_large` is what it gives instead of refusing a number above 1000. Or it `ignores` numbers.
    """

    count: int
    most: int | None = None
    unasked: int | None = None
    refused: int | None = None
    too_large: int | None = None
    ignores: bool = False

    def __call__(self, request):
        asked = request.parameters.get("n")
        size = int(asked[0]) if asked and not self.ignores else self.unasked
        if size is not None and self.most is not None and size > self.most:
            if self.refused is not None:
                return Reply.json({"errors": [{"code": "PAGINATION"}]}, status=self.refused)
            size = self.most
        if self.too_large is not None and size is not None and size > 1000:
            size = self.too_large
        begin = int(request.parameters.get("last", ["-1"])[0]) + 1
        end = self.count if size is None else min(begin + size, self.count)
        headers = {}
        if end < self.count:
            number = f"n={size}&" if asked else ""
            headers["link"] = f'<{PATH}?{number}last={end - 1}>; rel="next"'
        return Reply.json({"tags": [str(number) for number in range(begin, end)]}, **headers)


@pytest.mark.parametrize(
    ("registry", "lists"),
    [
        pytest.param(
            Pages(count=999),
            [[USUAL]] * 2,
            id="a list on one page",
        ),
        pytest.param(
            Pages(count=1000),
            [[USUAL]] * 2,
            id="a list that is exactly one page",
        ),
        pytest.param(
            Pages(count=2500),
            [[USUAL, "n=1000&last=999", "n=1000&last=1999"], [LARGE], [LARGE]],
            id="any number is honoured: larger from the next list on",
        ),
        pytest.param(
            Pages(count=21_000),
            [
                [USUAL, *(f"n=1000&last={n}" for n in range(999, 20_999, 1000))],
                [LARGE, "n=10000&last=9999", "n=10000&last=19999"],
                [LARGE, "n=10000&last=9999", "n=10000&last=19999"],
            ],
            id="no larger than that",
        ),
        pytest.param(
            Pages(count=1500, most=1000, refused=400),
            [
                [USUAL, "n=1000&last=999"],
                [LARGE, USUAL, "n=1000&last=999"],
                [USUAL, "n=1000&last=999"],
            ],
            id="more than 1000 is refused, once",
        ),
        pytest.param(
            Pages(count=1500, most=1000, refused=422),
            [
                [USUAL, "n=1000&last=999"],
                [LARGE, USUAL, "n=1000&last=999"],
                [USUAL, "n=1000&last=999"],
            ],
            id="more than 1000 is refused in another way",
        ),
        pytest.param(
            Pages(count=1500, most=1000, refused=500),
            [
                [USUAL, "n=1000&last=999"],
                [LARGE, LARGE, LARGE, USUAL, "n=1000&last=999"],
                [USUAL, "n=1000&last=999"],
            ],
            id="more than 1000 is too much",
        ),
        pytest.param(
            Pages(count=1500, most=1000),
            [[USUAL, "n=1000&last=999"], [LARGE, "n=1000&last=999"]],
            id="1000 is all that is given: as many requests as before",
        ),
        pytest.param(
            Pages(count=1500, too_large=500),
            [
                [USUAL, "n=1000&last=999"],
                [LARGE, "n=500&last=499", "n=500&last=999"],
                [USUAL, "n=1000&last=999"],
            ],
            id="a number that is too large is taken for none",
        ),
        pytest.param(
            Pages(count=250, most=100),
            [[USUAL, "n=100&last=99", "n=100&last=199"]] * 2,
            id="it caps by itself: left as it is",
        ),
        pytest.param(
            Pages(count=250, most=100, refused=413),
            [
                [USUAL, SMALL, "n=100&last=99", "n=100&last=199"],
                [SMALL, "n=100&last=99", "n=100&last=199"],
                [SMALL, "n=100&last=99", "n=100&last=199"],
            ],
            id="100 is the most, and 1000 is asked for no more",
        ),
        pytest.param(
            Pages(count=120, most=50, refused=400, unasked=50),
            [[USUAL, SMALL, NONE, "last=49", "last=99"], [NONE, "last=49", "last=99"]],
            id="every number is refused",
        ),
        pytest.param(Pages(count=5000, ignores=True), [[USUAL]] * 2, id="numbers are ignored"),
        pytest.param(
            Pages(count=5000),
            [[USUAL, *(f"n=1000&last={n}" for n in range(999, 4999, 1000))], [LARGE]],
            id="five pages become one",
        ),
    ],
)
async def test_the_largest_page_that_a_registry_gives(
    client, scripted, repository, registry, lists
):
    scripted.script(PATH, registry)
    for expected in lists:
        scripted.requests.clear()
        listing = await client.fetch_tags(repository)
        assert listing.tags == tuple(map(str, range(registry.count)))
        assert queries(scripted) == expected


async def test_what_was_learned_of_a_host_serves_its_other_image_repositories(
    client, scripted, repository
):
    scripted.script(PATH, Pages(count=5, most=100, refused=400))
    scripted.script("/v2/shop/other/tags/list", Reply.json(TAGS))
    await client.fetch_tags(repository)
    await client.fetch_tags(ImageRepository(scripted.host, "shop/other"))
    assert queries(scripted) == [USUAL, SMALL, SMALL]


async def test_a_refusal_that_has_nothing_to_do_with_numbers_teaches_nothing(
    client, scripted, repository
):
    scripted.script(PATH, Reply(status=400))
    with pytest.raises(ProtocolViolation):
        await client.fetch_tags(repository)
    scripted.script("/v2/shop/other/tags/list", Reply.json(TAGS))
    await client.fetch_tags(ImageRepository(scripted.host, "shop/other"))
    assert queries(scripted) == [USUAL, SMALL, NONE, USUAL]


async def test_an_outage_teaches_nothing_of_numbers(client, scripted, repository, clock):
    scripted.script(PATH, Pages(count=1500))
    await client.fetch_tags(repository)
    scripted.script(PATH, Reply(status=503))
    with pytest.raises(Unavailable):
        await client.fetch_tags(repository)
    clock.advance(3600)
    scripted.script(PATH, Pages(count=1500))
    scripted.requests.clear()
    await client.fetch_tags(repository)
    assert queries(scripted) == [LARGE]


@pytest.mark.parametrize(
    ("registry", "requests"),
    [
        pytest.param(Pages(count=200_000, most=1000), 200, id="1000 a page"),
        pytest.param(Pages(count=30_000, most=100), 300, id="100 a page"),
        pytest.param(Pages(count=1_000_000, ignores=True), 1, id="at once"),
    ],
)
async def test_very_many_tags(client, scripted, repository, registry, requests):
    scripted.script(PATH, registry)
    listing = await client.fetch_tags(repository)
    assert len(listing.tags) == registry.count
    assert listing.tags[-1] == str(registry.count - 1)
    assert len(scripted.requests) == requests


@pytest.mark.parametrize("count", [10, 20, 50, 64, 100, 128, 250, 1000, 4096])
def test_a_page_of_a_round_number_may_be_full(count):
    assert may_be_full(count)


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, 11, 63, 65, 99, 101, 999, 1001])
def test_other_pages_are_not(count):
    assert not may_be_full(count)
