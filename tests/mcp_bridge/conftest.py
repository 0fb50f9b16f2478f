"""The cast that calls, and the ways to talk MCP to the server without a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from rs_bpe.bpe import openai  # type: ignore[import-not-found]

from orgchart.models import Member
from teammcp.core.reads import reads
from teammcp.serving import Server
from tests.asgi import PATIENCE, StreamingTransport
from tests.conftest import token_of
from tests.scenes import scene

URL = "http://localhost/mcp"
MODERN, NOVEMBER, JUNE = "2026-07-28", "2025-11-25", "2025-06-18"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}


@dataclass(frozen=True)
class Staff:
    """Ada is a person and an admin; Lin and Sam are agents. All are in #general."""

    ada: Member
    lin: Member
    sam: Member

    def token(self, handle: str) -> str:
        return token_of(getattr(self, handle))


@scene
def staff(ada: Member, lin: Member, sam: Member) -> Staff:
    cast = Staff(ada, lin, sam)
    for member in (ada, lin, sam):
        token_of(member)  # made here, because a coroutine may not use the database
    return cast


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client that calls the server in this process."""
    transport = httpx2.ASGITransport(server)
    async with httpx2.AsyncClient(transport=transport) as client:
        yield client


Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def connect(staff: Staff, server: Server) -> Connect:
    """`async with connect("lin", mode="legacy", profile="full") as client`: the official client."""

    @asynccontextmanager
    async def connected(
        who: str = "lin", *, mode: str = "auto", profile: str = "", **more: Any
    ) -> AsyncIterator[Client]:
        url = f"{URL}?profile={profile}" if profile else URL
        headers = {"Authorization": f"Bearer {staff.token(who)}"}
        transport = StreamingTransport(server)
        async with (
            httpx2.AsyncClient(transport=transport, headers=headers) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode, **more) as client,
        ):
            yield client

    return connected


def request_of(
    token: str, tool: str, arguments: Any, *, version: str = MODERN, identity: Any = 7
) -> dict[str, Any]:
    """A `tools/call` as keyword arguments of `http.post`, with nothing unusual about it."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
    }
    if version == MODERN:
        params["_meta"] = META
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
    body = {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}
    return {"url": URL, "headers": headers, "json": body}


async def in_thread(function: Callable[[], Any]) -> Any:
    """Run something that uses the database from an async test."""
    return await reads.arun(function)


async def until(condition: Callable[[], Any], awaited: str) -> None:
    """Wait, within bounds, for something that another task does."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {awaited}") from None


def tokens(text: str) -> int:
    """How many tokens a language model of today reads this as."""
    return int(openai.o200k_base().count(text))


def text_of(result: Any) -> str:
    """The text part of a tool result."""
    (part,) = result.content
    return str(part.text)
