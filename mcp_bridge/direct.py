"""The short way for what agents do all day: one plain `tools/call`, answered with one JSON body.

The SDK builds a session, several tasks, streams and four pydantic passes around each request. This
takes only a request that is completely regular, of either era, and gives the same answer; whatever
is in any way unusual (a header that does not match, a wait that wants a stream, an unknown field)
it leaves to the SDK, which stays the one authority on the protocol.
`tests/mcp_bridge/test_direct.py` holds the answers of both ways equal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from mcp.types import PROTOCOL_VERSION_META_KEY, SERVER_INFO_META_KEY
from mcp.types.methods import validate_client_request
from pydantic import ValidationError
from pydantic_core import from_json

from mcp_bridge.calls import Client, call_tool
from mcp_bridge.http import Scope
from mcp_bridge.sdk import server_info

MODERN = "2026-07-28"
# The parser that the SDK uses for each revision: they differ in what they refuse. Results of older
# revisions have no structured content, so those go the long way.
_parsers: dict[str, Callable[[bytes], Any]] = {
    MODERN: json.loads,
    "2025-11-25": from_json,
    "2025-06-18": from_json,
}
ENVELOPE = {"jsonrpc", "id", "method", "params"}
PARAMS = {"name", "arguments", "_meta"}


@dataclass(frozen=True, slots=True)
class PlainCall:
    """A `tools/call` with nothing unusual about it."""

    id: str | int
    name: str
    arguments: dict[str, Any]
    modern: bool


def plain_call(scope: Scope, body: bytes, client: Client) -> PlainCall | None:
    """The call that this request makes, or None when the SDK should look at it."""
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]) or not _regular_types(headers):
        return None
    version = headers.get(b"mcp-protocol-version", b"").decode("latin-1")
    request = _request(body, version)
    if request is None:
        return None
    params = request["params"]
    call = PlainCall(
        request["id"], params["name"], params.get("arguments") or {}, version == MODERN
    )
    if call.modern and not _mirrored(headers, call.name, params):
        return None
    return None if _waits(client, call) else call


def _regular_types(headers: dict[bytes, bytes]) -> bool:
    content_type = headers.get(b"content-type", b"").lower().partition(b";")[0].strip()
    return content_type == b"application/json" and _accepts(headers.get(b"accept", b""))


@lru_cache(maxsize=64)
def _accepts(accept: bytes) -> bool:
    """Whether both JSON and a stream are welcome, as the protocol demands of a client."""
    types = {part.split(";")[0].strip() for part in accept.decode("latin-1").lower().split(",")}
    return "*/*" in types or {"application/json", "text/event-stream"} <= types


def _request(body: bytes, version: str) -> dict[str, Any] | None:
    """The message, if it is a valid `tools/call` of this revision without further fields."""
    if version not in _parsers:
        return None
    try:
        message = _parsers[version](body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.keys() != ENVELOPE:
        return None
    if message["method"] != "tools/call" or not _regular_id(message["id"]):
        return None
    params = message["params"]
    if not isinstance(params, dict) or not params.keys() <= PARAMS or message["jsonrpc"] != "2.0":
        return None
    try:
        validate_client_request("tools/call", version, params)
    except ValidationError:
        return None
    return message


def _regular_id(value: Any) -> bool:
    """Whether an id comes back unchanged from any JSON library."""
    if isinstance(value, str):
        return value.isascii()
    return type(value) is int and abs(value) < 2**53


def _mirrored(headers: dict[bytes, bytes], name: str, params: dict[str, Any]) -> bool:
    """Whether the headers repeat what the body says, which a 2026 request must do."""
    return (
        params["_meta"].get(PROTOCOL_VERSION_META_KEY) == MODERN
        and headers.get(b"mcp-method") == b"tools/call"
        and headers.get(b"mcp-name") == name.encode("ascii", "replace")
        and name.isascii()
        and not name.startswith("=?")
    )


def _waits(client: Client, call: PlainCall) -> bool:
    """Whether the call may take long: it gets a stream, with signs of life on it."""
    tool = client.profile.tools.get(call.name)
    if tool is None or tool.wait is None:
        return False
    return tool.wait.asked({**tool.defaults, **call.arguments})


async def answer(client: Client, call: PlainCall) -> bytes:
    """Serve the call; the JSON-RPC response."""
    result = await call_tool(client, call.name, call.arguments)
    if call.modern:
        result["_meta"] = {**result.get("_meta", {}), SERVER_INFO_META_KEY: server_info()}
    else:
        del result["resultType"]
    return orjson.dumps({"jsonrpc": "2.0", "id": call.id, "result": result})
