"""Calling the ASGI application in this process, streams included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import orjson

from teammcp.core.reads import reads

T = TypeVar("T")
PATIENCE = 60  # seconds that a test waits for what must come, on a busy machine


async def in_thread(function: Callable[[], T]) -> T:
    """Run what uses the database from an async test."""
    return await reads.arun(function)


async def until(condition: Callable[[], Any], awaited: str) -> None:
    """Wait, within bounds, for what another task brings about."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.002)
    assert condition(), awaited


@dataclass(frozen=True)
class Frame:
    """One server-sent event."""

    id: int
    event: str
    data: Any


@dataclass
class Parser:
    """Reads a stream of server-sent events as the bytes come, wherever they are cut."""

    unread: bytes = b""
    comments: list[str] = field(default_factory=list)
    retry: int | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        *blocks, self.unread = (self.unread + chunk).split(b"\n\n")
        frames = (self._block(block.decode()) for block in blocks)
        return [frame for frame in frames if frame is not None]

    def _block(self, text: str) -> Frame | None:
        fields: dict[str, str] = {}
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            else:
                self.comments.append(value.strip())
        if "retry" in fields:
            self.retry = int(fields["retry"])
        if "data" not in fields:
            return None
        return Frame(int(fields["id"]), fields["event"], orjson.loads(fields["data"]))


@dataclass
class Stream:
    """An answer that comes in parts."""

    status: int
    headers: dict[str, str]
    parser: Parser
    _messages: asyncio.Queue[Mapping[str, Any] | None]
    _waiting: list[Frame] = field(default_factory=list)

    async def chunk(self) -> bytes | None:
        """The next part; None at the end."""
        async with asyncio.timeout(PATIENCE):
            message = await self._messages.get()
        if message is None:
            return None
        body: bytes = message.get("body", b"")
        return body

    async def body(self) -> bytes:
        """All of it, to the end."""
        parts = []
        while (part := await self.chunk()) is not None:
            parts.append(part)
        return b"".join(parts)

    async def frames(self, count: int, *, but: str = "") -> list[Frame]:
        """The next so many events, those of one kind passed over."""
        while len(self._waiting) < count:
            part = await self.chunk()
            assert part is not None, f"the stream ended after {len(self._waiting)} events"
            self._waiting += (frame for frame in self.parser.feed(part) if frame.event != but)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken


def scope_of(
    path: str, *, token: str = "", headers: Mapping[str, str] | None = None, method: str = "GET"
) -> dict[str, Any]:
    """A request as a server hands it to the application."""
    path, _, query = path.partition("?")
    given = {"host": "localhost", **(headers or {})}
    if token:
        given["authorization"] = f"Bearer {token}"
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("192.0.2.1", 4000),
        "server": ("localhost", 80),
    }


@asynccontextmanager
async def open_stream(
    application: Any,
    path: str,
    *,
    token: str = "",
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes = b"",
) -> AsyncIterator[Stream]:
    """Call an address and read the answer as it comes; leaving the block closes the connection."""
    scope = scope_of(path, token=token, headers=headers, method=method)
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": body, "more_body": False})
    outgoing: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

    async def call() -> None:
        try:
            await application(scope, incoming.get, outgoing.put)
        finally:
            outgoing.put_nowait(None)

    calling = asyncio.ensure_future(call())
    try:
        async with asyncio.timeout(PATIENCE):
            start = await outgoing.get()
        assert start is not None, "no answer at all"
        answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        yield Stream(start["status"], answered, Parser(), outgoing)
    finally:
        incoming.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(PATIENCE):
            await calling


class _Body(httpx2.AsyncByteStream):
    """The body of an answer, part by part; closing it is leaving."""

    def __init__(self, parts: asyncio.Queue[bytes | None], leave: Callable[[], Any]) -> None:
        self._parts, self._leave = parts, leave

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (part := await self._parts.get()) is not None:
            yield part

    async def aclose(self) -> None:
        await self._leave()


class StreamingTransport(httpx2.AsyncBaseTransport):
    """Calls an ASGI application in this process and hands its answer on as it comes, where the
    transport of the library waits for the end of it."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        received.put_nowait({"type": "http.request", "body": await request.aread()})
        started: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        parts: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.set_result(message)
            elif body := message.get("body", b""):
                parts.put_nowait(body)

        async def call() -> None:
            try:
                await self._application(_scope(request), received.get, send)
            finally:
                parts.put_nowait(None)

        async def leave() -> None:
            received.put_nowait({"type": "http.disconnect"})
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(calling, return_exceptions=True)

        calling = asyncio.ensure_future(call())
        try:
            await asyncio.wait((started, calling), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await leave()
            raise
        if not started.done():
            await calling  # raises what went wrong
        start = await started
        return httpx2.Response(
            start["status"], headers=start["headers"], stream=_Body(parts, leave), request=request
        )


def _scope(request: httpx2.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("192.0.2.1", 4000),
        "server": ("localhost", 80),
    }
