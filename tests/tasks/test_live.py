"""Real servers, real MCP clients: one winner, and who waits is woken in time."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.live import LiveServer, wait_until
from tests.postgresql import fresh_database

pytestmark = pytest.mark.timeout(300)
CLIENTS = 50


@contextmanager
def served(database: str) -> Iterator[LiveServer]:
    if database == "sqlite":
        with LiveServer() as server:
            yield server
        return
    with fresh_database() as url, LiveServer(env={"DATABASE_URL": url}) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    with served(request.param) as server:
        yield server


@functools.cache
def by_owner(live: LiveServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {live.owner_token()}"}


def register(live: LiveServer, handle: str) -> str:
    body = {"name": handle.title(), "handle": handle}
    url = f"{live.url}/api/register/"
    answer = httpx2.post(url, json=body, headers=by_owner(live), timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@asynccontextmanager
async def connected(live: LiveServer, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=120) as http,
        Client(streamable_http_client(live.mcp_url, http_client=http), mode="auto") as client,
    ):
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def test_of_fifty_clients_that_claim_at_once_one_wins_and_the_others_hear_by_whom(
    live: LiveServer,
) -> None:
    tokens = [register(live, f"worker-{number}") for number in range(CLIENTS)]
    async with connected(live, register(live, "maker")) as maker:
        made = await call(maker, "create_task", title="The one task")
    name = made["task"]["id"]
    ready = asyncio.Barrier(CLIENTS)

    async def claim(token: str) -> Any:
        async with connected(live, token) as client:
            await client.list_tools()
            await ready.wait()
            return await client.call_tool("claim_task", {"task": name})

    results = await asyncio.gather(*map(claim, tokens))
    won = [result.structured_content for result in results if not result.is_error]
    assert len(won) == 1
    assert won[0]["token"] == 1
    holder = f"@{won[0]['task']['assignee']}"
    lost = [result.meta["teammcp/problem"] for result in results if result.is_error]
    assert len(lost) == CLIENTS - 1
    for problem in lost:
        assert problem["code"] == "conflict"
        assert problem["state"]["holder"] == holder
        assert problem["state"]["since"] < problem["state"]["until"]


async def test_the_last_prerequisite_and_the_end_of_a_block_wake_within_two_seconds(
    live: LiveServer,
) -> None:
    async with (
        connected(live, register(live, f"one-{live.port}")) as one,
        connected(live, register(live, f"two-{live.port}")) as two,
    ):
        me = (await call(two, "resume"))["you"]["handle"]
        other = (await call(one, "resume"))["you"]["handle"]
        first = (await call(one, "create_task", title="Lay the ground"))["task"]["id"]
        second = (await call(one, "create_task", title="Raise walls", needs=[first], assignee=me))[
            "task"
        ]["id"]
        assert "Raise walls" in await woken(two, lambda: asyncio.sleep(0))
        await call(one, "claim_task", task=first)
        finish = call(one, "update_task", task=first, to="done", result="Flat.")
        assert "waits for nothing any more" in await woken(two, lambda: finish)
        await call(two, "claim_task", task=second)
        await call(
            two, "update_task", task=second, to="block", on=f"@{other}", note="Bring the stones."
        )
        cleared = call(one, "update_task", task=second, to="unblock")
        assert "cleared the block" in await woken(two, lambda: cleared)


async def woken(client: Client, act: Any) -> str:
    """What a waiting client is told of an act, which must be within two seconds of it."""
    waiting = asyncio.ensure_future(call(client, "check_inbox", wait_seconds=30))
    await asyncio.sleep(0.3)
    await act()
    began = time.monotonic()
    inbox = await waiting
    assert time.monotonic() - began < 2
    await call(client, "ack", up_to=inbox["cursor"])
    return str([item["message"]["body"] for item in inbox["items"]])


async def test_a_lease_is_freed_by_two_servers_once_within_ten_seconds_of_its_end() -> None:
    with fresh_database() as url:
        env = {"DATABASE_URL": url}
        with LiveServer(env=env) as first, LiveServer(env=env) as second:
            await freed_once(first, second)


async def freed_once(first: LiveServer, second: LiveServer) -> None:
    async with (
        connected(first, register(first, "kay")) as kay,
        connected(second, register(first, "sam")) as sam,
    ):
        names = []
        for number in range(5):
            made = await call(kay, "create_task", title=f"Number {number} of the tasks")
            names.append(made["task"]["id"])
            await call(kay, "claim_task", task=names[-1], minutes=1)
        until = time.monotonic() + 60
        await asyncio.to_thread(
            wait_until,
            lambda: free(second, names),
            "the leases end",
            seconds=until - time.monotonic() + 10,
        )
        assert time.monotonic() - until < 10
        assert free(first, names)
        inbox = await call(kay, "check_inbox", limit=50)
        told = [item["message"]["body"] for item in inbox["items"]]
        assert len([body for body in told if "ran out" in body]) == len(names)
        taken = await call(sam, "claim_task", task=names[0])
        assert taken["token"] == 2
        late = await kay.call_tool("update_task", {"task": names[0], "to": "done", "token": 1})
        assert late.is_error
        assert (late.meta or {})["teammcp/problem"]["state"]["holder"] == "@sam"


def free(server: LiveServer, names: list[str]) -> bool:
    page = httpx2.get(
        f"{server.url}/api/tasks/", params={"which": "free"}, headers=by_owner(server), timeout=20
    )
    return {line["id"] for line in page.json()["items"]} >= set(names)
