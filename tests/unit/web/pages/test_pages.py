"""Pages of a real shop, as a browser without script gets them."""

import re

import anyio
import pytest

from automator.web import desk
from automator.web.pages import workload_page
from tests.servers.scripted import Reply
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


async def test_a_registry_that_hangs_does_not_keep_a_workload_s_page(shop, ann, monkeypatch):
    for module in (desk, workload_page):
        monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.1)
    for tag in ("1.0.0", "1.1.0"):
        shop.registry.script(f"/v2/shop/carts/manifests/{tag}", Reply(never=True))
    with anyio.fail_after(10):
        answer = await ann.get(f"/workloads/shop/{CARTS}")
    assert answer.status_code == 200
    assert "1.1.0" in answer.text


async def test_a_workload_that_is_not_read_yet_is_waited_for_and_not_denied(shop, ann):
    shop.desk.board.repos["shop"].survey = None
    answer = await ann.get(f"/workloads/shop/{CARTS}")
    assert (answer.status_code, answer.headers["refresh"]) == (503, "5")
    assert "Not read yet" in answer.text
