"""The owner's browser, with one channel page open all day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Frame, Page, async_playwright

from tests.browser import ARGUMENTS

PATIENCE_MS = 20_000
MARK = "window.openedThisMorning"


class Window:
    """One page, loaded once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.navigations = 0
        self.errors: list[str] = []

    async def open(self, sign_in_url: str, channel_url: str) -> None:
        """Sign in with the one-time link and open the channel."""
        self._page.set_default_timeout(PATIENCE_MS)
        await self._page.goto(sign_in_url)
        await self._page.get_by_role("button", name="Sign in").click()
        await self._page.wait_for_url(lambda url: "/sign-in/" not in url)
        await self._page.goto(channel_url)
        await self._page.evaluate(f"{MARK} = true")
        self._page.on("framenavigated", self._count)
        self._page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _count(self, frame: Frame) -> None:
        self.navigations += frame.parent_frame is None

    async def shows(self, message_id: int) -> bool:
        """Wait until the page shows this message; whether it is still the page of the morning."""
        await self._page.locator(f"#m{message_id}").wait_for(state="visible")
        return bool(await self._page.evaluate(MARK)) and self.navigations == 0

    async def messages(self) -> list[int]:
        """The seqs of the messages on the page, in their order there."""
        script = "[...document.querySelectorAll('#messages li[data-seq]')].map(i => +i.dataset.seq)"
        found: list[int] = await self._page.evaluate(script)
        return found


@asynccontextmanager
async def open_window(chromium: str) -> AsyncIterator[Window]:
    """A fresh browser with one page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield Window(await browser.new_page())
        finally:
            await browser.close()
