"""Debian's Chromium, driven by Playwright: visitors whose pages may neither have errors nor run script of others."""

from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
"""Root, as CI often is, can have no sandbox; the pages are our own."""

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
PATIENCE_MILLISECONDS = 15_000

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 740}
NARROW, TABLET = {"width": 320, "height": 640}, {"width": 900, "height": 1100}


class Visitor:
    """One browser context with one page. With a `name`: somebody who may act."""

    def __init__(self, browser, address, name, options):
        self.complaints = []
        self._context = browser.new_context(base_url=address, **({"viewport": WIDE} | options))
        self._context.set_default_timeout(PATIENCE_MILLISECONDS)
        if name:
            log_in(self._context, address, name)
        self.page = self._context.new_page()
        self.page.on("dialog", self._dialog)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)

    def end(self):
        self._context.close()
        assert self.complaints == []

    def _dialog(self, dialog):
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message):
        """A page that breaks its own content security policy says so here. An answer of 4xx is the page's own business."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


def log_in(context, address, name):
    """By the form, as a person does it."""
    page = context.new_page()
    page.goto(f"{address}/login")
    page.get_by_label("Token").fill(token_of(name))
    page.get_by_role("button", name="Log in").click()
    page.get_by_text(name, exact=True).wait_for()
    page.close()


def token_of(name):
    return f"amt_{name.ljust(43, '-')}"


def violations(page):
    """What axe-core holds to be serious or critical, a line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def width_beyond(page):
    """By how many pixels something is wider than its place, the page's own in the window among them."""
    return page.evaluate(
        """Math.max(...[document.documentElement, ...document.querySelectorAll(".sheet, pre, section")]
            .map(one => one.scrollWidth - one.clientWidth))"""
    )
