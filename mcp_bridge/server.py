"""The ASGI application at `/mcp`: the gate, then the direct path or the SDK."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import orjson
from django.db import DatabaseError
from mcp.types import INVALID_PARAMS

from mcp_bridge import cancelling, direct, gate, http
from mcp_bridge.calls import Client
from mcp_bridge.http import Receive, Scope, Send
from mcp_bridge.notices import notices
from mcp_bridge.profiles import profile_named
from mcp_bridge.sdk import CLIENT, SdkApp
from orgchart.callers import callers
from orgchart.models import Member
from orgchart.selectors import Authenticated
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import AppError, InvalidInput, NotAuthenticated, Unavailable

logger = logging.getLogger(__name__)


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
            client = Client(caller.member, profile_named(wanted), _renewal(token))
        except InvalidInput as error:
            await _refuse_in_protocol(send, error)
            return
        address = scope["client"][0] if scope.get("client") else ""
        with calling(CallContext("mcp", address=address, credential_id=caller.credential_id)):
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
    body = await http.read_body(receive)
    call = direct.plain_call(scope, body, client)
    if call is not None:
        await http.respond(send, await direct.answer(client, call))
        return
    cancelling.notice(body)
    await sdk({**scope, CLIENT: client}, http.replaying(body, receive), send)


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


async def _refuse_in_protocol(send: Send, error: AppError) -> None:
    """A refusal that MCP clients show to their user: as a JSON-RPC error."""
    shown = {"code": INVALID_PARAMS, "message": error.as_text(), "data": error.as_dict()}
    body = orjson.dumps({"jsonrpc": "2.0", "id": None, "error": shown})
    await http.respond(send, body, status=error.status)


bridge = Bridge()
