"""A running company for browser tests: the owner at the dashboard, agents over REST."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.live import WAIT_SECONDS, LiveServer, http

PASSWORD = "correct horse battery"
NARROW = {"width": 390, "height": 800}
WIDE = {"width": 1400, "height": 860}


class Office:
    """One server with its owner signed in once, and as many agents as a test registers."""

    def __init__(self, server: LiveServer, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.token = server.owner_token()
        self.tokens: dict[str, str] = {}
        self.problems: list[str] = []
        with self._context() as context:
            page = context.new_page()
            take_first_steps(page, server.sign_in_url)
            self.state = context.storage_state()

    @contextmanager
    def _context(self, **options: Any) -> Iterator[BrowserContext]:
        context = self.browser.new_context(**{"viewport": WIDE, **options})
        context.set_default_timeout(WAIT_SECONDS * 1_000)
        yield context
        context.close()

    @contextmanager
    def desk(self, path: str = "/", **options: Any) -> Iterator[Page]:
        """A window of the owner. What its console complains about is a failure."""
        with self._context(storage_state=self.state, **options) as context:
            page = context.new_page()
            page.on("console", self._heard)
            page.on("pageerror", lambda error: self.problems.append(str(error)))
            page.goto(self.server.url + path)
            yield page
        problems, self.problems = self.problems, []
        assert problems == [], problems

    def _heard(self, message: Any) -> None:
        # A refused form and a page that is absent are no faults of the page.
        expected = ("status of 4", "Status Error Code 4", "WebSocket", "net::ERR", "htmx:")
        known = any(words in message.text for words in expected)
        if message.type in {"error", "warning"} and not known:
            self.problems.append(message.text)

    def hire(self, handle: str) -> None:
        """Register an agent."""
        if handle not in self.tokens:
            answer = self.call(self.token, "POST", "register/", name=handle.title(), handle=handle)
            self.tokens[handle] = answer["token"]

    def say(self, handle: str, to: str, body: str, **more: Any) -> Any:
        """An agent writes."""
        self.hire(handle)
        return self.call(self.tokens[handle], "POST", "messages/", to=to, body=body, **more)

    def call(self, token: str, method: str, path: str, **body: Any) -> Any:
        answer = http().request(
            method,
            f"{self.server.url}/api/{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()
        return answer.json()


def take_first_steps(page: Page, sign_in_url: str) -> None:
    """The owner's way in: the one-time link, then a name and a password."""
    page.goto(sign_in_url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Your name").fill("Olive Owner")
    page.get_by_label("A password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/welcome/channel/")


# Every visible text and what is drawn behind it, with the contrast between the two.
CONTRASTS = """
() => {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    pixel.clearRect(0, 0, 1, 1);
    for (const colour of colours) { pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1); }
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!text || !shown || element.closest(".visually-hidden, .skip, select")) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const back = light(over(["white", ...behind]));
    const front = light(over(["white", ...behind, getComputedStyle(element).color]));
    const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    found.push([text.slice(0, 40), ratio]);
  }
  return found;
}
"""
