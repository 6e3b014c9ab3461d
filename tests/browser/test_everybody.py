"""Pages for everybody: narrow, dark, by keyboard, read out, and without script."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.browsing import NARROW, PHONE, TABLET, WIDE, violations, width_beyond

pytestmark = pytest.mark.xdist_group("browser")

PAGES = [
    "/?group=namespace&q=deployment&namespace=shop&sort=-status",
    "/?q=nothing-like-this",
    "/workloads/shop/shop:deployment/carts",
    "/workloads/shop/shop:deployment/orders",
    "/config-repos",
    "/registries",
    "/timeline",
    "/nowhere",
]


def preview(page):
    page.goto("/workloads/shop/shop:deployment/orders")
    page.locator("#action-set-policy summary").click()
    page.get_by_label("Policy").fill("{update: 'semver:^1', min_age: 301d}")
    page.locator("#action-set-policy").get_by_role("button").click()
    expect(page.locator("pre.diff")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_keeps_people_out(visit, viewport, scheme):
    page = visit(name="alice", viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    for path in PAGES:
        page.goto(path)
        assert violations(page) == [], path
        assert width_beyond(page) == 0, path
    page.keyboard.press("?")
    assert violations(page) == []
    preview(page)
    assert violations(page) == []
    assert width_beyond(page) == 0
    page.goto("/workloads/shop/shop:deployment/carts")
    for form in page.locator("details.action").all():
        form.locator("summary").click()
        assert violations(page) == []
        assert width_beyond(page) == 0


@pytest.mark.parametrize("viewport", [NARROW, TABLET, {"width": 1190, "height": 800}])
def test_everything_finds_its_place(visit, viewport):
    page = visit(name="alice", viewport=viewport)
    for path in PAGES:
        page.goto(path)
        assert width_beyond(page) == 0, path
    preview(page)
    assert width_beyond(page) == 0


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_dark_where_the_reader_likes_it_dark(visit, scheme, is_dark):
    page = visit(color_scheme=scheme)
    page.goto("/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 80) is is_dark


def test_rows_are_cards_on_a_phone(visit):
    page = visit(viewport=PHONE)
    page.goto("/?q=shop:deployment/orders")
    row = page.locator("tbody tr.row")
    tops = [cell.bounding_box()["y"] for cell in row.locator("th, td").all()]
    assert tops == sorted(set(tops))
    expect(row).to_contain_text("4mo, 8 versions")


def test_every_page_has_a_title_of_its_own(page):
    titles = []
    for path in (
        "/",
        "/?q=carts",
        "/workloads/shop/shop:deployment/carts",
        "/config-repos",
        "/registries",
        "/timeline",
        "/nowhere",
    ):
        page.goto(path)
        titles.append(page.title())
        expect(page.locator("h1")).to_have_count(1)
    assert len(set(titles)) == len(titles)


def test_single_keys_search_walk_open_and_help(page):
    page.goto("/?q=deployment/&config_repo=shop")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("a.open").first).to_be_focused()
    page.keyboard.press("/")
    search = page.get_by_label("Search")
    expect(search).to_be_focused()
    search.press("End")
    page.keyboard.type("jk?/x")
    expect(search).to_have_value("deployment/jk?/x")
    expect(page.locator("#help")).not_to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/?q=shop:deployment/carts")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).not_to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("shop:deployment/carts")


def test_single_keys_can_be_turned_off(page):
    page.goto("/")
    page.keyboard.press("?")
    page.get_by_label("Single keys do this").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).not_to_be_focused()


def test_keys_of_the_browser_are_left_to_it(page):
    page.goto("/")
    for keys in ("Control+j", "Alt+j", "Meta+j"):
        page.keyboard.press(keys)
        expect(page.locator("a.open").first).not_to_be_focused()


def tab_to(page, role, name):
    """The key that people have: no element is reached otherwise."""
    target = page.get_by_role(role, name=name)
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.count() and target.first.evaluate("one => one === document.activeElement"):
            return target.first
    raise AssertionError(f"{role} {name} is not reached by Tab")


def test_an_action_by_the_keyboard_alone(alice):
    alice.goto("/?q=shop:deployment/orders")
    alice.keyboard.press("Tab")
    expect(alice.get_by_role("link", name="Skip to the content")).to_be_focused()
    alice.keyboard.press("Enter")
    tab_to(alice, "checkbox", "Release shop:deployment/orders")
    alice.keyboard.press("Space")
    tab_to(alice, "button", "Preview the release of what is ticked")
    alice.keyboard.press("Enter")
    button = tab_to(alice, "button", "Commit and push")
    assert button.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    tab_to(alice, "link", "Cancel")
    alice.keyboard.press("Enter")
    expect(alice).to_have_url(re.compile(r"q=shop%3Adeployment%2Forders"))


@pytest.mark.parametrize("name", ["", "alice"])
def test_everything_can_be_read_and_done_without_script(visit, name):
    page = visit(name=name, java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Search").fill("shop:deployment/orders")
    page.get_by_label("Group by").select_option("namespace")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr.row")).to_have_count(1)
    expect(page.locator("tr.group")).to_contain_text("shop")
    page.get_by_role("link", name="shop:deployment/orders").click()
    expect(page.get_by_role("table", name="Tags as the policy ranks them")).to_be_visible()
    for link, heading in (
        ("Timeline", "Timeline"),
        ("Config repos", "Config repos"),
        ("Registries", "Registries"),
    ):
        page.get_by_role("navigation", name="Pages", exact=True).get_by_role(
            "link", name=link
        ).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    if name:
        preview(page)
        expect(page.get_by_role("button", name="Commit and push")).to_be_visible()
