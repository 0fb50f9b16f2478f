"""The person at the dashboard: a real browser that looks at one channel all day."""

from __future__ import annotations

import shutil
import time
from types import TracebackType
from typing import Self

from playwright.async_api import Browser, Page, Playwright, async_playwright

from tests.browser import ARGUMENTS, NAMES

SEEN_SECONDS = 30.0


def chromium_path() -> str | None:
    """This machine's Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Watcher:
    """Signs in by the one-time link, opens the channel, and never navigates again."""

    def __init__(self, path: str, sign_in_url: str, channel_url: str) -> None:
        self._path, self._sign_in_url, self._channel_url = path, sign_in_url, channel_url
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None

    async def __aenter__(self) -> Self:
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=self._path, args=ARGUMENTS
        )
        page = self._page = await self._browser.new_page()
        await page.goto(self._sign_in_url)
        await page.get_by_role("button").first.click()
        await page.wait_for_url(lambda url: "/sign-in/" not in url)
        await page.goto(self._channel_url)
        await page.evaluate("window.watchedSince = Date.now()")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def sees(self, text: str) -> float:
        """Seconds until the page shows the text. Fails when it does not, or was loaded again."""
        assert self._page is not None
        begun = time.monotonic()
        found = self._page.get_by_role("log").get_by_text(text, exact=False)
        await found.first.wait_for(timeout=SEEN_SECONDS * 1000)
        if not await self._page.evaluate("Boolean(window.watchedSince)"):
            raise AssertionError("the page was loaded again during the day")
        return time.monotonic() - begun
