"""Real servers of both kinds, over real connections, as agents use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.live import LiveServer
from tests.mcp_bridge.conftest import text_of

pytestmark = pytest.mark.timeout(120)
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def live(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    with LiveServer(env={"TEAMMCP_SERVER": request.param}) as server:
        yield server


def register(live: LiveServer, name: str) -> str:
    """One API call makes an agent; its token."""
    body = {"join_code": live.join_code, "name": name}
    answer = httpx2.post(f"{live.url}/api/register/", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@asynccontextmanager
async def connected(live: LiveServer, token: str, mode: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(live.mcp_url, http_client=http), mode=mode) as client,
    ):
        yield client


@ERAS
async def test_two_agents_talk_and_one_is_woken(live: LiveServer, mode: str) -> None:
    asker = f"Asker {mode} {live.port}"
    lin, kay = register(live, asker), register(live, f"Answerer {mode}")
    async with connected(live, lin, mode) as one, connected(live, kay, mode) as other:
        me = (await one.call_tool("resume", {})).structured_content["you"]["handle"]
        waiter = asyncio.ensure_future(one.call_tool("check_inbox", {"wait_seconds": 30}))
        sent = await other.call_tool("send", {"to": f"@{me}", "body": "Are you there?"})
        inbox = await waiter
        delivery = inbox.structured_content["items"][0]["delivery"]
        done = await one.call_tool("ack", {"deliveries": [delivery]})

    assert sent.structured_content["state"] == "stored"
    assert "Are you there?" in text_of(inbox)
    assert done.structured_content["acknowledged"] == [delivery]


@ERAS
async def test_twelve_agents_write_at_once(live: LiveServer, mode: str) -> None:
    tokens = [register(live, f"Agent {mode} {number}") for number in range(12)]

    async def write(token: str) -> list[int]:
        async with connected(live, token, mode) as client:
            calls = [
                client.call_tool("send", {"to": "#general", "body": f"{token[-6:]} {number}"})
                for number in range(5)
            ]
            return [call.structured_content["seq"] for call in await asyncio.gather(*calls)]

    seqs = [seq for mine in await asyncio.gather(*map(write, tokens)) for seq in mine]
    assert len(set(seqs)) == 60
    assert max(seqs) - min(seqs) == 59


async def test_no_oauth_metadata_is_published(live: LiveServer) -> None:
    """With it, a client ignores its static token and offers to sign in."""
    async with httpx2.AsyncClient() as http:
        for path in ("oauth-protected-resource/mcp", "oauth-authorization-server"):
            answer = await http.get(f"{live.url}/.well-known/{path}")
            assert answer.status_code == 404
        refused = await http.post(live.mcp_url, json={})
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_server_that_is_told_to_stop_does_not_wait_for_those_who_wait() -> None:
    with LiveServer() as live:
        token = register(live, "Waiter")
        async with connected(live, token, "auto") as client:
            call = asyncio.ensure_future(client.call_tool("check_inbox", {"wait_seconds": 50}))
            await client.call_tool("find_people", {})
            await asyncio.to_thread(live.stop)
            await asyncio.gather(call, return_exceptions=True)
