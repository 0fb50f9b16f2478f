"""Agents that wait in `check_inbox` over MCP, in a process of their own; how soon each woke up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import orjson

from benchmarks.beside import Beside, serve, until_told
from benchmarks.figures import Spread

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "waiter", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
PATIENCE = 20.0  # seconds for the last message to arrive


@dataclass(frozen=True, slots=True)
class Woken:
    """What the waiters got."""

    messages: int
    twice: int
    """messages that an inbox showed again although they had been acknowledged"""
    latency: Spread
    """from the time that the message was stored, just before the commit, to the answer's arrival"""
    last: Spread
    """the same, per message, of whoever got it last"""


class Waiters(Beside):
    """`with Waiters(url, tokens) as waiters: ...; woken = waiters.finish(count)`."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        super().__init__("benchmarks.waiters", {"url": url, "tokens": tokens})

    def finish(self, count: int) -> Woken:
        """Wait until this many messages have arrived, or nothing more comes; what they got."""
        facts = self.outcome(count, seconds=2 * PATIENCE)
        return Woken(
            **{**facts, "latency": Spread(**facts["latency"]), "last": Spread(**facts["last"])}
        )


class Waiter:
    """One agent: waits, takes what it is shown, acknowledges, waits again."""

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._calls = 0
        self.late: list[float] = []
        self.seen: dict[int, float] = {}
        self.twice = 0

    async def wait(self) -> None:
        while True:
            inbox = await self._call("check_inbox", {"wait_seconds": 50, "max_tokens": 20_000})
            now = time.time()
            for item in inbox["items"]:
                stored = datetime.fromisoformat(item["message"]["created_at"])
                self.late.append(now - stored.timestamp())
                self.twice += item["message"]["id"] in self.seen
                self.seen[item["message"]["id"]] = self.late[-1]
            if inbox["items"]:
                handled = [item["delivery"] for item in inbox["items"]]
                await self._call("ack", {"deliveries": handled})

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        self._calls += 1
        params = {"name": tool, "arguments": arguments, "_meta": META}
        call = {"jsonrpc": "2.0", "id": self._calls, "method": "tools/call", "params": params}
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        answer = await self._http.post(self._url, content=orjson.dumps(call), headers=headers)
        return _result(answer)["structuredContent"]


def _result(answer: httpx2.Response) -> Any:
    """The result out of a JSON body, or out of the last event of a stream."""
    answer.raise_for_status()
    data = answer.content
    if answer.headers["content-type"].startswith("text/event-stream"):
        data = data.rpartition(b"data: ")[2].partition(b"\r\n")[0].partition(b"\n")[0]
    return orjson.loads(data)["result"]


async def wait_all(url: str, tokens: list[str]) -> Woken:
    """Let all wait until told how much will come, and until that has come."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(timeout=httpx2.Timeout(60), limits=limits) as http:
        waiters = [Waiter(http, url, token) for token in tokens]
        tasks = [asyncio.ensure_future(waiter.wait()) for waiter in waiters]
        count = await until_told()
        deadline = time.monotonic() + PATIENCE
        while sum(len(waiter.seen) for waiter in waiters) < count and time.monotonic() < deadline:
            done, _ = await asyncio.wait(tasks, timeout=0.05)
            for task in done:
                task.result()  # a waiter ends only with an error
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Woken(
        messages=sum(len(waiter.seen) for waiter in waiters),
        twice=sum(waiter.twice for waiter in waiters),
        latency=Spread.of(late for waiter in waiters for late in waiter.late),
        last=Spread.of(_last(waiters)),
    )


def _last(waiters: list[Waiter]) -> list[float]:
    latest: dict[int, float] = {}
    for waiter in waiters:
        for message, late in waiter.seen.items():
            latest[message] = max(late, latest.get(message, late))
    return list(latest.values())


if __name__ == "__main__":
    serve(wait_all)
