"""What somebody sees who only reads."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.browsing import token_of
from tests.browser.shop import BATCH, REVISION, SOURCE

pytestmark = pytest.mark.xdist_group("browser")


def rows(page):
    return page.locator("tbody tr.row")


def test_the_table_tells_what_runs_how_far_behind_and_why(page):
    page.goto("/?q=shop:deployment/orders")
    expect(page).to_have_title("shop:deployment/orders · Workloads · automator")
    row = rows(page)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("4mo, 8 versions")
    expect(row).to_contain_text("1.11.0")
    expect(row).to_contain_text("annotation semver:^1")
    expect(row).to_contain_text(re.compile(r"held\s+min_age until 20\d\d-"))


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        ("carts", "up to date"),
        ("payment", "locked audit until Friday"),
        ("user", "no match no candidate"),
        ("queue-master", "no policy"),
        ("ledger", "registry failing 127.0.0.1:1"),
    ],
)
def test_a_status_is_told_in_words_with_its_reason(page, workload, said):
    page.goto(f"/?q=shop:deployment/{workload}")
    status = rows(page).locator("td[data-label=Status]")
    expect(status).to_contain_text(re.compile(r"\s+".join(map(re.escape, said.split(" ")))))
    assert status.get_attribute("title")


def test_pages_of_a_hundred_rows(page):
    page.goto("/?namespace=batch")
    expect(rows(page)).to_have_count(100)
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    expect(rows(page)).to_have_count(BATCH - 200)
    expect(page.get_by_text(f"{BATCH} containers, page 3 of 3")).to_be_visible()


def test_the_header_stays_in_sight(page):
    page.goto("/?namespace=batch")
    page.evaluate("scrollTo(0, 1500)")
    header = page.get_by_role("columnheader", name="Workload")
    assert header.bounding_box()["y"] == 0


def test_a_page_beyond_the_last_is_the_last(page):
    page.goto("/?namespace=batch&page=99")
    expect(rows(page)).to_have_count(BATCH - 200)


def test_sorting_by_a_header_and_back(page):
    page.goto("/?config_repo=shop")
    header = page.get_by_role("columnheader", name="Behind")
    header.get_by_role("link", name="Behind").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(rows(page).first).to_contain_text("orders")
    header.get_by_role("link", name="Behind").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).not_to_contain_text("orders")


def test_statuses_are_links_with_counts_that_add_up(page):
    page.goto("/?q=deployment/&namespace=shop")
    statuses = page.get_by_role("navigation", name="Filter by status")
    held, locked = (statuses.locator(f".status-{name}") for name in ("held", "locked"))
    counts = [int(status.locator("b").inner_text()) for status in (held, locked)]
    held.click()
    expect(rows(page)).to_have_count(counts[0])
    locked.click()
    expect(rows(page)).to_have_count(sum(counts))
    expect(locked).to_have_attribute("aria-current", "true")
    held.click()
    expect(rows(page)).to_have_count(counts[1])


def test_groups_stand_together_under_their_name(page):
    page.goto("/?q=front-end")
    page.get_by_label("Group by").select_option("config_repo")
    expect(page.locator("tr.group")).to_contain_text(["shop", "site"])


def test_typing_filters_and_the_address_says_so(page):
    page.goto("/")
    page.get_by_label("Search").press_sequentially("deployment/pay")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=deployment%2Fpay$"))
    expect(page.get_by_label("Search")).to_be_focused()
    expect(page.locator("#said")).to_have_text("1 container")
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Search")).to_have_value("deployment/pay")


def test_nothing_found_is_said(page):
    page.goto("/?q=nothing-like-this")
    expect(page.get_by_text("No container is like this.")).to_be_visible()


def test_the_page_of_a_workload_explains_every_tag(page):
    page.goto("/?q=shop:deployment/carts")
    page.get_by_role("link", name="shop:deployment/carts").click()
    tags = page.get_by_role("table", name="Tags as the policy ranks them")
    for tag, verdict in {
        "1.1.0": "selected",
        "1.0.0": "accepted",
        "2.0.0": "rejected: outside the range",
        "main": "rejected: not a version",
    }.items():
        row = tags.get_by_role("row").filter(has=page.get_by_role("rowheader", name=tag))
        expect(row).to_contain_text(verdict)


def test_the_page_of_a_workload_links_to_commit_source_file_and_policy(page, shop):
    page.goto("/workloads/shop/shop:deployment/carts")
    history = page.get_by_role("table", name="What was done to this workload")
    expect(history.get_by_role("row")).to_have_count(2)
    links = {
        link.get_attribute("href"): link.get_attribute("rel")
        for link in page.locator("main a[href^=https]").all()
    }
    assert set(links.values()) == {"noopener noreferrer"}
    commit = shop.world.remote.head
    told = "\n".join(links)
    assert "https://git.example.com/shop/commit/" in told
    assert re.search(r"https://git.example.com/shop/blob/\w{40}/deploy/carts.yaml#L6", told)
    assert re.search(r"https://git.example.com/shop/blob/\w{40}/deploy/carts.yaml#L12", told)
    assert {f"{SOURCE}/commit/{REVISION}", f"{SOURCE}/releases"} <= set(links)
    assert len(commit) == 40


def test_a_policy_file_is_named_without_a_link(page):
    page.goto("/workloads/site/www:deployment/site")
    expect(page.locator("dl.facts")).to_contain_text("front-ends semver:^3")
    expect(page.locator("dl.facts")).to_contain_text("policies.yaml:2:5")
    expect(page.locator("dl.facts a")).to_have_count(0)


def test_a_kustomize_entry_stands_with_the_workload_whose_image_it_sets(page):
    page.goto("/workloads/shop/shop:deployment/based")
    expect(page.locator("section.container")).to_have_count(2)
    expect(page.locator("section.container .status-overridden")).to_be_visible()
    expect(page.get_by_text("which sets this workload's image")).to_be_visible()


def test_config_repos_with_head_and_last_error(page):
    page.goto("/config-repos")
    by_name = {row.locator("th").inner_text(): row for row in rows(page).all()}
    assert list(by_name) == ["shop", "site", "gone"]
    expect(by_name["shop"].get_by_role("link").nth(1)).to_have_attribute(
        "href", re.compile("https://git.example.com/shop/commit/")
    )
    expect(by_name["gone"]).to_contain_text("does not appear to be a git repository")
    expect(by_name["gone"]).to_contain_text("not read yet")


def test_registries_with_requests_and_failures(page, shop):
    page.goto("/registries")
    expect(rows(page).filter(has_text=shop.registry.host)).to_contain_text("answers")
    expect(page.get_by_role("heading", name="What fails at 127.0.0.1:1")).to_be_visible()
    expect(page.get_by_text("127.0.0.1:1/shop/ledger", exact=True)).to_be_visible()


def test_the_timeline_of_all_config_repos(page):
    page.goto("/timeline")
    expect(page.locator("ol.timeline")).to_contain_text("www:deployment/site")
    page.get_by_label("Workload").fill("carts")
    expect(page.locator("ol.timeline > li")).to_have_count(1)
    expect(page.locator("ol.timeline > li")).to_contain_text("shop:deployment/carts")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/workloads/shop/shop:deployment/nobody", 404),
        ("/workloads/nobody/shop:deployment/carts", 404),
        ("/?sort=colour", 404),
        ("/static/0/../../app.py", 404),
    ],
)
def test_what_is_not_there_gets_a_page_that_leads_on(page, path, status):
    assert page.goto(path).status == status
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    expect(page.get_by_role("link", name="To the workloads")).to_be_visible()


def test_what_is_not_read_yet_is_told_as_such(page):
    assert page.goto("/workloads/gone/shop:deployment/carts").status == 503
    expect(page.get_by_role("heading", level=1)).to_have_text("Not read yet")


def test_who_only_reads_sees_no_actions(page):
    page.goto("/workloads/shop/shop:deployment/orders")
    expect(page.locator("main form, main button")).to_have_count(0)
    page.goto("/?q=orders")
    expect(page.get_by_role("checkbox").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_a_table_that_the_browser_has_is_not_sent_again(shop):
    with httpx.Client(base_url=shop.address, trust_env=False) as client:
        for _ in range(20):  # a pass may bring news in between
            first = client.get("/?namespace=batch")
            again = client.get(
                "/?namespace=batch", headers={"if-none-match": first.headers["etag"]}
            )
            if again.status_code == 304:
                break
        assert (again.status_code, again.content) == (304, b"")
        other = client.get("/?namespace=shop", headers={"if-none-match": first.headers["etag"]})
        person = client.get(
            "/?namespace=batch",
            headers={
                "if-none-match": first.headers["etag"],
                "authorization": f"Bearer {token_of('alice')}",
            },
        )
    assert (other.status_code, person.status_code) == (200, 200)


def test_assets_are_kept_for_ever(page, shop):
    page.goto("/")
    style = page.locator("link[rel=stylesheet]").get_attribute("href")
    answer = httpx.get(shop.address + style, trust_env=False)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
