"""Text of others never becomes more than text: names, tags, labels, errors of registries, commit messages, annotations."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.shop import Shop, wait_until
from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import git

pytestmark = pytest.mark.xdist_group("browser")

HOSTILE = {
    "script": "<script>window.hacked=1;alert(1)</script>",
    "attribute": '"><img src=x onerror="window.hacked=1;alert(1)">',
    "handler": "' onmouseover='window.hacked=1' autofocus onfocus='alert(1)",
    "svg": "</title></textarea></style><svg/onload=alert(1)>",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "template": "{{7*7}}{% include 'base.html' %}",
    "address": "../../..?q=1#x%2F%00;a=b&status=held",
    "backwards": "\u202egnp.exe\u2066",
    "nothing": "a\u200bb\u0007c",
}
PAGES = ("/", "/?group=namespace", "/config-repos", "/registries", "/timeline")


def visible(text):
    return "".join(
        f"[U+{ord(char):04X}]" if char in "\u202e\u2066\u200b\u0007" else char for char in text
    )


@pytest.fixture(scope="module")
def hostile(shop, tmp_path_factory):
    """Everything that others write says each of the texts."""
    with scripted_registry() as liar:
        world = Shop(tmp_path_factory.mktemp("hostile"), shop.registry)
        fill(world, liar)
        with world.running() as daemon:
            wait_until(lambda: daemon.process.poll() is None and _is_read(world))
            yield world


def fill(shop, liar):
    shop.world.settings["registries"].append({"host": liar.host, "insecure": True})
    shop.world.settings |= {"poll_interval": "1h", "git_poll_interval": "30s"}
    files = {}
    for name, text in HOSTILE.items():
        path = f"hostile/{name}"
        shop.push(
            path,
            "1.0.0",
            "1.1.0",
            source=f"javascript:alert(1)//{text}",
            revision=text,
            version=text,
        )
        lying = f"{liar.host}/{path}"
        said = {"errors": [{"code": "DENIED", "message": text}]}
        liar.script(f"/v2/{path}/tags/list", Reply.json(said, status=403))
        plain = shop.workload(
            f"w{text}",
            f"{path}:1.0.0",
            "semver:^1",
            namespace=f"n{text}",
            container=f"c{text}",
            locked="true",
            locked_reason=text,
        )
        failing = shop.workload(f"failing-{name}", f"{lying}:1.0.0", "semver:^1", namespace=text)
        wrong = shop.workload(f"wrong-{name}", f"{path}:1.0.0", f"semver:{text}")
        files[f"deploy/{name}.yaml"] = f"{plain}---\n{failing}---\n{wrong}".encode()
    files["deploy/<b onclick=alert(1)>&quot;.yaml"] = shop.workload(
        "oddly-placed", "hostile/script:1.0.0", "semver:^1", locked="true"
    ).encode()
    shop.world.remote.commit(files, "the workloads")
    for text in HOSTILE.values():
        words = text.replace(" ", "/").replace("\u0007", "")
        update = f"Image-Update: {words} {words} a:{words} -> b:{words}\nPolicy: {words}"
        author = text.replace("<", "(").replace(">", ")").replace("\u0007", "")
        git(
            shop.world.remote.clone,
            "commit",
            "-q",
            "--allow-empty",
            f"--author={author} <a@b.example>",
            "-m",
            f"{text}\n\n{update}",
        )
    git(shop.world.remote.clone, "push", "-q", "origin", "HEAD:main")
    shop.world.settings["config_repos"][0]["links"] = {"file": "https://git.example.com/{path}"}


def _is_read(shop):
    import httpx  # noqa: PLC0415

    page = httpx.get(f"{shop.address}/?q=oddly-placed", trust_env=False).text
    return "1 version" in page


def check(page):
    """Nothing ran, nothing broke out: the page has the elements that it was written with."""
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1
    assert page.locator("img:not(.brand img), svg, [onerror], [onclick], [autofocus]").count() == 0
    assert page.locator("footer").count() == 1
    hrefs = page.locator("a").evaluate_all("all => all.map(one => one.protocol)")
    assert set(hrefs) <= {"http:", "https:"}


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_many_show_it_as_text(visit, hostile, path):
    page = visit(address=hostile.address, name="alice")
    page.goto(path)
    page.locator("tbody tr, ol.timeline li").first.hover()
    check(page)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workload_of_that_name_is_found_shown_and_previewed(visit, hostile, name):
    text = HOSTILE[name]
    page = visit(address=hostile.address, name="alice")
    page.goto(f"/?q={quote(f'hostile/{name} locked')}")
    row = page.locator("tbody tr.row").filter(has_text=visible(text))
    expect(row).to_have_count(1)
    expect(row.locator("th")).to_contain_text(visible(f"n{text}:deployment/w{text}"))
    check(page)
    row.locator("a.open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        visible(f"n{text}:deployment/w{text}")
    )
    expect(page.locator("p.result")).to_have_text(visible(text))
    check(page)
    page.locator("#action-lock summary, #action-unlock summary").click()
    page.locator(".action[open] input[name=reason]").fill(text)
    page.locator(".action[open] button").click()
    expect(page.locator("pre.diff")).to_contain_text("automator.dev/locked")
    check(page)
    page.keyboard.press("Tab")
    check(page)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_reader_asks_is_shown_as_text(visit, hostile, name):
    text = HOSTILE[name]
    page = visit(address=hostile.address)
    page.goto(f"/?q={quote(text)}&config_repo={quote(text)}&namespace={quote(text)}")
    check(page)
    page.goto(f"/timeline?q={quote(text)}&config_repo={quote(text)}&limit={quote(text)}")
    check(page)
    page.goto(f"/workloads/{quote(text, safe='')}/{quote(text, safe='')}")
    check(page)
