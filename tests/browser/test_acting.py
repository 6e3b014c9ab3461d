"""What a person does who may act: see the diff, agree to it, find the commit."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.browsing import token_of
from tests.system.world import git

pytestmark = pytest.mark.xdist_group("browser")

STEERED = "/workloads/shop/shop:statefulset/steered"


def open_action(page, action):
    """The form of an action, unfolded."""
    page.locator(f"#action-{action} summary").click()
    return page.locator(f"#action-{action}")


def preview(form):
    form.get_by_role("button", name="Preview").click()
    return form.page.locator("pre.diff")


def commit(page):
    page.get_by_role("button", name="Commit and push").click()
    expect(page.locator("#done")).to_contain_text(
        re.compile("Committed and pushed to shop: [0-9a-f]{10}")
    )


def test_lock_with_a_reason_and_unlock(alice, shop):
    alice.goto(STEERED)
    before = shop.world.remote.head
    form = open_action(alice, "lock")
    form.get_by_label("Reason").fill("INC-123")
    expect(preview(form)).to_contain_text('automator.dev/locked-reason: "INC-123"')
    expect(alice).to_have_title("Preview · automator")
    assert shop.world.remote.head == before
    commit(alice)
    head = shop.world.remote.head
    expect(alice.locator("#done a")).to_have_attribute(
        "href", f"https://git.example.com/shop/commit/{head}"
    )
    assert shop.world.remote.message.startswith("Lock shop:statefulset/steered")
    assert "alice <alice@example.com>" in author_of(shop)
    expect(alice.locator("#live h2 .status-locked")).to_be_visible()
    expect(alice.locator("#live .result")).to_have_text("INC-123")

    alice.reload()
    expect(preview(open_action(alice, "unlock"))).to_contain_text("INC-123")
    commit(alice)
    assert b"locked" not in shop.world.remote.show("deploy/steered.yaml")


def author_of(shop):
    return git(shop.world.remote.bare, "log", "-1", "--format=%an <%ae>", "main")


def test_deautomate_and_automate(alice, shop):
    for action, value in (("deautomate", "false"), ("automate", "true")):
        alice.goto(STEERED)
        expect(alice.locator(f"#action-{action}")).to_be_visible()
        expect(preview(open_action(alice, action))).to_contain_text(f'automated: "{value}"')
        commit(alice)
        expect(
            alice.locator(
                f"#live .status-{'no-policy' if value == 'false' else 'up-to-date'}"
            ).first
        ).to_be_visible()


def test_set_policy_shows_what_is_wrong_with_one(alice):
    alice.goto(STEERED)
    form = open_action(alice, "set-policy")
    expect(form.get_by_label("Policy")).to_have_value("semver:^1")
    form.get_by_label("Policy").fill("semver:>>1")
    form.get_by_role("button", name="Preview").click()
    expect(alice.get_by_role("alert")).to_be_visible()
    expect(alice.get_by_role("button", name="Commit and push")).to_have_count(0)
    alice.get_by_role("link", name="Back").click()
    expect(alice).to_have_url(re.compile(STEERED))


def test_ignoring_a_tag_writes_the_policy_without_it(alice):
    alice.goto(STEERED)
    alice.get_by_role("button", name="Ignore 1.0.1").click()
    expect(alice.locator("pre.diff .added").last).to_contain_text("exclude: ")
    expect(alice.locator("pre.diff .added").last).to_contain_text("1.0.1")


def test_release_an_older_tag_from_its_row_and_roll_back(alice, shop):
    alice.goto("/workloads/shop/shop:deployment/held-a")
    alice.get_by_role("button", name="Release 1.1.0").click()
    expect(alice.locator("pre.diff .added").last).to_contain_text("shop/held:1.1.0")
    commit(alice)
    assert b"shop/held:1.1.0" in shop.world.remote.show("deploy/held-a.yaml")
    expect(alice.get_by_role("table", name="What was done to this workload")).to_contain_text(
        "alice"
    )
    alice.reload()
    form = open_action(alice, "rollback")
    expect(preview(form).locator(".added").last).to_contain_text("shop/held:1.0.0")


def test_what_a_kustomize_entry_sets_is_released_there(alice):
    alice.goto("/workloads/shop/shop:deployment/based")
    alice.get_by_role("button", name="Release 1.1.0").click()
    expect(alice.locator("pre.diff")).to_contain_text("overlay/kustomization.yaml")
    expect(alice.locator("pre.diff .added").last).to_contain_text("newTag: 1.1.0")


def test_several_are_released_at_once_with_a_preview(alice, shop):
    alice.goto("/?q=deployment/bulk")
    count = shop.world.remote.count
    for box in alice.get_by_role("checkbox", name="Release shop:deployment/bulk").all():
        box.check()
    alice.get_by_label("Reason").fill("before the sale")
    alice.get_by_role("button", name="Preview the release").click()
    expect(alice.locator("section.preview")).to_have_count(2)
    alice.get_by_role("button", name="Commit and push").click()
    expect(alice.locator("#done p")).to_have_count(2)
    expect(alice).to_have_url(re.compile(r"/\?q=deployment%2Fbulk&done="))
    assert shop.world.remote.count == count + 2
    assert "before the sale" in shop.world.remote.message


def test_nothing_ticked_is_said(alice):
    alice.goto("/?q=deployment/orders")
    alice.get_by_role("button", name="Preview the release").click()
    expect(alice.get_by_role("alert")).to_have_text("nothing is ticked")


def test_another_diff_than_was_shown_is_not_committed(alice, shop):
    alice.goto("/workloads/shop/shop:deployment/contested")
    preview(open_action(alice, "lock"))
    text = shop.world.remote.show("deploy/contested.yaml")
    head = shop.world.remote.commit(
        {"deploy/contested.yaml": text.replace(b"spec:", b"spec: # mine", 1)}
    )
    alice.get_by_role("button", name="Commit and push").click()
    expect(alice.get_by_role("alert")).to_contain_text("the diff is another one than was shown")
    assert shop.world.remote.head == head
    expect(alice.locator("pre.diff")).to_contain_text("# mine")
    alice.get_by_role("button", name="Commit and push").click()
    expect(alice.locator("#done")).to_be_visible()


def test_sync_comes_back(alice):
    alice.goto("/config-repos")
    alice.get_by_role("button", name="Sync shop").click()
    expect(alice).to_have_url(re.compile("/config-repos$"))


@pytest.mark.parametrize("path", ["/actions/preview", "/actions/commit", "/actions/sync"])
def test_whoever_may_not_act_cannot(shop, path):
    head = shop.world.remote.head
    item = "action=lock&config_repo=shop&workload=shop:deployment/contested&seen="
    data = {"item": item, **dict(pair.split("=") for pair in item.split("&"))}
    assert httpx.post(shop.address + path, data=data, trust_env=False).status_code == 401
    assert shop.world.remote.head == head


def test_a_commit_without_a_diff_that_was_shown_is_refused(shop):
    item = "action=lock&config_repo=shop&workload=shop:deployment/contested"
    answer = httpx.post(
        f"{shop.address}/actions/commit",
        data={"item": item},
        headers={"authorization": f"Bearer {token_of('alice')}"},
        trust_env=False,
    )
    assert answer.status_code == 409
    assert "no diff was shown" in answer.text


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_nobody_is_sent_elsewhere_afterwards(shop, back):
    answer = httpx.post(
        f"{shop.address}/actions/sync",
        data={"config_repo": "shop", "back": back},
        headers={"authorization": f"Bearer {token_of('alice')}"},
        trust_env=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
