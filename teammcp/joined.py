"""Answers in one piece: uvicorn's HTTP protocol, with fewer system calls.

uvicorn writes the head and the body of an answer separately, and each write wakes the client. Here
what is written within one turn of the event loop goes to the socket together, which saves a tenth
of what a small call costs the server, and half of its wake-ups to the client.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from teammcp.core.handler import ABORT

JOINED_BYTES = 16_384


class JoinedWrites:
    """A transport that gathers writes until the end of this turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.plain = transport
        self._loop = loop
        self._gathered: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)
        if len(data) > JOINED_BYTES:  # at once, so that a full buffer is noticed by who writes next
            self._flush()

    def close(self) -> None:
        self._flush()
        self.plain.close()

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered and not self.plain.is_closing():
            self.plain.write(b"".join(gathered))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


class JoinedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with joined writes. A socket that turns into a WebSocket gets its own back."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        joined = JoinedWrites(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, joined))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]

    def handle_websocket_upgrade(self) -> None:
        self.transport = cast(JoinedWrites, self.transport).plain
        super().handle_websocket_upgrade()
