"""Clients that listen: the official one in both eras, and a session by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.subscriptions import SubscriptionLost
from mcp.types import ResourceUpdatedNotification

from audit.live import hub
from audit.models import Event
from messaging.services import send_message
from orgchart.models import Member
from teammcp.serving import Server
from tests.asgi import open_stream
from tests.mcp_bridge.conftest import JUNE, URL, Connect, in_thread, until

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
NO_WARNING = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
INBOX, GENERAL, VAULT = (f"teammcp://{at}" for at in ("inbox", "channel/general", "channel/vault"))


@dataclass
class Heard:
    """What one listener was told."""

    client: Client
    honoured: list[str]
    uris: list[str] = field(default_factory=list)
    ended: bool = False

    async def signal(self, uri: str, count: int = 1) -> None:
        """Return when the address has been signalled so often in all."""
        await until(lambda: self.uris.count(uri) >= count, f"{count} signals of {uri}")

    async def quiet(self) -> None:
        """Return when what was committed so far has been looked at by all listeners."""
        seq = (await in_thread(lambda: Event.objects.latest("seq"))).seq
        await until(lambda: hub.head >= seq, "the hub has come as far")
        await asyncio.sleep(0.05)

    async def take(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.uris.append(message.params.uri)

    async def follow(self, subscription: Any) -> None:
        try:
            async for event in subscription:
                self.uris.append(event.uri)
        except SubscriptionLost:
            pass
        self.ended = True


Listen = Callable[..., Any]


def listening_with(connect: Connect) -> Listen:
    """`async with listen("lin", mode, INBOX) as heard:` with the official client. The signals with
    which listening begins have come already, and are not in `heard`."""

    @asynccontextmanager
    async def listening(
        who: str, mode: str, *uris: str, begun: bool = True
    ) -> AsyncIterator[Heard]:
        box: list[Heard] = []

        async def take(message: Any) -> None:
            if mode == "legacy":
                await box[0].take(message)

        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(connect(who, mode=mode, message_handler=take))
            heard = Heard(client, [])
            box.append(heard)
            if mode == "legacy":
                for uri in uris:
                    await client.subscribe_resource(uri)
                heard.honoured = list(uris)
            else:
                opened = await stack.enter_async_context(
                    client.listen(resource_subscriptions=list(uris))
                )
                heard.honoured = list(opened.honored.resource_subscriptions or ())
                task = asyncio.ensure_future(heard.follow(opened))
                stack.callback(task.cancel)
            if begun:
                for uri in heard.honoured:
                    await heard.signal(uri)
                heard.uris.clear()
            yield heard

    return listening


def listeners() -> int:
    """How many notes the hub of this process passes on."""
    return len(set().union(*hub._watching.values()))


async def say(actor: Member, to: str, body: str = "Hello.") -> Any:
    return await in_thread(partial(send_message, actor=actor, to=to, body=body))


class Session:
    """A session of the session era, by hand, so that its stream can break off and come back."""

    def __init__(self, server: Server, http: httpx2.AsyncClient, token: str) -> None:
        self.server, self.http, self.token, self.id = server, http, token, ""

    async def begin(self) -> Session:
        hello = {"capabilities": {}, "clientInfo": {"name": "codex", "version": "1"}}
        answer = await self.post("initialize", {"protocolVersion": JUNE, **hello})
        self.id = answer.headers["mcp-session-id"]
        return self

    @property
    def headers(self) -> dict[str, str]:
        named = {"Mcp-Session-Id": self.id} if self.id else {}
        accept = "application/json, text/event-stream"
        return {**named, "Accept": accept, "MCP-Protocol-Version": JUNE}

    async def post(self, method: str, params: Any) -> httpx2.Response:
        headers = {**self.headers, "Authorization": f"Bearer {self.token}"}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return await self.http.post(URL, headers=headers, json=body)

    async def subscribe(self, *uris: str) -> None:
        for uri in uris:
            answer = await self.post("resources/subscribe", {"uri": uri})
            assert '"result":{}' in answer.text

    def stream(self, after: int | None = None) -> Any:
        more = {} if after is None else {"Last-Event-ID": str(after)}
        headers = {**self.headers, **more}
        return open_stream(self.server, "/mcp", token=self.token, headers=headers)


async def told(stream: Any, count: int) -> list[str]:
    return [frame.data["params"]["uri"] for frame in await stream.frames(count)]
