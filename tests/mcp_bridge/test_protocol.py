"""The official client on both eras of the protocol."""

from __future__ import annotations

import httpx2
import pytest

from mcp_bridge.profiles import profiles
from tests.mcp_bridge.conftest import JUNE, MODERN, NOVEMBER, URL, Connect, Staff, text_of

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@ERAS
async def test_a_client_lists_the_tools_and_calls_them(connect: Connect, mode: str) -> None:
    async with connect("lin", mode=mode) as client:
        listed = await client.list_tools()
        sent = await client.call_tool("send", {"to": "#general", "body": "Hello."})
        page = await client.call_tool("read", {"where": "#general"})

    assert [tool.name for tool in listed.tools] == list(profiles()["default"].tools)
    assert sent.structured_content["state"] == "stored"
    assert page.structured_content["items"][0]["body"] == "Hello."
    assert '<said id="' in text_of(page)
    assert ">Hello.</said>" in text_of(page)


async def test_the_client_of_today_lands_on_the_newest_revision(connect: Connect) -> None:
    async with connect("lin") as client:
        assert client.protocol_version == MODERN


@pytest.mark.parametrize("version", [JUNE, NOVEMBER])
async def test_the_handshake_of_the_session_era_begins_a_session_that_calls_need_not_name(
    staff: Staff, http: httpx2.AsyncClient, version: str
) -> None:
    hello = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "codex", "version": "1"},
    }
    answer = await _call(http, staff.token("lin"), "initialize", hello)
    listed = await _call(http, staff.token("lin"), "tools/list", {}, version=version)

    assert answer.status_code == 200
    assert f'"protocolVersion":"{version}"' in answer.text
    assert "resume" in answer.text  # the instructions say where to begin
    assert answer.headers["mcp-session-id"].isascii()
    assert listed.status_code == 200
    assert "mcp-session-id" not in listed.headers


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS", "HEAD"])
async def test_without_a_session_there_is_no_stream_to_open_and_nothing_to_end(
    staff: Staff, http: httpx2.AsyncClient, method: str
) -> None:
    headers = {"Authorization": "Bearer " + staff.token("lin")}
    answer = await http.request(method, URL, headers=headers)
    of_today = {**headers, "Mcp-Session-Id": "x", "MCP-Protocol-Version": MODERN}
    modern = await http.request(method, URL, headers=of_today)

    assert answer.status_code == modern.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_the_list_of_tools_may_be_cached_and_shared(connect: Connect) -> None:
    async with connect("lin") as client:
        listed = await client.list_tools()
    assert listed.ttl_ms == 300_000
    assert listed.cache_scope == "public"


async def test_everybody_is_shown_the_same_list(connect: Connect) -> None:
    async with connect("ada") as ada, connect("sam", mode="legacy") as sam:
        of_ada = [tool.model_dump() for tool in (await ada.list_tools()).tools]
        of_sam = [tool.model_dump() for tool in (await sam.list_tools()).tools]
    assert of_ada == of_sam


async def _call(
    http: httpx2.AsyncClient, token: str, method: str, params: object, *, version: str = ""
) -> httpx2.Response:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "Mcp-Method": method,
    }
    if version:
        headers["MCP-Protocol-Version"] = version
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return await http.post(URL, headers=headers, json=body)
