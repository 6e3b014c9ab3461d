"""`python -m tests.browser.screenshots OUT`: how the pages look, as PNG files in the folder OUT."""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.browsing import CHROMIUM, LAUNCH, log_in
from tests.browser.shop import running_shop

WIDE, PHONE = {"width": 1360, "height": 850}, {"width": 390, "height": 844}

PAGES = {
    "table": "/",
    "grouped": "/?group=namespace&status=held&status=locked&status=registry+failing&status=no+match",
    "workload": "/workloads/shop/shop:deployment/carts",
    "held": "/workloads/shop/shop:deployment/orders",
    "config-repos": "/config-repos",
    "registries": "/registries",
    "timeline": "/timeline",
    "empty": "/?q=nothing-like-this",
    "not-found": "/nowhere",
    "login": "/login",
}


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Person"), ("EMAIL", "person@example.com"))
    }
    with (
        tempfile.TemporaryDirectory() as directory,
        running_shop(Path(directory)) as shop,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH)
        for look, viewport, scheme in (
            ("light", WIDE, "light"),
            ("dark", WIDE, "dark"),
            ("phone", PHONE, "light"),
            ("phone-dark", PHONE, "dark"),
        ):
            context = browser.new_context(viewport=viewport, color_scheme=scheme)
            log_in(context, shop.address, "alice")
            page = context.new_page()
            for name, where in PAGES.items():
                page.goto(shop.address + where)
                page.screenshot(path=out / f"{name}-{look}.png")
            page.goto(f"{shop.address}/workloads/shop/shop:deployment/orders")
            page.click("#action-lock summary")
            page.fill("#lock-reason", "INC-123")
            page.screenshot(path=out / f"actions-{look}.png")
            page.click("#action-lock button")
            page.screenshot(path=out / f"preview-{look}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
