"""The short way through the REST face: a regular call of an action, served on the event loop.

Django and DRF build a request, a response and a dozen objects around each call, which costs more
than most calls do. This takes only what is completely regular: the address of an action, a token
that holds, JSON in and out. Whatever is in any way unusual is left to them, who stay the authority.
`tests/core/test_direct.py` holds the answers of both ways equal.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string

from teammcp.core.actions import Action, Actor
from teammcp.core.api import ActionView, bad_request, failed, problem, with_path
from teammcp.core.context import ROUTE_HEADER, CallContext, calling, client_route
from teammcp.core.errors import AppError, Unavailable
from teammcp.core.origins import is_own_host
from teammcp.core.parsing import json_object
from teammcp.core.schemas import Out

logger = logging.getLogger(__name__)
PASSIVE = frozenset(
    {
        "django.middleware.security.SecurityMiddleware",
        "teammcp.core.handler.ApiCommonMiddleware",
    }
)
"""Middleware that a regular call meets only as headers on its answer, the same for all."""


Header = tuple[bytes, bytes]
JSON = [(b"content-type", b"application/json")]
_ROUTE = ROUTE_HEADER.lower().encode()


class Caller(Protocol):
    """Whom a token speaks for."""

    @property
    def member(self) -> Actor: ...

    @property
    def credential_id(self) -> int: ...

    @property
    def confirm(self) -> Callable[[Any], Any]: ...


Callers = Callable[[str], Awaitable[Caller | None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, without what Django's would bring along."""

    status: int
    headers: list[Header]
    content: bytes

    @classmethod
    def of(cls, response: HttpResponse) -> Reply:
        return cls(response.status_code, _headers_of(response), response.content)


def _headers_of(response: HttpResponse) -> list[Header]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]


class DirectApi:
    """The ASGI application at /api/: regular calls directly, everything else through `django`."""

    def __init__(self, django: Any, callers: Callers) -> None:
        self._django = django
        self._callers = callers
        self._standing = standing_headers()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        call = regular_call(scope) if self._standing is not None else None
        try:
            caller = await self._callers(call.token) if call is not None else None
        except DatabaseError:
            logger.exception("whom a token speaks for could not be looked up")
            await self._respond(send, Reply.of(problem(_not_now())))
            return
        if call is None or caller is None:
            await self._django(scope, receive, send)
            return
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body = message.get("body", b"")
        if message.get("more_body") or len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            await self._django(scope, _beginning_with(message, receive), send)
            return
        await self._respond(send, await answer(call, caller, body))

    async def _respond(self, send: Any, reply: Reply) -> None:
        length = (b"content-length", b"%d" % len(reply.content))
        headers = [*reply.headers, length, *(self._standing or ())]
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": reply.content})


def _not_now() -> Unavailable:
    return Unavailable(
        "The server cannot look up tokens now; nothing was done.",
        next="Send the same call again, a write with the same client_key.",
    )


def standing_headers() -> list[Header] | None:
    """What the middleware adds to each answer; None where it might do more than that."""
    if not PASSIVE.issuperset(settings.API_MIDDLEWARE) or settings.SECURE_SSL_REDIRECT:
        return None
    chain: Callable[[HttpRequest], Any] = lambda request: HttpResponse()  # noqa: E731
    for path in reversed(settings.API_MIDDLEWARE):
        chain = import_string(path)(chain)
    probe = HttpRequest()
    probe.META["HTTP_HOST"] = "localhost"
    answer = chain(probe)
    del answer["Content-Type"], answer["Content-Length"]
    return _headers_of(answer)


def _beginning_with(message: Any, receive: Any) -> Any:
    """A `receive` that gives a message back before whatever comes next."""
    unread = [message]

    async def replay() -> Any:
        return unread.pop() if unread else await receive()

    return replay


@dataclass(frozen=True, slots=True)
class Route:
    """What an address and a method call."""

    action: Action[Any, Any]
    path: Mapping[str, Any]
    status: int


@dataclass(frozen=True, slots=True)
class RegularCall:
    """A request with nothing unusual about it, before its body is read."""

    route: Route
    method: str
    token: str
    query: bytes
    address: str
    client_route: str


def regular_call(scope: Any) -> RegularCall | None:
    """The call that this request makes, or None when Django should look at it."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if len(headers) != len(scope["headers"]) or scope.get("root_path"):
        return None
    method, query = scope["method"], scope["query_string"]
    route = route_of(method, scope["path"])
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    if route is None or kind.lower() != b"bearer":
        return None
    if not (_is_plain_read(query) if method == "GET" else _is_plain_write(query, headers)):
        return None
    if not _accepts_json(headers.get(b"accept", b"*/*")):
        return None
    if not is_own_host(headers.get(b"host", b"").decode("latin-1")):
        return None
    address = scope["client"][0] if scope.get("client") else ""
    named = client_route(headers.get(_ROUTE, b"").decode("latin-1"))
    return RegularCall(route, method, token.strip().decode("latin-1"), query, address, named)


@lru_cache(maxsize=4096)
def route_of(method: str, path: str) -> Route | None:
    """The action at this address; None where it is no plain one."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    view: Any = getattr(match.func, "cls", None)
    name = method.lower()
    if getattr(view, "run", None) is not ActionView.run or name not in view.actions:
        return None
    return Route(view.actions[name], match.kwargs, view.statuses.get(name, 200))


def _is_plain_read(query: bytes) -> bool:
    return b"format" not in query  # which DRF reads as another way to say Accept


def _is_plain_write(query: bytes, headers: Mapping[bytes, bytes]) -> bool:
    return not query and _sends_json(headers.get(b"content-type", b""))


@lru_cache(maxsize=64)
def _sends_json(content_type: bytes) -> bool:
    kind, _, parameters = content_type.lower().partition(b";")
    return kind.strip() == b"application/json" and parameters.strip() in {b"", b"charset=utf-8"}


@lru_cache(maxsize=64)
def _accepts_json(accept: bytes) -> bool:
    kinds = {part.partition(b";")[0].strip() for part in accept.lower().split(b",")}
    return not kinds.isdisjoint({b"*/*", b"application/*", b"application/json"})


async def answer(call: RegularCall, caller: Caller, body: bytes) -> Reply:
    """Run the action; its answer, or the problem that kept it from being run."""
    context = CallContext(
        face="rest",
        address=call.address,
        credential_id=caller.credential_id,
        route=call.client_route,
        confirm=caller.confirm,
    )
    route = call.route
    try:
        with calling(context):
            given = QueryDict(call.query).dict() if call.method == "GET" else json_object(body)
            payload = with_path(given, route.path)
            found: Out = await route.action.acall(caller.member, payload)
            return Reply(route.status, JSON, found.model_dump_json().encode())
    except AppError as error:
        return Reply.of(problem(error))
    except SuspiciousOperation as error:  # such as a thousand parameters
        return Reply.of(bad_request(None, error))
    except Exception:
        logger.exception("%s %s failed", call.method, route.action.name)
        return Reply.of(failed(None))
