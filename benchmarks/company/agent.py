"""One agent: an official MCP client that talks and listens, and whose server keeps dying.

It knows only what it was answered. A call without an answer is repeated with the same client key
after reconnecting, for as long as it takes; what was answered is written into its own record, which
is compared with the database at the end.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from benchmarks.company.talk import Speaker, Utterance

ERAS = {"modern": "auto", "session": "legacy"}
CALL_SECONDS = 30.0  # no answer takes longer while the server lives
WAIT_SECONDS = 5  # how long an agent without work waits for its inbox, per call
INBOX_PAGE = 50
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # between attempts to reach the server again


class Refused(Exception):
    """A tool answered with an error: the scenario asks for nothing that could be refused."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that the server said it has."""

    utterance: Utterance
    receipt: dict[str, Any]
    attempts: int
    asked_at: float
    """the wall clock when the attempt began that was answered"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A connection that broke, or could not be made."""

    at: float
    reason: str


@dataclass
class Scene:
    """What all agents share: where the server is, and how far the day has come."""

    mcp_url: str
    accepted: int = 0
    talking: int = 0
    """agents that still have something to say"""
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)
    last_accepted_at: float = 0.0

    async def note_accepted(self) -> None:
        async with self.progress:
            self.accepted += 1
            self.last_accepted_at = time.monotonic()
            self.progress.notify_all()

    async def reached(self, count: int) -> None:
        """Return when this many messages were accepted."""
        async with self.progress:
            await self.progress.wait_for(lambda: self.accepted >= count)


@dataclass
class Agent:
    """An agent with its work and its record."""

    token: str
    era: str
    quota: int
    speaker: Speaker
    scene: Scene
    accepted: list[Accepted] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    """from delivery to message: what an answered check_inbox showed"""
    acknowledged: Counter[int] = field(default_factory=Counter)
    """how often an answer said that this very call acknowledged a delivery"""
    confirmed: set[int] = field(default_factory=set)
    """deliveries of which an answer said that they are acknowledged, now or before"""
    failures: list[Failure] = field(default_factory=list)
    repeated: int = 0
    connections: int = 0
    head: int | None = None
    _unanswered: Utterance | None = None
    _attempts: int = 0
    _to_ack: list[int] = field(default_factory=list)

    @property
    def handle(self) -> str:
        return self.speaker.handle

    async def work(self) -> None:
        """Talk and listen until everything is said, read and acknowledged."""
        pause = FIRST_PAUSE
        finished = False
        while not finished:
            before = self.connections
            try:
                finished = await self._work_connected()
            except* (httpx2.TransportError, MCPError) as group:
                self.failures.append(Failure(time.monotonic(), _reason(group)))
            if not finished:
                pause = FIRST_PAUSE if self.connections > before else min(2 * pause, LONGEST_PAUSE)
                await asyncio.sleep(pause * (0.5 + self.speaker.rng.random()))

    async def _work_connected(self) -> bool:
        """The same over one connection. Raises when it breaks."""
        headers = {"Authorization": f"Bearer {self.token}"}
        patience = httpx2.Timeout(CALL_SECONDS)
        async with httpx2.AsyncClient(headers=headers, timeout=patience) as http:
            transport = streamable_http_client(self.scene.mcp_url, http_client=http)
            async with Client(
                transport, mode=ERAS[self.era], read_timeout_seconds=CALL_SECONDS
            ) as client:
                await self._resume(client)
                self.connections += 1
                async with anyio.create_task_group() as both:
                    both.start_soon(self._talk, client)
                    both.start_soon(self._listen, client)
        return True

    async def _resume(self, client: Client) -> None:
        since = {} if self.head is None else {"since": self.head}
        found = await self._call(client, "resume", since)
        if found["you"]["handle"] != self.handle:
            raise AssertionError(f"@{self.handle} is told to be @{found['you']['handle']}")
        self.head = found["head"]

    async def _talk(self, client: Client) -> None:
        while len(self.accepted) < self.quota:
            if self._unanswered is None:
                self._unanswered, self._attempts = self.speaker.next(), 0
            said = self._unanswered
            self._attempts += 1
            self.repeated += self._attempts > 1
            arguments = {"to": said.to, "body": said.body, "client_key": said.key}
            asked_at = time.time()
            receipt = await self._call(client, "send", arguments)
            self._unanswered = None
            self.accepted.append(Accepted(said, receipt, self._attempts, asked_at))
            if len(self.accepted) == self.quota:
                self.scene.talking -= 1
            if said.to.startswith("#"):
                self.speaker.threads.append(receipt["id"])
            await self.scene.note_accepted()

    async def _listen(self, client: Client) -> None:
        """Take what the inbox offers and acknowledge it, until nobody talks and nothing is left."""
        while True:
            if self._to_ack:
                await self._ack(client)
            over = self.scene.talking == 0
            wait = 0 if over else WAIT_SECONDS
            asked = {"wait_seconds": wait, "limit": INBOX_PAGE, "max_tokens": 20_000}
            inbox = await self._call(client, "check_inbox", asked)
            self.head = inbox["head"]
            if over and not inbox["items"]:
                return
            for item in inbox["items"]:
                message = item["message"]
                self.seen[item["delivery"]] = message["id"]
                self.speaker.threads.append(message.get("thread", message["id"]))
                self._to_ack.append(item["delivery"])

    async def _ack(self, client: Client) -> None:
        answer = await self._call(client, "ack", {"deliveries": self._to_ack})
        self.acknowledged.update(answer["acknowledged"])
        self.confirmed.update(answer["acknowledged"])
        self.confirmed.update(int(delivery) for delivery in answer.get("already", {}))
        self._to_ack = []

    async def _call(self, client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise Refused(f"{tool} {arguments}: {result.content}")
        return dict(result.structured_content)


def _reason(group: BaseExceptionGroup[BaseException]) -> str:
    """The first leaf of a group of exceptions, in words."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
