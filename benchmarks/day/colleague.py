"""One agent: an official MCP client that speaks, listens, and keeps a record of its own.

It knows nothing of the server but its address. When a call is not answered it connects anew, asks
for what changed since its cursor, and repeats the call with the same client key.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from benchmarks.day.plan import Intent

CALL_SECONDS = 20.0  # a call without an answer by then is repeated
PATIENCE_SECONDS = 120.0  # of failures in a row, after which the day has failed
LISTEN_SECONDS = 5


class Refused(RuntimeError):
    """The server answered, and refused. In this scenario nothing should be refused."""


@dataclass
class Record:
    """What this agent was told, in the order in which it was told."""

    accepted: list[tuple[Intent, dict[str, Any]]] = field(default_factory=list)
    offered: dict[int, int] = field(default_factory=dict)
    """delivery id to message id"""
    acknowledged: list[int] = field(default_factory=list)
    repeated: int = 0
    reconnects: int = 0
    answer_seconds: list[float] = field(default_factory=list)


class Colleague:
    """An agent with a token, in one era of the protocol."""

    def __init__(
        self, handle: str, token: str, url: str, *, era: Literal["auto", "legacy"], seed: int
    ) -> None:
        self.handle = handle
        self.record = Record()
        self._token, self._url, self._era = token, url, era
        self._chance = random.Random(f"{seed}-{handle}")
        self._known: list[int] = []  # messages that it can answer in a thread
        self._head = 0

    async def speak(self, intents: list[Intent], pause: float) -> None:
        """Say everything in order, each once."""
        async with self._line() as line:
            for intent in intents:
                begun = time.monotonic()
                arguments = {"to": self._target(intent), "body": intent.body}
                receipt = await line.call("send", {**arguments, "client_key": intent.key})
                self.record.answer_seconds.append(time.monotonic() - begun)
                self.record.accepted.append((intent, receipt))
                self._known.append(receipt["id"])
                await asyncio.sleep(pause * self._chance.uniform(0.5, 1.5))

    async def listen(self, over: asyncio.Event) -> None:
        """Take in and acknowledge what the inbox offers, until the day is over and it is empty."""
        async with self._line() as line:
            while True:
                last = over.is_set()
                wait = 0 if last else LISTEN_SECONDS
                inbox = await line.call("check_inbox", {"wait_seconds": wait, "limit": 50})
                self._head = inbox["head"]
                if inbox["items"]:
                    await self._take(line, inbox["items"])
                elif last:
                    return

    async def _take(self, line: Line, items: list[dict[str, Any]]) -> None:
        for item in items:
            self.record.offered[item["delivery"]] = item["message"]["id"]
            self._known.append(item["message"]["id"])
        ids = [item["delivery"] for item in items]
        answer = await line.call("ack", {"deliveries": ids})
        # A repeated call finds them handled already; either way the server says which they were.
        told = {*answer["acknowledged"], *map(int, answer["already"])}
        if told != set(ids):
            raise Refused(f"@{self.handle} acknowledged {ids}, was told {sorted(told)}")
        self.record.acknowledged += answer["acknowledged"]

    def _target(self, intent: Intent) -> str:
        if intent.to != "thread":
            return intent.to
        return f"thread:{self._chance.choice(self._known[-20:])}" if self._known else "#general"

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        line = Line(self)
        try:
            yield line
        finally:
            await line.close()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Client]:
        """A fresh connection."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS + 50) as http:
            transport = streamable_http_client(self._url, http_client=http)
            async with Client(transport, mode=self._era) as client:
                yield client

    async def catch_up(self, client: Client) -> None:
        """After a break: who am I, what waits, what happened since my cursor."""
        told = await client.call_tool("resume", {"since": self._head})
        if told.is_error:
            raise Refused(f"@{self.handle} could not resume: {told.content}")


class Line:
    """A connection that is made again whenever it breaks."""

    def __init__(self, colleague: Colleague) -> None:
        self._colleague = colleague
        self._jobs: asyncio.Queue[tuple[str, dict[str, Any], asyncio.Future[Any]] | None]
        self._jobs = asyncio.Queue()
        # A client lives and dies in one task, whatever happens to the callers.
        self._task = asyncio.ensure_future(self._serve())

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call until answered. Raises Refused for an answer that is no success."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        tries = 0
        while True:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._jobs.put_nowait((tool, arguments, answer))
            try:
                result = await answer
            except (OSError, RuntimeError, TimeoutError) as error:
                if isinstance(error, Refused) or time.monotonic() > deadline:
                    raise
                tries += 1
                continue
            if tries:
                self._colleague.record.repeated += 1
            return self._checked(tool, result)

    def _checked(self, tool: str, result: Any) -> dict[str, Any]:
        if result.is_error:
            text = "\n".join(part.text for part in result.content)
            raise Refused(f"{tool} of @{self._colleague.handle}: {text}")
        content: dict[str, Any] = result.structured_content
        return content

    async def close(self) -> None:
        self._jobs.put_nowait(None)
        await self._task

    async def _serve(self) -> None:
        again = False
        job = await self._jobs.get()
        while job is not None:
            try:
                async with self._colleague.connected() as client:
                    if again:
                        await asyncio.wait_for(self._colleague.catch_up(client), CALL_SECONDS)
                    while job is not None:
                        await self._do(client, job)
                        job = await self._jobs.get()
            except Exception as error:  # noqa: BLE001 - whatever broke the connection, the caller repeats
                again = True
                self._colleague.record.reconnects += 1
                self._fail(job, error)
                if job is not None:
                    await asyncio.sleep(0.1)  # the server is down; do not hammer it
                    job = await self._jobs.get()

    async def _do(self, client: Client, job: tuple[str, dict[str, Any], Any]) -> None:
        tool, arguments, answer = job
        limit = CALL_SECONDS + float(arguments.get("wait_seconds", 0))
        result = await asyncio.wait_for(client.call_tool(tool, arguments), limit)
        answer.set_result(result)

    def _fail(self, job: tuple[str, dict[str, Any], Any] | None, error: BaseException) -> None:
        if job is not None and not job[2].done():
            job[2].set_exception(ConnectionError(repr(error)))
