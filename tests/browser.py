"""A real Chromium for tests: `browser` (one per module) and `page` (one per test).

Chromium comes from the machine, never by download: `TEAMMCP_CHROMIUM`, or the first usual name on
PATH. Without one the tests skip, and where a browser is required (`TEAMMCP_REQUIRE_BROWSER=1`, or
`CI=true`) they fail. Playwright's synchronous API runs an event loop in the test's thread, so tests
in such a module talk to a server in another process (`tests.live`) and do not use the ORM.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.live import WAIT_SECONDS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_required() -> bool:
    """Whether a missing browser is a failure rather than a reason to skip."""
    return os.environ.get("TEAMMCP_REQUIRE_BROWSER") == "1" or os.environ.get("CI") == "true"


def chromium() -> str:
    """The path of this machine's Chromium; without one the test is skipped, or fails."""
    named = os.environ.get("TEAMMCP_CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium on this machine; install one or set TEAMMCP_CHROMIUM"
        if browser_required():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    path = chromium()
    expect.set_options(timeout=WAIT_SECONDS * 1_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window, with nothing remembered from other tests."""
    context = browser.new_context()
    context.set_default_timeout(WAIT_SECONDS * 1_000)
    yield context.new_page()
    context.close()
