"""What the server process runs: which part answers which request, and what lives beside them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import path

from audit.consumers import LiveConsumer
from audit.live import hub
from mcp_bridge.server import bridge
from messaging.waker import waker
from orgchart.callers import callers
from teammcp.core import ticker
from teammcp.core.direct import DirectApi
from teammcp.core.handler import ApiHandler, OneHopHandler
from teammcp.core.lane import lane
from teammcp.core.origins import is_own_host, is_own_origin


class OwnPages:
    """Lets only this server's own pages open a socket: browsers send its cookies with any page."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        own = is_own_origin(headers.get(b"origin", b"").decode("latin-1"), host)
        answer = self._application if is_own_host(host) and own else _denied
        await answer(scope, receive, send)


_denied: Any = WebsocketDenier.as_asgi()


class Server:
    """An ASGI application that starts its background parts on the first event loop it meets.

    With a server that speaks lifespan (uvicorn) that is at start-up; daphne does not, so there the
    first request does it.
    """

    def __init__(self) -> None:
        self.pages = OneHopHandler()
        self.api = DirectApi(ApiHandler(), callers.of)
        sockets: list[Any] = [path("live/", cast("Any", LiveConsumer.as_asgi()))]
        self.socket = OwnPages(AuthMiddlewareStack(URLRouter(sockets)))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._duties: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self._loop is not asyncio.get_running_loop():
            await self.start()
        await self._part(scope)(scope, receive, send)

    def _part(self, scope: Any) -> Any:
        if scope["type"] == "websocket":
            return self.socket
        path: str = scope["path"]
        if path in {"/mcp", "/mcp/"}:
            return bridge
        return self.api if path.startswith("/api/") else self.pages

    async def start(self) -> None:
        """Open the write lane, follow the ledger, take up the periodic duties."""
        self._loop = asyncio.get_running_loop()
        lane.start()
        await hub.start()
        await waker.start()
        self._duties = ticker.start()

    def release(self) -> None:
        """Before the server stops taking requests: let those end that wait for news."""
        hub.release()

    async def stop(self) -> None:
        for duty in self._duties:
            duty.cancel()
        await bridge.stop()
        await waker.stop()
        await hub.stop()
        await asyncio.to_thread(lane.stop)
        self._loop = None

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
