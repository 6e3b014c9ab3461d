"""Pages of a real shop, as a browser without script gets them."""

import re

import pytest

from tests.unit.web.making import CARTS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("query", ["", "?status=updatable&status=locked", "?sort=-behind&page=7"])
async def test_the_table_is_made_without_a_warning(ann, query):
    answer = await ann.get(f"/{query}")
    assert answer.status_code == 200
    assert CARTS.partition("/")[2] in answer.text


@pytest.mark.parametrize("path", ["/", f"/workloads/shop/{CARTS}"])
async def test_a_page_has_the_version_that_it_was_made_from(shop, nobody, path):
    """News that comes while the page is made is told by `/events`, and the page has to see that it is another version."""
    board, observer = shop.desk.board, shop.system.tools.observer
    before, facts = board.version, observer.facts

    async def facts_while_news_come(*args):
        learnt = await facts(*args)
        await shop.look()
        return learnt

    observer.facts = facts_while_news_come
    answer = await nobody.get(path)
    assert board.version > before
    assert re.findall(r'data-version="(\d+)"', answer.text) == [str(before)]
