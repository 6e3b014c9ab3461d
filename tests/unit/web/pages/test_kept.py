"""Readers without a login share what one of them had rendered; nobody is shown what is old, or somebody else's."""

import anyio
import pytest
from jinja2 import Template

from automator.web.pages.kept import KeptPages
from automator.web.query import TableQuery

ALL, LOCKED = TableQuery(), TableQuery(q="locked")


def test_a_page_is_kept_for_its_question_and_version():
    kept = KeptPages()
    kept.keep(1, ALL, b"all")
    assert kept.find(1, ALL) == b"all"
    assert kept.find(1, LOCKED) is None
    assert kept.find(2, ALL) is None


def test_news_make_all_pages_old():
    kept = KeptPages()
    kept.keep(1, ALL, b"all")
    kept.keep(2, LOCKED, b"locked")
    assert kept.find(1, ALL) is None
    assert kept.find(2, ALL) is None
    assert kept.find(2, LOCKED) == b"locked"


def test_the_oldest_give_way():
    kept = KeptPages(most_bytes=10)
    queries = [TableQuery(page=number) for number in (1, 2, 3)]
    for query in queries:
        kept.keep(1, query, b"12345")
    assert [kept.find(1, query) for query in queries] == [None, b"12345", b"12345"]


def test_what_is_too_long_is_not_kept_and_harms_nothing():
    kept = KeptPages(most_bytes=10)
    kept.keep(1, ALL, b"x" * 11)
    assert kept.find(1, ALL) is None
    kept.keep(1, LOCKED, b"x" * 10)
    assert kept.find(1, LOCKED) == b"x" * 10


def test_a_page_kept_again_counts_once():
    kept = KeptPages(most_bytes=10)
    for html in (b"123456", b"654321"):
        kept.keep(1, ALL, html)
    assert kept.find(1, ALL) == b"654321"


@pytest.fixture
def rendered(monkeypatch):
    """The names of the templates that were rendered."""
    names = []
    render = Template.render

    def counted(self, *args, **kwargs):
        names.append(self.name)
        return render(self, *args, **kwargs)

    monkeypatch.setattr(Template, "render", counted)
    return names


@pytest.mark.anyio
class TestTablePage:
    async def test_many_who_look_at_once_have_it_rendered_once(self, shop, nobody, rendered):
        answers = []

        async def look():
            answers.append(await nobody.get("/?q=carts"))

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(look)
        assert [answer.status_code for answer in answers] == [200] * 10
        assert len({(answer.text, *answer.headers.items()) for answer in answers}) == 1
        assert rendered == ["table.html"]

    async def test_news_are_shown_at_once(self, shop, nobody):
        before = await nobody.get("/")
        await shop.look()
        after = await nobody.get("/")
        assert before.headers["etag"] != after.headers["etag"]
        assert f'data-version="{shop.desk.board.version}"' in after.text

    async def test_who_is_logged_in_has_a_page_of_their_own(self, shop, nobody, ann):
        anonymous = (await nobody.get("/")).text
        own = (await ann.get("/")).text
        assert "Ann" in own
        assert (await nobody.get("/")).text == anonymous
        assert "Ann" not in anonymous

    async def test_what_was_done_is_told_to_who_did_it_alone(self, shop, nobody, rendered):
        for _ in range(2):
            await nobody.get("/?done=x")
        await nobody.get("/")
        assert rendered == ["table.html"] * 3
