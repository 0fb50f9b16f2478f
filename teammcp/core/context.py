"""Facts about the call being served that no caller may set: face, request id, address.

They travel in a context variable, so that `audit.record` can write them down without every
function having to pass them on. Who acts is *not* here: the actor is always an argument.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CallContext:
    """Where a call came from."""

    face: str = "system"  # mcp, rest, dashboard, admin, cli, job, schedule, system
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    address: str = ""
    credential_id: int | None = None
    confirm: Callable[[Any], Any] | None = None
    """gives the caller as they are now, once a write's turn has come; raises NotAuthenticated"""
    route: str = ""
    """what on the caller's machine made the call, where it says so: one of CLIENT_ROUTES"""
    woken: bool = False
    """whether the call waited, and something woke it"""

    @property
    def via(self) -> str:
        """The way by which what this call shows reaches its reader."""
        return self.route or self.face


CLIENT_ROUTES = frozenset({"connector", "channel", "hook"})
ROUTE_HEADER = "TeamMCP-Route"
WAITED = "teammcp.waited"  # a key of the ASGI scope: this request has had its wait


def client_route(header: str) -> str:
    """The route that a client names in ROUTE_HEADER; nothing for one that is not known."""
    name = header.strip().lower()
    return name if name in CLIENT_ROUTES else ""


_looking_again: ContextVar[bool] = ContextVar("looking_again", default=False)


@contextmanager
def looking_again() -> Iterator[None]:
    """The server itself asks whether a credential still holds: no sign of life of its owner."""
    token = _looking_again.set(True)
    try:
        yield
    finally:
        _looking_again.reset(token)


def is_looking_again() -> bool:
    return _looking_again.get()


_current: ContextVar[CallContext | None] = ContextVar("call_context", default=None)


def current_call() -> CallContext:
    """The context of this call; a fresh `system` one outside any call."""
    return _current.get() or CallContext()


@contextmanager
def calling(context: CallContext) -> Iterator[CallContext]:
    """Serve a call in this context."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
