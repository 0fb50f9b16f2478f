"""One agent of the day: an official MCP client that asks, goes on with its work, and is woken."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from benchmarks.gated.errands import MORE, UNDECIDED, Errand
from benchmarks.office import Agent as Hired

CALL_SECONDS = 60.0
INBOX_SECONDS = 15
LONGEST_WAIT = 50
OPEN_AT_ONCE = 24
FINAL = frozenset(
    {"executed", "failed", "declined", "withdrawn", "expired", "never_seen", "superseded"}
)
_NAME = re.compile(r"A-\d+")


@dataclass
class Scene:
    """What all share: where the server is, and what was seen."""

    url: str
    calls: list[float] = field(default_factory=list)
    other_calls: int = 0
    same_again: int = 0
    passes: int = 0
    woken: dict[str, float] = field(default_factory=dict)
    """when an inbox first spoke of a request after it had ended"""
    faults: list[str] = field(default_factory=list)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPEN_AT_ONCE))


class Agent:
    """Asks for its errands one after the other without waiting for any."""

    def __init__(
        self, member: Hired, errands: Sequence[Errand], scene: Scene, era: str, rng: random.Random
    ) -> None:
        self.member, self.errands, self._scene = member, errands, scene
        self._era, self._rng = era, rng
        self._over = asyncio.Event()
        self._told: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[Client, httpx2.AsyncClient]]:
        headers = {"Authorization": f"Bearer {self.member.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS) as http:
            url = f"{self._scene.url}/mcp?profile=full"
            over_http = streamable_http_client(url, http_client=http)
            async with Client(
                over_http, mode=self._era, read_timeout_seconds=CALL_SECONDS
            ) as client:
                yield client, http

    async def early(self) -> None:
        """Ask for what nobody will decide on in time."""
        async with self._connected() as (client, _):
            for errand in self.errands:
                if errand.fate in UNDECIDED:
                    errand.request = await self._hold(client, errand)

    async def work(self) -> None:
        """The day, until all its errands have ended. What is under way then is not cut off."""
        async with self._connected() as (client, http), anyio.create_task_group() as beside:
            beside.start_soon(self._go_on, client)
            beside.start_soon(self._listen, client)
            async with anyio.create_task_group() as asked:
                for errand in self.errands:
                    if errand.request:
                        asked.start_soon(self._follow, client, errand)
                        continue
                    await self._scene.slots.acquire()
                    asked.start_soon(self._run, client, http, errand)
                    await asyncio.sleep(self._rng.random())
            self._over.set()

    async def _hold(self, client: Client, errand: Errand, **more: Any) -> str:
        """Make the call, and the name of the request that it became."""
        answer = await self._call(client, errand.tool, {**errand.arguments(), **more})
        found = (answer or {}).get("held_for_approval")
        if not found:
            self._scene.faults.append(f"{errand.mark} was not held: {answer}")
            return ""
        return str(found["request"])

    async def _run(self, client: Client, http: httpx2.AsyncClient, errand: Errand) -> None:
        """One errand from the first call to its end."""
        try:
            if errand.kind == "prompt":
                await self._prompt(client, errand)
                return
            errand.request = await self._ask(client, http, errand)
            if errand.fate == "withdraw":
                given = {"request": errand.request}
                answer = await self._call(client, "withdraw_request", given) or {}
                errand.end = str(answer.get("status"))
            await self._follow(client, errand)
            if errand.fate == "standing":
                await self._more(client, errand)
        finally:
            self._scene.slots.release()

    async def _ask(self, client: Client, http: httpx2.AsyncClient, errand: Errand) -> str:
        if errand.kind == "hiring":
            answer = await http.post(f"{self._scene.url}/api/register/", json=errand.arguments())
            return str(answer.json()["state"]["request"])
        if errand.fate != "again":
            return await self._hold(client, errand)
        key = {"client_key": errand.mark} if self._rng.random() < 0.5 else {}
        first, second = [await self._hold(client, errand, **key) for _ in range(2)]
        if first != second:
            self._scene.faults.append(f"{errand.mark} made again is {second}, not {first}")
        self._scene.same_again += 1
        return first

    async def _follow(self, client: Client, errand: Errand) -> None:
        """Wait until it has ended: by the inbox mostly, in a call of its own now and then."""
        waits = LONGEST_WAIT if self._rng.random() < 0.2 else 0
        versions = 0
        while errand.end not in FINAL:
            if not waits:
                await self._until_told(errand.request)
            given = {"request": errand.request, "wait_seconds": waits}
            answer = await self._call(client, "wait_for_approval", given) or {}
            errand.end = str(answer.get("status"))
            if errand.end == "changes_requested":
                versions += 1
                revised = {"request": errand.request, "arguments": errand.arguments(versions)}
                await self._call(client, "revise_request", revised)

    async def _until_told(self, request: str) -> None:
        await self._told[request].wait()
        self._told[request].clear()

    async def _prompt(self, client: Client, errand: Errand) -> None:
        """A permission prompt, repeated when people took longer than a call may."""
        given = {**errand.arguments(), "tool_use_id": f"toolu_{errand.mark}"}
        while True:
            text = await self._text(client, "permission_prompt", given)
            answer = json.loads(text)
            if answer["behavior"] == "allow":
                errand.end = "executed"
                if answer["updatedInput"] != given["input"]:
                    self._scene.faults.append(f"{errand.mark}: another input came back")
                return
            if "still open" not in answer["message"]:
                errand.end = "declined"
                return

    async def _more(self, client: Client, errand: Errand) -> None:
        """What was approved beforehand passes at once."""
        for number in range(1, MORE + 1):
            arguments = errand.arguments(number)
            answer = await self._call(client, errand.tool, arguments) or {}
            if "held_for_approval" in answer:
                self._scene.faults.append(f"{errand.mark} was held though it was allowed")
            self._scene.passes += 1

    # Meanwhile

    async def _go_on(self, client: Client) -> None:
        """Other work, which nobody holds."""
        while not await self._over_within(2 + 4 * self._rng.random()):
            roll = self._rng.random()
            if roll < 0.4:
                await self._call(client, "send", {"to": "#general", "body": "Going on."})
            elif roll < 0.6:
                small = {"title": "Paper clips", "metadata": {"amount": 20}}
                await self._call(client, "create_task", small)
            else:
                await self._call(client, "list_tasks", {"limit": 5})
            self._scene.other_calls += 1

    async def _over_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return self._over.is_set()

    async def _listen(self, client: Client) -> None:
        while not self._over.is_set():
            asked = {"wait_seconds": INBOX_SECONDS, "limit": 50, "max_tokens": 20_000}
            inbox = await self._call(client, "check_inbox", asked) or {}
            now = time.time()
            items = inbox.get("items") or ()
            for item in items:
                for name in _NAME.findall(item["message"]["body"]):
                    self._scene.woken[name] = now
                    self._told[name].set()
            if items:
                seen = [item["delivery"] for item in items]
                await self._call(client, "ack", {"deliveries": seen})

    async def _call(
        self, client: Client, tool: str, arguments: dict[str, Any]
    ) -> dict[str, Any] | None:
        result = await self._timed(client, tool, arguments)
        if result.is_error:
            self._scene.faults.append(f"@{self.member.handle} {tool}: {result.content}"[:300])
            return None
        return dict(result.structured_content or {})

    async def _text(self, client: Client, tool: str, arguments: dict[str, Any]) -> str:
        result = await self._timed(client, tool, arguments)
        (block,) = result.content
        return str(block.text)

    async def _timed(self, client: Client, tool: str, arguments: dict[str, Any]) -> Any:
        began = time.monotonic()
        result = await client.call_tool(tool, arguments)
        self._scene.calls.append(time.monotonic() - began)
        return result
