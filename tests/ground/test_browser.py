"""The browser that other tests drive, and what happens without one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import browser, chromium, page

__all__ = ["browser", "page"]  # the fixtures


def test_a_page_is_rendered(page: Page) -> None:
    page.goto("data:text/html,<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without Chromium, where nothing is required."""
    monkeypatch.setenv("PATH", "")
    for name in ("TEAMMCP_CHROMIUM", "TEAMMCP_REQUIRE_BROWSER", "CI"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("without")
def test_without_a_browser_the_test_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="no Chromium on this machine"):
        chromium()


@pytest.mark.parametrize(("name", "value"), [("TEAMMCP_REQUIRE_BROWSER", "1"), ("CI", "true")])
def test_where_a_browser_is_required_its_absence_is_a_failure(
    without: pytest.MonkeyPatch, name: str, value: str
) -> None:
    without.setenv(name, value)
    with pytest.raises(pytest.fail.Exception, match="no Chromium on this machine"):
        chromium()
