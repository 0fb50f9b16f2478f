"""The little HTTP that the face needs, on plain ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import orjson

from teammcp.core.errors import AppError, TooLarge

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

MAX_BODY = 4 * 1024 * 1024
JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"


class Disconnected(Exception):
    """The client left before it had sent its request."""


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request. Raises TooLarge or Disconnected."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
        return body
    return await _read_chunks(message, receive)


async def _read_chunks(message: Message, receive: Receive) -> bytes:
    body = bytearray()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
    raise Disconnected


def _too_large() -> TooLarge:
    return TooLarge(
        f"A request to /mcp may have {MAX_BODY // 1024**2} MiB at the most.",
        next="Send less at once.",
    )


def replaying(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body once more, then whatever comes next."""
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay


def method_of(body: bytes) -> str:
    """The method of a JSON-RPC message; empty for anything else."""
    try:
        message = orjson.loads(body)
    except ValueError:
        return ""
    method = message.get("method") if isinstance(message, dict) else None
    return method if isinstance(method, str) else ""


def adding(headers: Iterable[Header], send: Send) -> Send:
    """A `send` that adds headers to an answer that succeeds."""

    async def add(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return add


async def respond(
    send: Send,
    body: bytes,
    *,
    status: int = 200,
    kind: bytes = JSON,
    headers: Iterable[Header] = (),
) -> None:
    """Answer with one body."""
    length = b"%d" % len(body)
    start = [(b"content-type", kind), (b"content-length", length), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, error: AppError, headers: Iterable[Header] = ()) -> None:
    """Answer with an error as problem JSON (RFC 9457)."""
    body = orjson.dumps(error.as_dict())
    await respond(send, body, status=error.status, kind=PROBLEM_JSON, headers=headers)
