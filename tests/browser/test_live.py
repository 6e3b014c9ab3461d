"""Pages follow the news by themselves, and leave the reader's own things alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.browsing import PATIENCE_MILLISECONDS
from tests.browser.shop import Shop

pytestmark = pytest.mark.xdist_group("browser")


def test_a_pushed_tag_shows_without_a_reload(alice, shop):
    alice.goto("/?q=shop:deployment/live")
    row = alice.locator("tbody tr.row")
    expect(row).to_contain_text("1.0.0")
    alice.evaluate("window.loaded = 'once'")
    alice.get_by_role("link", name="shop:deployment/live").focus()
    alice.get_by_label("Reason").evaluate("field => { field.value = 'half typed' }")
    shop.push("shop/live", "1.0.1")
    expect(row).to_contain_text("1.0.1", timeout=2 * PATIENCE_MILLISECONDS)
    expect(alice.get_by_role("link", name="shop:deployment/live")).to_be_focused()
    expect(alice.get_by_label("Reason")).to_have_value("half typed")
    expect(alice.locator("#said")).to_have_text("Updated. 1 container")
    assert alice.evaluate("window.loaded") == "once"


def test_ticks_stay_when_the_table_changes(alice, shop):
    alice.goto("/?q=shop:deployment&sort=-behind")
    box = alice.get_by_role("checkbox", name="Release shop:deployment/orders")
    box.check()
    shop.push("shop/live", "1.0.2")
    expect(alice.locator("tbody")).to_contain_text("1.0.2", timeout=2 * PATIENCE_MILLISECONDS)
    expect(box).to_be_checked()


def test_a_page_from_before_the_first_pass_fills_itself(visit, shop, tmp_path):
    young = Shop(tmp_path, shop.registry)
    with young.running():
        page = visit(address=young.address)
        page.goto("/")
        expect(page.get_by_text("Nothing was read yet.")).to_be_visible()
        young.world.remote.commit(
            {"a.yaml": young.workload("a", "shop/front-end:3.2.1", "semver:^3").encode()}
        )
        expect(page.locator("tbody tr.row")).to_contain_text(
            "3.2.1", timeout=2 * PATIENCE_MILLISECONDS
        )
        expect(page.get_by_text("Nothing was read yet.")).to_have_count(0)
    expect(page.locator("#live-state")).to_contain_text("not live")
