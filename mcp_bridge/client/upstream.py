"""The server as the connector reaches it: single attempts over HTTP, each with a clear end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import httpx2

from mcp_bridge.client import account as accounts
from mcp_bridge.client.account import Account
from mcp_bridge.client.protocol import Message, headers_of
from mcp_bridge.client.rest import ROUTE
from mcp_bridge.client.sse import Event, Parser, TooMuch

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 45.0  # the server says something on every stream each 15 s
SESSION = "Mcp-Session-Id"
MAX_ANSWER = 32 * 1024 * 1024
RESTARTING = frozenset({502, 503, 504})


class Away(Exception):
    """No answer. `sent` says whether the server may have got the request all the same."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Refused(Exception):
    """The server answered, but not in the protocol."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.status = status
        self.problem = problem


class Upstream:
    """The HTTP client of one account."""

    def __init__(self, account: Account, *, account_name: str | None, tools: str = "") -> None:
        self.account = account
        self._account_name = account_name
        self._query = {"profile": tools} if tools else None
        self._session = ""
        """of the session era; only subscriptions need it"""
        seconds = httpx2.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS, pool=None)
        loopback = urlsplit(account.url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._http = httpx2.AsyncClient(
            timeout=seconds,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=10),
            trust_env=not loopback,  # a proxy does not lead to this machine
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def exchange(
        self, message: Message, version: str, deliver: Callable[[Message], None]
    ) -> Message | None:
        """Send one message to /mcp and return its response, None for what has none. Whatever comes
        before it on the stream is delivered. Raises Away or Refused."""
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            ROUTE: "connector",
            **headers_of(message, version),
        }
        if self._session and message.get("method") != "initialize":
            headers[SESSION] = self._session
        wanted = message.get("id") if "method" in message else None
        async with aclosing(self._messages(message, headers)) as messages:
            async for received in messages:
                if wanted is not None and _answers(received, wanted):
                    return received | {"id": wanted}
                if "method" in received:
                    deliver(received)
        if wanted is None:
            return None
        raise Away("the answer was cut off", sent=True)

    async def _messages(
        self, message: Message, headers: dict[str, str]
    ) -> AsyncGenerator[Message, None]:
        content = json.dumps(message).encode()
        url = f"{self.account.url}/mcp"
        try:
            async with self._http.stream(
                "POST",
                url,
                params=self._query,
                content=content,
                headers=headers | self.account.headers,
            ) as response:
                if message.get("method") == "initialize":
                    self._session = response.headers.get(SESSION, "")
                kind = response.headers.get("content-type", "")
                if kind.startswith("text/event-stream") and response.is_success:
                    async for event in _events(response, Parser()):
                        yield _message(event.data)
                else:
                    for received in _received(response.status_code, await _body(response)):
                        yield received
        except httpx2.HTTPError as error:
            raise _away(error) from error

    async def get(self, path: str, *, route: str = "", **query: Any) -> Message:
        """A read over REST. Raises Away or Refused."""
        headers = self.account.headers | ({ROUTE: route} if route else {})
        try:
            answer = await self._http.get(
                f"{self.account.url}/api/{path}", params=query, headers=headers
            )
        except httpx2.HTTPError as error:
            raise _away(error) from error
        return _object(answer.status_code, answer.content)

    async def post(self, path: str, body: Message) -> Message:
        """A write over REST. Raises Away or Refused."""
        url = f"{self.account.url}/api/{path}"
        try:
            answer = await self._http.post(url, json=body, headers=self.account.headers)
        except httpx2.HTTPError as error:
            raise _away(error) from error
        return _object(answer.status_code, answer.content)

    async def report_wake(self, route: str, up_to: int, error: str = "") -> None:
        """Say that a wake was tried. The server may not want to know, and may be away."""
        body = {"route": route, "up_to": up_to, "error": error}
        url = f"{self.account.url}/api/wakes/"
        try:
            await self._http.post(url, json=body, headers=self.account.headers, timeout=5)
        except httpx2.HTTPError:
            return

    async def events(self, after: str) -> AsyncGenerator[Event | None, None]:
        """Follow the event stream from behind a cursor, or from now; None first, when it is open.
        Raises Away or Refused."""
        headers = self.account.headers | ({"Last-Event-ID": after} if after else {})
        url = f"{self.account.url}/api/events/stream/"
        try:
            async with self._http.stream("GET", url, headers=headers) as response:
                if not response.is_success:
                    _object(response.status_code, await _body(response))
                yield None
                parser = Parser()
                parser.last_id = after
                async for event in _events(response, parser):
                    yield event
        except httpx2.HTTPError as error:
            raise _away(error) from error

    async def notifications(self, version: str, after: str) -> AsyncGenerator[Event, None]:
        """The stream of the session, from behind the last event. Raises Away or Refused."""
        headers = self.account.headers | {
            "Accept": "text/event-stream",
            "MCP-Protocol-Version": version,
            SESSION: self._session,
            **({"Last-Event-ID": after} if after else {}),
        }
        url = f"{self.account.url}/mcp"
        try:
            async with self._http.stream("GET", url, headers=headers) as response:
                if not response.is_success:
                    _object(response.status_code, await _body(response))
                parser = Parser()
                parser.last_id = after
                async for event in _events(response, parser):
                    yield event
        except httpx2.HTTPError as error:
            raise _away(error) from error

    def relay(self, event: Event, send: Callable[[Message], None]) -> None:
        """Pass on a message of a stream."""
        value = _parsed(event.data)
        if isinstance(value, dict) and "method" in value:
            send(value)

    def renewed(self) -> bool:
        """Look whether the account has another token by now, and use it."""
        try:
            known = accounts.load(self._account_name)
        except accounts.AccountError:
            return False
        changed = known.token != self.account.token
        self.account = known
        return changed


async def _events(response: httpx2.Response, parser: Parser) -> AsyncIterator[Event]:
    try:
        async for portion in response.aiter_bytes():
            for event in parser.feed(portion):
                yield event
    except TooMuch as error:
        raise Away(str(error), sent=True) from error


async def _body(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for portion in response.aiter_bytes():
        content += portion
        if len(content) > MAX_ANSWER:
            raise Away("the answer is too large", sent=True)
    return bytes(content)


def _answers(received: Message, wanted: Any) -> bool:
    """Whether this is the response. One to a request that the server could not read has no id."""
    return "method" not in received and received.get("id") in {wanted, None}


def _received(status: int, body: bytes) -> list[Message]:
    """The messages in a body. Raises Away or Refused for what is not the protocol."""
    if status == 202 or (status < 300 and not body.strip()):
        return []
    value = _parsed(body)
    if isinstance(value, dict) and value.get("jsonrpc") == "2.0":
        return [value]
    _object(status, body)
    raise Away("something else than TeamMCP answers at this address", sent=True)


def _object(status: int, body: bytes) -> Message:
    """The JSON object of a success. Raises Away for a server that restarts, Refused otherwise."""
    value = _parsed(body)
    if status in RESTARTING:
        raise Away(f"it answers {status}", sent=True)
    if status < 300:
        if isinstance(value, dict):
            return value
        raise Away("something else than TeamMCP answers at this address", sent=True)
    said = value if isinstance(value, dict) else {}
    problem = {
        "code": str(said.get("code") or f"http_{status}"),
        "status": status,
        "detail": str(said.get("detail") or said.get("title") or f"The server said {status}."),
        "next": str(said.get("next") or "Tell the operator."),
        "retry": bool(said.get("retry", status == 429)),
    }
    raise Refused(status, problem)


def _parsed(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _message(data: str) -> Message:
    value = _parsed(data)
    if isinstance(value, dict):
        return value
    raise Away("the stream held something else than messages", sent=True)


def _away(error: httpx2.HTTPError) -> Away:
    sent = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    return Away(str(error) or type(error).__name__, sent=sent)


async def pause(attempt: int) -> None:
    """Wait before the next attempt: longer each time, up to two seconds."""
    await asyncio.sleep(min(2.0, 0.1 * 2**attempt))
