"""What the connector must know of MCP: little, because it passes on what it does not know."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]

MODERN = "2026-07-28"
LATEST_SESSION = "2025-11-25"
SESSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
VERSION_META = "io.modelcontextprotocol/protocolVersion"
CLIENT_META = "io.modelcontextprotocol/clientInfo"
PROBLEM_META = "teammcp/problem"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""requests of which a header repeats the name, in the 2026 revision"""

PARSE_ERROR, INVALID_REQUEST, INTERNAL_ERROR = -32700, -32600, -32603


def params_of(message: Message) -> Message:
    params = message.get("params")
    return params if isinstance(params, dict) else {}


def meta_of(message: Message) -> Message:
    meta = params_of(message).get("_meta")
    return meta if isinstance(meta, dict) else {}


def modern_version(message: Message) -> str | None:
    """The revision that a message of the stateless era names; None in the session era."""
    version = meta_of(message).get(VERSION_META)
    return version if isinstance(version, str) else None


def headers_of(message: Message, session_version: str) -> dict[str, str]:
    """The headers that a message needs over HTTP."""
    version = modern_version(message)
    if version is None:
        known = session_version and message.get("method") != "initialize"
        return {"MCP-Protocol-Version": session_version} if known else {}
    method = str(message.get("method", ""))
    headers = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    name = params_of(message).get(NAMED.get(method, ""))
    if isinstance(name, str):
        headers["Mcp-Name"] = _header_value(name)
    return headers


def _header_value(value: str) -> str:
    """The value itself where HTTP can carry it, else wrapped, as the revision says."""
    plain = value.isascii() and value.isprintable() and value == value.strip()
    if plain and not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def result(message: Message, content: Mapping[str, Any]) -> Message:
    """The answer to a request."""
    complete = {"resultType": "complete"} if modern_version(message) else {}
    return {"jsonrpc": "2.0", "id": message.get("id"), "result": {**content, **complete}}


def failure(message: Message, text: str, code: int = INTERNAL_ERROR) -> Message:
    """A protocol error: what a client shows to its user."""
    return {"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": code, "message": text}}


def tool_error(message: Message, problem: Mapping[str, Any]) -> Message:
    """An error that the model reads, in the form that the server gives its own."""
    again = "Repeating the call can help." if problem.get("retry") else ""
    lines = [f"{problem['code']}: {problem['detail']}", f"Next: {problem['next']}", again]
    content = {
        "content": [{"type": "text", "text": "\n".join(line for line in lines if line)}],
        "isError": True,
        "_meta": {PROBLEM_META: dict(problem)},
    }
    return result(message, content)


def refusal(message: Message, problem: Mapping[str, Any]) -> Message:
    """A refusal in the form that fits the request."""
    if message.get("method") == "tools/call":
        return tool_error(message, problem)
    return failure(message, f"{problem['detail']} {problem['next']}".strip())


def notification(method: str, params: Mapping[str, Any] | None = None) -> Message:
    return {"jsonrpc": "2.0", "method": method, **({"params": dict(params)} if params else {})}


def client_name(info: Any) -> str:
    """What a client calls itself, in small letters."""
    return str(info.get("name") or "").lower() if isinstance(info, dict) else ""


def greeting() -> dict[str, Any]:
    """For the first contact with a server that is away."""
    return {"capabilities": {"tools": {}}, "serverInfo": {"name": "teammcp", "version": "0"}}
