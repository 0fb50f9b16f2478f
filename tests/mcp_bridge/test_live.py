"""Real servers of both kinds, over real connections, as agents use them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ResourceUpdatedNotification

from tests.live import LiveServer, http
from tests.mcp_bridge.conftest import text_of
from tests.mcp_bridge.listening import ERAS, INBOX, NO_WARNING

TLS = ssl.create_default_context()  # unused, but each client would make one, which takes a while


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def live(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    with LiveServer(env={"TEAMMCP_SERVER": request.param}) as server:
        yield server


def register(live: LiveServer, name: str) -> str:
    """One API call makes an agent; its token."""
    body = {"join_code": live.join_code, "name": name}
    answer = http().post(f"{live.url}/api/register/", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@asynccontextmanager
async def connected(live: LiveServer, token: str, mode: str, **more: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, verify=TLS) as carrier:
        over_http = streamable_http_client(live.mcp_url, http_client=carrier)
        async with Client(over_http, mode=mode, **more) as client:
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


@asynccontextmanager
async def listening(
    live: LiveServer, token: str, mode: str
) -> AsyncIterator[tuple[Client, asyncio.Queue[str]]]:
    """A client that listens to its inbox, and what it is told."""
    told: asyncio.Queue[str] = asyncio.Queue()

    async def take(message: Any) -> None:
        if mode == "legacy" and isinstance(message, ResourceUpdatedNotification):
            told.put_nowait(message.params.uri)

    async def follow(subscription: Any) -> None:
        async for event in subscription:
            told.put_nowait(event.uri)

    async with (
        connected(live, token, mode, message_handler=take) as client,
        AsyncExitStack() as stack,
    ):
        if mode == "legacy":
            await client.subscribe_resource(INBOX)
        else:
            opened = client.listen(resource_subscriptions=[INBOX])
            task = asyncio.ensure_future(follow(await stack.enter_async_context(opened)))
            stack.callback(task.cancel)
        yield client, told


@ERAS
@NO_WARNING
async def test_a_listener_is_told_within_a_second(live: LiveServer, mode: str) -> None:
    lin, kay = register(live, f"Listener {mode}"), register(live, f"Speaker {mode}")
    async with (
        asyncio.timeout(60),
        listening(live, lin, mode) as (client, told),
        connected(live, kay, mode) as other,
    ):
        assert await told.get() == INBOX  # with which listening begins
        me = (await client.call_tool("resume", {})).structured_content["you"]["handle"]
        await other.call_tool("send", {"to": f"@{me}", "body": "Begin."})
        await told.get()
        delays = []
        for _ in range(3):
            await asyncio.sleep(1)
            await other.call_tool("send", {"to": f"@{me}", "body": "Are you there?"})
            sent = time.monotonic()
            assert await told.get() == INBOX
            delays.append(time.monotonic() - sent)
        assert min(delays) < 1, delays
        (content,) = (await client.read_resource(INBOX)).contents
    assert "Are you there?" in content.model_dump()["text"]


@NO_WARNING
async def test_a_subscription_of_the_session_era_outlives_a_restart() -> None:
    with LiveServer() as live:
        lin, kay = register(live, "Listener"), register(live, "Speaker")
        async with asyncio.timeout(100), listening(live, lin, "legacy") as (client, told):
            await told.get()
            await asyncio.to_thread(live.restart)
            async with connected(live, kay, "auto") as other:
                await other.call_tool("send", {"to": "@listener", "body": "Still there?"})
            assert await told.get() == INBOX
            found = await client.call_tool("check_inbox", {})
            assert "Still there?" in text_of(found)


async def test_no_oauth_metadata_is_published(live: LiveServer) -> None:
    """With it, a client ignores its static token and offers to sign in."""
    async with httpx2.AsyncClient(verify=TLS) as carrier:
        for path in ("oauth-protected-resource/mcp", "oauth-authorization-server"):
            answer = await carrier.get(f"{live.url}/.well-known/{path}")
            assert answer.status_code == 404
        refused = await carrier.post(live.mcp_url, json={})
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_server_that_is_told_to_stop_does_not_wait_for_those_who_wait() -> None:
    with LiveServer() as live:
        token = register(live, "Waiter")
        async with connected(live, token, "auto") as client:
            call = asyncio.ensure_future(client.call_tool("check_inbox", {"wait_seconds": 50}))
            await client.call_tool("find_people", {})
            await asyncio.to_thread(live.stop)
            await asyncio.gather(call, return_exceptions=True)
