"""Permission prompts over real connections, with the official client, as people answer them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.live import DATABASE, LiveServer, http, wait_until
from tests.mcp_bridge.conftest import text_of
from tests.mcp_bridge.listening import ERAS
from tests.mcp_bridge.test_live import TLS, register

TOOL = "permission_prompt"
PUSH = {"command": "git push origin main", "timeout": 60_000}
in_thread = asyncio.to_thread


class Queue:
    """The owner over REST, and a policy over the tools of agents; one agent answers too."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        self.token = live.owner_token()
        self.lin = register(live, "Lin")
        approvers = [f"@{live.ready['owner']}", "@lin"]
        self.call("POST", "policies/", name="Prompts", pattern="use_tool",
                  requesters=["kind:agent"], stages=[{"approvers": approvers}])  # fmt: skip

    def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.live.url}/api/approvals/{path}"
        answer = http().request(method, url, headers=headers, json=body or None)
        assert answer.is_success, answer.text
        return answer.json()

    def open_one(self) -> str:
        """The request that waits, as soon as there is one."""

        def found() -> list[Any]:
            items: list[Any] = self.call("GET", "?which=waiting&status=open")["items"]
            return items

        (one,) = wait_until(found, "a prompt in the queue")
        return str(one["id"])

    def decide(self, verdict: str, comment: str = "") -> str:
        name = self.open_one()
        self.call("POST", "decide/", request=name, verdict=verdict, comment=comment)
        return name


@pytest.fixture(scope="module")
def queue() -> Iterator[Queue]:
    with LiveServer() as live:
        yield Queue(live)


@asynccontextmanager
async def prompting(queue: Queue, mode: str, profile: str = "prompts") -> AsyncIterator[Client]:
    """Lin's client, as Claude Code connects for its prompts."""
    headers = {"Authorization": f"Bearer {queue.lin}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, verify=TLS) as carrier:
        url = f"{queue.live.mcp_url}?profile={profile}"
        async with Client(streamable_http_client(url, http_client=carrier), mode=mode) as client:
            yield client


def asking(call: str, **more: Any) -> dict[str, Any]:
    return {"tool_name": "Bash", "input": PUSH, "tool_use_id": call, **more}


def said(result: Any) -> dict[str, Any]:
    """What the client reads: one block of text with JSON, and nothing structured."""
    (block,) = result.content
    assert (block.type, result.structured_content, result.is_error) == ("text", None, False)
    answer: dict[str, Any] = json.loads(block.text)
    return answer


@ERAS
async def test_people_allow_it_once_or_deny_it_with_a_reason(queue: Queue, mode: str) -> None:
    async with prompting(queue, mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == [TOOL]
        first = asyncio.ensure_future(client.call_tool(TOOL, asking(f"{mode}-1")))
        await in_thread(queue.decide, "approve")
        assert said(await first) == {"behavior": "allow", "updatedInput": PUSH}
        second = asyncio.ensure_future(client.call_tool(TOOL, asking(f"{mode}-2")))
        await in_thread(queue.decide, "decline", "Not on a Friday.")
        answer = said(await second)
    assert answer.keys() == {"behavior", "message"}
    assert answer["behavior"] == "deny"
    assert "Not on a Friday." in answer["message"]


async def test_a_call_ends_in_time_and_the_agent_does_not_answer_itself(queue: Queue) -> None:
    async with prompting(queue, "auto") as client, prompting(queue, "auto", "full") as lin:
        began = time.monotonic()
        answer = said(await client.call_tool(TOOL, asking("late", wait_seconds=1)))
        assert time.monotonic() - began < 20
        assert answer["behavior"] == "deny"
        assert "is still open" in answer["message"]
        too_long = said(await client.call_tool(TOOL, asking("longer", wait_seconds=51)))
        assert too_long["behavior"] == "deny"
        name = await in_thread(queue.open_one)
        own = await lin.call_tool("decide", {"request": name, "verdict": "approve"})
        assert own.is_error
        assert "Nobody decides on what they ask for themselves" in text_of(own)
        await in_thread(queue.decide, "approve")
        same = asking("late-again", wait_seconds=0)
        assert said(await client.call_tool(TOOL, same))["behavior"] == "allow"
        third = said(await client.call_tool(TOOL, asking("third", wait_seconds=0)))
        assert third["behavior"] == "deny", "it was allowed once"
        await in_thread(queue.decide, "decline")


async def test_what_was_allowed_beforehand_passes_without_anybody(queue: Queue) -> None:
    bounds = [{"field": "input.command", "op": "matches", "value": "git status*"}]
    queue.call("POST", "standing/", policy="Prompts", requester="lin", count=1,
               until="2099-01-01T00:00:00Z", arguments=bounds)  # fmt: skip
    status = {"input": {"command": "git status -s"}}
    async with prompting(queue, "auto") as client:
        one = said(await client.call_tool(TOOL, asking("status") | status))
        two = said(await client.call_tool(TOOL, asking("more", wait_seconds=0) | status))
    assert one == {"behavior": "allow", "updatedInput": status["input"]}
    assert two["behavior"] == "deny"
    await in_thread(queue.decide, "decline")


@pytest.mark.sqlite
async def test_expiry_denies_the_call_and_tells_both_sides(queue: Queue) -> None:
    async with prompting(queue, "auto") as client:
        call = asyncio.ensure_future(client.call_tool(TOOL, asking("expires")))
        name = await in_thread(queue.open_one)
        with closing(sqlite3.connect(queue.live.data_dir / DATABASE, timeout=20)) as file, file:
            file.execute(
                "UPDATE approvals_approvalrequest SET deadline = '2020-01-01 00:00:00',"
                " due_at = '2020-01-01 00:00:00' WHERE id = ?",
                [name[2:]],
            )
        answer = said(await call)
    assert answer["behavior"] == "deny"
    assert f"{name} ended unseen" in answer["message"]
    for token in (queue.token, queue.lin):
        headers = {"Authorization": f"Bearer {token}"}
        inbox = http().get(f"{queue.live.url}/api/inbox/", headers=headers).json()
        assert any(f"{name} " in one["message"]["body"] for one in inbox["items"])
