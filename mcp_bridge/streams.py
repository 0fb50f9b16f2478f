"""The stream of a session: `GET /mcp`, on which the server speaks without having been asked.

A client opens it once after the handshake. What it hears there are the changes of what the session
is subscribed to; each has the id of an event, with which a client that comes back is told only what
changed meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import orjson

from mcp_bridge import sessions
from mcp_bridge.calls import Client
from mcp_bridge.http import Receive, Scope, Send
from mcp_bridge.signals import Signal, Signals
from teammcp.core.cursors import number_in
from teammcp.core.handler import impatient

logger = logging.getLogger(__name__)
RETRY = 3_000  # milliseconds: some clients try twice, and a restart takes a moment
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_open: dict[str, Signals] = {}


async def serve(client: Client, session: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Stream to the client until it leaves, or may listen no longer."""
    speaking = asyncio.ensure_future(_speak(client, session, scope, impatient(scope, send)))
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (speaking, leaving):
            task.cancel()
        results = await asyncio.gather(speaking, leaving, return_exceptions=True)
    if isinstance(results[0], Exception) and not isinstance(results[0], OSError):
        logger.error("the stream of a session ended with an error", exc_info=results[0])


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _speak(client: Client, session: str, scope: Scope, send: Send) -> None:
    uris = partial(sessions.addresses, session)
    listener = Signals(
        client.who, uris, member=client.member, session=session, after=_last_id(scope)
    )
    _replace(session, listener)
    try:
        async with listener as signals:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await _write(send, b"retry: %d\n\n" % RETRY)
            async for signal in signals.told():
                await _write(send, b": still here\n\n" if signal is None else frame(signal))
            await _write(send, b"", more=False)
    finally:
        if _open.get(session) is listener:
            del _open[session]


def _replace(session: str, listener: Signals) -> None:
    """A session has one stream: a client that opens another has lost the one before."""
    end(session)
    _open[session] = listener


def end(session: str) -> None:
    """End the stream of a session, where it is open in this process."""
    if session in _open:
        _open[session].end()


def _last_id(scope: Scope) -> int | None:
    text = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
    return number_in(text)


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def frame(signal: Signal) -> bytes:
    """A signal as the notification of the protocol."""
    notification = {
        "jsonrpc": "2.0",
        "method": "notifications/resources/updated",
        "params": {"uri": signal.uri},
    }
    return b"id: %d\nevent: message\ndata: %s\n\n" % (signal.cursor, orjson.dumps(notification))
