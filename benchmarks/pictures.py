"""The pictures of the org chart in docs/pictures: companies of 5, 40 and 200, light and dark.

python -m benchmarks.pictures [FOLDER]
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser import ARGUMENTS, chromium
from tests.dashboard.office import take_first_steps
from tests.live import LiveServer

SIZES = (5, 40, 200)
WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
LISTENING = 12  # agents that hold a stream while the picture is taken


def take(folder: Path) -> None:
    """All pictures, one server for each size."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for size in SIZES:
            with LiveServer() as server:
                _seed(server, size)
                with contextlib.ExitStack() as streams:
                    _listen(server, streams)
                    _pictures(browser, server, size, folder)
        browser.close()


def _seed(server: LiveServer, size: int) -> None:
    env = {**os.environ, "TEAMMCP_DATA_DIR": str(server.data_dir)}
    subprocess.run([sys.executable, "-m", "benchmarks.people", str(size)], env=env, check=True)


def _listen(server: LiveServer, streams: contextlib.ExitStack) -> None:
    client = streams.enter_context(httpx2.Client(base_url=server.url, timeout=30))
    owner = {"Authorization": f"Bearer {server.owner_token()}"}
    found = client.get("/api/members/", params={"limit": 100}, headers=owner).json()["items"]
    agents = [member["handle"] for member in found if member["kind"] == "agent"]
    for number, handle in enumerate(agents[:: max(1, len(agents) // LISTENING)]):
        made = client.post("/api/credentials/", json={"member": handle}, headers=owner).json()
        header = {"Authorization": f"Bearer {made['token']}"}
        streams.enter_context(client.stream("GET", "/api/events/stream/", headers=header))
        if number % 3 == 0:
            client.get("/api/me/", headers=header)


def _pictures(browser: Browser, server: LiveServer, size: int, folder: Path) -> None:
    context = browser.new_context(viewport=WIDE)
    take_first_steps(context.new_page(), server.sign_in_url)
    state = context.storage_state()
    context.close()
    for scheme in ("light", "dark"):
        _shoot(browser, state, server, folder / f"chart-{size}-{scheme}.png", scheme, WIDE)
    _shoot(browser, state, server, folder / f"chart-{size}-narrow.png", "light", NARROW)


def _shoot(
    browser: Browser, state: Any, server: LiveServer, path: Path, scheme: Any, view: Any
) -> None:
    context = browser.new_context(viewport=view, storage_state=state, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server.url}/chart/")
    page.locator("#connection", has_text="Live").wait_for(state="attached")
    page.wait_for_timeout(1_500)  # presence is told twice a second
    page.screenshot(path=path)
    context.close()


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
