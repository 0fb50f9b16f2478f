"""One client on one server: what is passed on as it is, and what is done for the client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from mcp_bridge.client import protocol, relay
from mcp_bridge.client.calls import Call, Tools, signed_out, unavailable
from mcp_bridge.client.channel import CAPABILITY, INSTRUCTIONS, Inbox
from mcp_bridge.client.listening import Listening
from mcp_bridge.client.pipes import Lines, Output, say
from mcp_bridge.client.protocol import Message
from mcp_bridge.client.relay import Relay
from mcp_bridge.client.shelf import Shelf
from mcp_bridge.client.upstream import Away, Refused, Upstream, pause

GREETING_SECONDS = 4.0  # how long a client that starts waits for a server: some give up after ten
ENDING_SECONDS = 1.5  # for writes under way when the client leaves
FOREVER = float("inf")


class Connector:
    """One client on one server."""

    def __init__(
        self, upstream: Upstream, output: Output, shelf: Shelf, *, patience: float, channel: bool
    ) -> None:
        self._upstream = upstream
        self._output = output
        self._shelf = shelf
        self._patience = patience
        self._channel = channel
        self._version = ""
        self._client = ""
        self._tools: Tools | None = None
        self._given: list[Any] | None = None
        """the list that the client got while the server was away"""
        self._requests: dict[str, asyncio.Task[None]] = {}
        self._writes: set[asyncio.Task[None]] = set()
        self._others: set[asyncio.Task[None]] = set()
        self._following = False
        self._listening = Listening(upstream, output.send, self._in_background)
        self._relay = Relay(upstream, output.send)

    async def run(self, lines: Lines) -> None:
        """Serve until the client leaves."""
        async for line in lines:
            if line.strip():
                self._receive(line)
            if self._output.broken:
                break
        if self._writes:
            await asyncio.wait(self._writes, timeout=ENDING_SECONDS)
        await self._relay.leave()

    def _receive(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._output.send(protocol.failure({}, "This is not JSON.", protocol.PARSE_ERROR))
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            wrong = "One JSON-RPC 2.0 message is expected on each line."
            self._output.send(protocol.failure({}, wrong, protocol.INVALID_REQUEST))
        elif "method" not in message or "id" not in message:
            self._notified(message)
        else:
            self._requested(message)

    # Notifications

    def _notified(self, message: Message) -> None:
        method = message.get("method")
        if method == relay.ASKED:
            if self._wakes:
                self._in_background(self._relay.asked(protocol.params_of(message)))
            return
        if method == "notifications/cancelled":
            identity = protocol.params_of(message).get("requestId")
            task = self._requests.get(_key(identity))
            if task is not None:
                task.cancel()
        elif method == "notifications/initialized":
            self._begin_following()
        self._in_background(self._pass_on(message))

    async def _pass_on(self, message: Message) -> None:
        """Best effort, as notifications are."""
        with contextlib.suppress(Away, Refused):
            await self._upstream.exchange(message, self._version, self._output.send)

    def _in_background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    # Requests

    def _requested(self, message: Message) -> None:
        key = _key(message["id"])
        task = asyncio.ensure_future(self._answer(message))
        self._requests[key] = task

        def ended(_: object) -> None:
            if self._requests.get(key) is task:
                del self._requests[key]
            self._writes.discard(task)

        task.add_done_callback(ended)

    async def _answer(self, message: Message) -> None:
        try:
            response = await self._serve(message)
        except Refused as refused:
            response = protocol.refusal(message, refused.problem)
        except Exception as error:  # noqa: BLE001 - a client that hears nothing waits for ever
            say(f"{type(error).__name__}: {error}")
            response = protocol.failure(message, f"The connector failed: {type(error).__name__}.")
        self._output.send(response)

    async def _serve(self, message: Message) -> Message:
        match message.get("method"):
            case "initialize":
                return await self._greet(message)
            case "server/discover":
                return await self._discover(message)
            case "ping":
                return protocol.result(message, {})
            case "tools/list":
                return await self._list_tools(message)
            case "tools/call":
                return await self._call(message)
            case "subscriptions/listen":
                return await self._patiently(message, FOREVER)
            case "resources/subscribe" | "resources/unsubscribe":
                return await self._listening.changed(message, self._or_refuse)
            case _:
                return await self._or_refuse(message)

    async def _or_refuse(self, message: Message) -> Message:
        try:
            return await self._patiently(message, self._patience)
        except Away as away:
            return protocol.refusal(message, self._problem(away))

    async def _patiently(
        self, message: Message, patience: float, call: Call | None = None
    ) -> Message:
        """The response, also over restarts of the server. Raises Away when it stays away longer
        than that, or when a repetition could do harm."""
        attempt, since, maybe_sent = 0, time.monotonic(), False
        while True:
            began = time.monotonic()
            try:
                return await self._once(call.attempt() if call else message)
            except Away as away:
                maybe_sent = maybe_sent or away.sent
                if away.sent and time.monotonic() - began > 1:  # it was there until now
                    attempt, since = 0, time.monotonic()
                too_long = time.monotonic() - since >= patience
                if too_long or (call is not None and away.sent and not call.repeatable):
                    raise Away(str(away), sent=maybe_sent) from away
            await pause(attempt)
            attempt += 1

    async def _once(self, message: Message) -> Message:
        """One attempt; a second one where the account got another token meanwhile."""
        try:
            response = await self._upstream.exchange(message, self._version, self._output.send)
        except Refused as refused:
            if refused.status != 401:
                raise
            if not self._upstream.renewed():
                raise Refused(401, signed_out()) from refused
            response = await self._upstream.exchange(message, self._version, self._output.send)
        if response is None:
            raise Away("it gave no answer", sent=True)
        return response

    def _problem(self, away: Away, call: Call | None = None) -> dict[str, Any]:
        return unavailable(self._upstream.account.url, str(away), call, sent=away.sent)

    # Greetings

    async def _greet(self, message: Message) -> Message:
        """`initialize`: from the server, or from memory while it is away."""
        params = protocol.params_of(message)
        self._client = protocol.client_name(params.get("clientInfo"))
        asked = params.get("protocolVersion")
        try:
            response = await self._patiently(message, GREETING_SECONDS)
        except Away as away:
            say(f"the server at {self._upstream.account.url} is away: {away}")
            kept = self._shelf.get("initialize") or protocol.greeting()
            known = asked if asked in protocol.SESSIONS else protocol.LATEST_SESSION
            response = protocol.result(message, {**kept, "protocolVersion": known})
        greeting = response.get("result")
        if isinstance(greeting, dict):
            self._version = str(greeting.get("protocolVersion") or "")
            self._shelf.keep("initialize", greeting)
            self._listening.greeted(message, self._version)
            response["result"] = self._introduced(greeting)
        return response

    async def _discover(self, message: Message) -> Message:
        """`server/discover`. A client that gets no answer falls back to the session era, which can
        begin without the server."""
        self._client = protocol.client_name(protocol.meta_of(message).get(protocol.CLIENT_META))
        try:
            response = await self._patiently(message, GREETING_SECONDS)
        except Away as away:
            return protocol.failure(message, f"The server does not answer: {away}.", -32601)
        if isinstance(response.get("result"), dict):
            response["result"] = self._introduced(response["result"])
        return response

    def _introduced(self, greeting: dict[str, Any]) -> dict[str, Any]:
        """The greeting, with what the connector adds for this client."""
        capabilities = dict(greeting.get("capabilities") or {})
        capabilities["tools"] = {**(capabilities.get("tools") or {}), "listChanged": True}
        added: dict[str, Any] = {"capabilities": capabilities}
        if self._wakes:
            experimental = dict(capabilities.get("experimental") or {})
            offered: Message = {CAPABILITY: {}, relay.CAPABILITY: {}}
            capabilities["experimental"] = {**experimental, **offered}
            added["instructions"] = str(greeting.get("instructions") or "") + INSTRUCTIONS
        return {**greeting, **added}

    @property
    def _wakes(self) -> bool:
        """Whether this client takes channel notices."""
        return self._channel and self._client.startswith("claude")

    def _begin_following(self) -> None:
        if self._wakes and not self._following:
            self._following = True
            self._in_background(Inbox(self._upstream, self._output.send).run())

    # Tools

    async def _list_tools(self, message: Message) -> Message:
        """The list from the server, or the last one while it is away."""
        if protocol.modern_version(message):
            self._client = protocol.client_name(protocol.meta_of(message).get(protocol.CLIENT_META))
            self._begin_following()
        try:
            response = await self._patiently(message, GREETING_SECONDS)
        except Away as away:
            kept = self._shelf.get("tools") or {"tools": []}
            self._given = kept["tools"]
            self._tools = Tools(self._given)
            self._in_background(self._correct_list(message))
            say(f"the server is away ({away}); the client gets the last list of tools")
            return protocol.result(message, kept)
        listing = response.get("result")
        if isinstance(listing, dict) and not protocol.params_of(message).get("cursor"):
            self._tools = Tools(listing.get("tools") or [])
            self._shelf.keep("tools", {"tools": self._tools.listing})
        return response

    async def _correct_list(self, message: Message) -> None:
        """When the server is back, tell the client if its list is not the right one."""
        with contextlib.suppress(Refused, Away):
            listing = await self._fetch_tools(message, FOREVER)
            if listing.listing != self._given:
                self._output.send(protocol.notification("notifications/tools/list_changed"))

    async def _fetch_tools(self, message: Message, patience: float) -> Tools:
        """The list for our own use, asked for as the client would."""
        meta = {k: v for k, v in protocol.meta_of(message).items() if k != "progressToken"}
        request = {"jsonrpc": "2.0", "id": "teammcp:tools", "method": "tools/list"}
        response = await self._patiently(request | {"params": {"_meta": meta}}, patience)
        found = response.get("result")
        if not isinstance(found, dict):
            raise Away("it gave no list of tools", sent=False)
        self._tools = Tools(found.get("tools") or [])
        self._shelf.keep("tools", {"tools": self._tools.listing})
        return self._tools

    async def _call(self, message: Message) -> Message:
        call: Call | None = None
        try:
            tools = self._tools
            if tools is None or not tools.listing:
                tools = await self._fetch_tools(message, self._patience)
            call = Call(message, tools)
            if call.writes and (task := asyncio.current_task()) is not None:
                self._writes.add(task)
            return await self._patiently(message, self._patience, call)
        except Away as away:
            call = call or Call(message, Tools([]))
            return protocol.tool_error(message, self._problem(away, call))


def _key(identity: Any) -> str:
    return json.dumps(identity)
