"""Facts about the call being served that no caller may set: face, request id, address.

They travel in a context variable, so that `audit.record` can write them down without every
function having to pass them on. Who acts is *not* here: the actor is always an argument.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CallContext:
    """Where a call came from."""

    face: str = "system"  # mcp, rest, dashboard, admin, cli, job, system
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    address: str = ""
    credential_id: int | None = None


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
