"""One person at the dashboard: the queue open all day, a second tab to look and decide in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page
from playwright.async_api import TimeoutError as TookTooLong

from benchmarks.gated.errands import MORE, Errand

PATIENCE_MS = 30_000
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a company that lives for minutes
LOOK = 0.4  # seconds between two looks at a queue in which nothing is
REST = 3.0  # until a row that was just decided on is looked at again
_MARK = re.compile(r"\be\d+x\b")
# When each row was first there to be seen, by the clock of this machine.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const row of document.querySelectorAll('#queue li.ask')) {
      const number = row.id.slice(1);
      if (!(number in window.seen)) window.seen[number] = Date.now() / 1000;
    }
  };
  const queue = document.getElementById('queue');
  new MutationObserver(look).observe(queue, { childList: true, subtree: true });
  look();
}"""
ROWS = """() => [...document.querySelectorAll('#queue li.ask')]
  .filter((row) => row.querySelector('a.look'))
  .map((row) => [row.id.slice(1), row.querySelector('.call').textContent])"""
# From the click until the page no longer offers a decision, or says why not: a promise of both.
TIME = """() => {
  let clicked = 0;
  document.addEventListener('click', () => { clicked = performance.now(); }, true);
  window.took = new Promise((resolve) => {
    new MutationObserver(() => {
      const refused = document.querySelector('#ask-decide form.decide .refused:not(:empty)');
      const gone = !document.querySelector('#ask-decide form.decide');
      if (clicked && (gone || refused))
        resolve([performance.now() - clicked, refused ? refused.textContent : '']);
    }).observe(document.getElementById('request'), { childList: true, subtree: true });
  });
}"""


@dataclass
class Desk:
    """A person, what they saw and what they did."""

    handle: str
    place: int
    people: int
    context: BrowserContext
    server: str
    errands: Mapping[str, Errand]
    decided: list[float] = field(default_factory=list)
    """milliseconds from each click to the page that shows it"""
    late: int = 0
    """clicks that came too late and were refused"""
    done: dict[str, float] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)

    async def open(self, sign_in_url: str) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.queue, self.work = await self.context.new_page(), await self.context.new_page()
        await self.queue.goto(sign_in_url)
        await self.queue.get_by_role("button", name="Sign in").click()
        await self.queue.get_by_label("A password").fill(PASSWORD)
        if await self.queue.get_by_label("Your name").count():
            await self.queue.get_by_label("Your name").fill("Olive Owner")
        await self.queue.get_by_role("button", name="Go on").click()
        await self.queue.wait_for_url(re.compile("/(inbox|welcome/channel|channels)/"))
        await self.queue.goto(f"{self.server}/approvals/")
        await self.queue.locator("#connection", has_text="Live").wait_for()
        await self.queue.evaluate(WATCH)

    async def sit(self) -> None:
        """Decide what comes, until cancelled."""
        while True:
            found = await self._next()
            if found is None:
                await asyncio.sleep(LOOK)
                continue
            number, errand = found
            try:
                await self._look(number, errand)
            except (TookTooLong, TimeoutError):
                self.late += 1  # somebody else decided while this page was read
            self.done[number] = asyncio.get_running_loop().time()

    async def _next(self) -> tuple[str, Errand] | None:
        """A row that waits for this person; those beside them take the others first."""
        rows: list[tuple[str, str]] = await self.queue.evaluate(ROWS)
        now = asyncio.get_running_loop().time()
        found = []
        for number, call in rows:
            mark = _MARK.search(call)
            errand = self.errands.get(mark[0]) if mark else None
            if errand is None or not errand.may_be_decided or number in self.looked:
                continue
            if now - self.done.get(number, -REST) >= REST:
                found.append((int(number) % self.people != self.place, int(number), errand))
        if not found:
            return None
        _, chosen, errand = min(found, key=lambda one: one[:2])
        return str(chosen), errand

    async def _look(self, number: str, errand: Errand) -> None:
        page = self.work
        await page.goto(f"{self.server}/approvals/{number}/")
        if errand.fate == "looked":
            self.looked.add(number)
            return
        if not await page.locator("#ask-decide form.decide").count():
            return  # another was faster
        if errand.fate == "decline":
            await page.get_by_label("Reason for declining").fill("Not this week.")
            await self._click(page, re.compile("Decline|Deny"))
        elif errand.fate == "change" and "round" not in await page.inner_text("#ask-title"):
            await page.get_by_text("Ask for changes").click()
            await page.get_by_label("What should be different").fill("Shorter, please.")
            await self._click(page, "Send it back")
        else:
            if errand.fate == "standing":
                await self._allow_the_like(page, errand)
            await self._click(page, re.compile("Approve|Allow this once"))

    async def _allow_the_like(self, page: Page, errand: Errand) -> None:
        await page.get_by_text("Allow the like of it for a while").click()
        await page.get_by_label("body is").fill(f"{errand.mark} *")
        await page.get_by_label("Times").fill(str(MORE))
        await page.get_by_label("Until").fill("2099-01-01T18:00")
        async with page.expect_response(re.compile("/allow-like/")) as answer:
            await page.get_by_role("button", name="Allow these beforehand").click()
        assert (await answer.value).status == 204, await (await answer.value).text()

    async def _click(self, page: Page, name: str | re.Pattern[str]) -> None:
        await page.evaluate(TIME)
        await page.locator("#ask-decide").get_by_role("button", name=name).first.click()
        async with asyncio.timeout(PATIENCE_MS / 1000):
            took, refused = await page.evaluate("() => window.took")
        if refused:
            self.late += 1
        else:
            self.decided.append(took)

    async def break_glass(self, number: str) -> None:
        page = await self.context.new_page()
        await page.goto(f"{self.server}/approvals/{number}/")
        await page.get_by_text("Break the glass").click()
        await page.get_by_label("Why it cannot wait").fill("Customers cannot pay.")
        await page.get_by_role("button", name="Run it now").click()
        await page.locator("#ask-glass", has_text="Its review is open").wait_for()
        await page.close()

    async def review_glass(self, number: str) -> None:
        page = await self.context.new_page()
        await page.goto(f"{self.server}/approvals/{number}/")
        await page.get_by_label("What you found").fill("They could not, and can again.")
        await page.get_by_role("button", name="It was justified").click()
        await page.locator("#ask-glass", has_text="closed the review").wait_for()
        await page.close()

    async def seen(self) -> dict[str, float]:
        """When each request was first on the open page."""
        found: dict[str, float] = await self.queue.evaluate("window.seen")
        return found
