"""The ASGI application at `/mcp`: the gate, then the direct path or the SDK."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from weakref import WeakKeyDictionary

import orjson
from django.db import DatabaseError
from mcp.types import INVALID_PARAMS

from mcp_bridge import cancelling, direct, gate, http, sessions, streams
from mcp_bridge.calls import Client
from mcp_bridge.http import Receive, Scope, Send
from mcp_bridge.notices import notices
from mcp_bridge.profiles import profile_named
from mcp_bridge.sdk import SdkApp
from mcp_bridge.subscriptions import CLIENT, SESSION
from orgchart.callers import callers
from orgchart.models import Member
from orgchart.selectors import Authenticated, authenticate
from teammcp.core.context import (
    ROUTE_HEADER,
    CallContext,
    calling,
    client_route,
    current_call,
    looking_again,
)
from teammcp.core.errors import AppError, InvalidInput, NotAuthenticated, Unavailable
from teammcp.core.handler import impatient

logger = logging.getLogger(__name__)
ROUTE = ROUTE_HEADER.lower().encode()


class Bridge:
    """Serves both protocol eras on one address, on whatever event loop it is called."""

    def __init__(self) -> None:
        self._apps: WeakKeyDictionary[asyncio.AbstractEventLoop, SdkApp] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._admit(scope, receive, send)
        except NotAuthenticated as error:
            await http.refuse(send, error, gate.UNAUTHORIZED)
        except gate.WrongMethod as error:
            await http.refuse(send, error, gate.ONLY_POST)
        except AppError as error:
            await http.refuse(send, error)
        except http.Disconnected:
            return

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        gate.check(scope, headers)
        wanted = gate.profile_name(scope)
        sdk = await self._app()
        token = gate.bearer_token(headers)
        caller = await _authenticated(token)
        try:
            profile = profile_named(wanted)
            client = Client(caller.member, profile, _renewal(token), _asking(token))
        except InvalidInput as error:
            await _refuse_in_protocol(send, error)
            return
        address = scope["client"][0] if scope.get("client") else ""
        context = CallContext(
            "mcp",
            address=address,
            credential_id=caller.credential_id,
            route=client_route(headers.get(ROUTE, b"").decode("latin-1")),
            confirm=caller.confirm,
        )
        with calling(context):
            await _serve(sdk, client, scope, receive, send)

    async def _app(self) -> SdkApp:
        """The SDK's application on this event loop, which also starts what follows the ledger."""
        loop = asyncio.get_running_loop()
        app = self._apps.get(loop)
        if app is None:
            app = self._apps[loop] = SdkApp()
        try:
            await app.ready()
        except Exception as error:
            logger.exception("the MCP server could not start; the next request tries again")
            self._apps.pop(loop, None)
            raise Unavailable("The server is not ready yet.", next="Try again.") from error
        return app

    async def stop(self) -> None:
        """End what runs on this event loop and forget what was kept: at the shutdown of a server,
        and after each test."""
        callers.forget()
        notices.forget()
        app = self._apps.pop(asyncio.get_running_loop(), None)
        if app is not None:
            await app.stop()


async def _serve(sdk: SdkApp, client: Client, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "POST":
        await _serve_session(client, scope, receive, send)
        return
    body = await http.read_body(receive)
    call = direct.plain_call(scope, body, client)
    if call is not None:
        await http.respond(send, await direct.answer(client, call))
        return
    cancelling.notice(body)
    given: Scope = {**scope, CLIENT: client}
    match http.method_of(body):
        case "initialize":
            session = sessions.begin(current_call().credential_id).encode()
            send = http.adding([(gate.SESSION, session)], send)
        case "subscriptions/listen":
            send = impatient(scope, send)
        case "resources/subscribe" | "resources/unsubscribe" if not gate.is_modern(scope):
            try:
                given[SESSION] = _session_of(scope)
            except AppError as error:
                await _refuse_in_protocol(send, error)
                return
    await sdk(given, http.replaying(body, receive), send)


async def _serve_session(client: Client, scope: Scope, receive: Receive, send: Send) -> None:
    """The stream of a session, or its end."""
    session = _session_of(scope)
    if scope["method"] == "GET":
        await streams.serve(client, session, scope, receive, send)
        return
    await sessions.arun(partial(sessions.unsubscribe, client.member, session))
    streams.end(session)
    await http.respond(send, b"", status=204)


def _session_of(scope: Scope) -> str:
    """The session that a request names. Raises AppError for none, and for one that is not its."""
    identifier = dict(scope["headers"]).get(gate.SESSION)
    if identifier is None:
        raise InvalidInput(
            "Only a session can be subscribed, and this request names none.",
            next="Send `initialize`, and then its Mcp-Session-Id with each request.",
        )
    return sessions.find(identifier.decode("latin-1"), current_call().credential_id)


async def _authenticated(token: str) -> Authenticated:
    try:
        caller = await callers.of(token) if token else None
    except DatabaseError as error:
        raise Unavailable("The server cannot look up tokens now.", next="Try again.") from error
    if caller is None:
        raise gate.not_authenticated(token)
    return caller


def _renewal(token: str) -> Callable[[], Awaitable[Member]]:
    async def renew() -> Member:
        return (await _authenticated(token)).member

    return renew


def _asking(token: str) -> Callable[[], Member | None]:
    def who() -> Member | None:
        with looking_again():
            caller = authenticate(token)
        return caller.member if caller is not None else None

    return who


async def _refuse_in_protocol(send: Send, error: AppError) -> None:
    """A refusal that MCP clients show to their user: as a JSON-RPC error."""
    shown = {"code": INVALID_PARAMS, "message": error.as_text(), "data": error.as_dict()}
    body = orjson.dumps({"jsonrpc": "2.0", "id": None, "error": shown})
    await http.respond(send, body, status=error.status)


bridge = Bridge()
