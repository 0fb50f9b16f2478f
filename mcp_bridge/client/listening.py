"""Subscriptions of the session era: the session's stream, kept open and begun anew when it is lost.

In the 2026 revision a client keeps its own request to listen open, which is passed on like any
other; before it, changes come on a stream beside the calls. It is opened with the first
subscription, because most clients never subscribe.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mcp_bridge.client.protocol import Message, params_of
from mcp_bridge.client.upstream import Away, Refused, Upstream, pause

SUBSCRIBE, UNSUBSCRIBE = "resources/subscribe", "resources/unsubscribe"


class Listening:
    """What one client listens to."""

    def __init__(
        self, upstream: Upstream, send: Callable[[Message], None], start: Callable[..., None]
    ) -> None:
        self._upstream = upstream
        self._send = send
        self._start = start
        self._greeting: Message | None = None
        self._version = ""
        self._uris: dict[str, Message] = {}
        self._running = False

    def greeted(self, greeting: Message, version: str) -> None:
        """Keep how the session began, to begin it anew."""
        self._greeting, self._version = greeting, version

    async def changed(
        self, message: Message, ask: Callable[[Message], Awaitable[Message]]
    ) -> Message:
        """Serve a request to subscribe or to unsubscribe."""
        try:
            response = await ask(message)
        except Refused as refused:
            if refused.status != 404 or self._greeting is None:
                raise
            await self._begin_anew()
            response = await ask(message)
        uri = str(params_of(message).get("uri"))
        if "error" in response:
            return response
        if message["method"] == UNSUBSCRIBE:
            self._uris.pop(uri, None)
        else:
            self._uris[uri] = message
            if not self._running:
                self._running = True
                self._start(self._follow())
        return response

    async def _follow(self) -> None:
        attempt, after = 0, ""
        while self._uris:
            try:
                async for event in self._upstream.notifications(self._version, after):
                    attempt, after = 0, event.id or after
                    self._upstream.relay(event, self._send)
            except Refused as refused:
                if refused.status != 404 or not await self._anew():
                    break
                after = ""
            except Away:
                attempt += 1
            await pause(attempt)
        self._running = False

    async def _anew(self) -> bool:
        """Begin another session with the same subscriptions; False where that is refused."""
        try:
            await self._begin_anew()
            for message in list(self._uris.values()):
                await self._upstream.exchange(message, self._version, self._send)
        except Away:
            return True  # the next attempt meets the lost session again
        except Refused:
            return False
        return True

    async def _begin_anew(self) -> None:
        assert self._greeting is not None
        await self._upstream.exchange(self._greeting, "", lambda _: None)
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await self._upstream.exchange(ready, self._version, lambda _: None)
