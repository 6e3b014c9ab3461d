"""One browser and one running shop for all tests of this folder: those that change it have workloads of their own.

The fixtures end with the package: Playwright's loop would be in the way of other tests of the same process.
"""

import os

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.browsing import CHROMIUM, LAUNCH, PATIENCE_MILLISECONDS, Visitor
from tests.browser.shop import running_shop


@pytest.fixture(scope="package")
def _environment(tmp_path_factory):
    """As for every test, but from the beginning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Test Person")
            patch.setenv(f"GIT_{who}_EMAIL", "person@example.com")
        yield


@pytest.fixture(scope="package")
def shop(_environment, tmp_path_factory):
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="package")
def browser(_environment):
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser, shop):
    """Visitors, whose pages may neither run script of others nor have errors."""
    visitors = []

    def begin(*, address=shop.address, name="", **options):
        visitor = Visitor(browser, address, name, options)
        visitors.append(visitor)
        return visitor.page

    yield begin
    for visitor in visitors:
        visitor.end()


@pytest.fixture
def page(visit):
    """Of somebody who reads."""
    return visit()


@pytest.fixture
def alice(visit):
    """The page of a person who may act."""
    return visit(name="alice")
