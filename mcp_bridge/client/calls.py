"""Tool calls that outlive a restart of the server: which may be repeated, and how.

A read may always be repeated. A write may, if it carries a client key: the server then gives the
first result again. Keys are added where a tool takes one and the client gave none. What is neither
is repeated only if it certainly did not arrive.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

from mcp_bridge.client.protocol import Message, params_of

KEY = "client_key"
WAIT = "wait_seconds"


class Tools:
    """What the list of tools says about repeating them."""

    def __init__(self, listing: Iterable[Any]) -> None:
        self.listing = [tool for tool in listing if isinstance(tool, dict)]
        self._by_name = {tool.get("name"): tool for tool in self.listing}

    def keyed(self, name: str) -> bool:
        """Whether it takes a client key."""
        schema = self._by_name.get(name, {}).get("inputSchema") or {}
        return KEY in (schema.get("properties") or {})

    def harmless(self, name: str) -> bool:
        """Whether calling it twice does no more than calling it once."""
        hints = self._by_name.get(name, {}).get("annotations") or {}
        return bool(hints.get("readOnlyHint") or hints.get("idempotentHint"))


class Call:
    """One `tools/call`, possibly sent more than once."""

    def __init__(self, message: Message, tools: Tools) -> None:
        self.message = message
        self.name = str(params_of(message).get("name") or "")
        self._started = time.monotonic()
        self.arguments = self._keyed(tools)
        self.key: str | None = self.arguments.get(KEY)
        self.repeatable = bool(self.key) or tools.harmless(self.name)
        self.writes = not tools.harmless(self.name)

    def _keyed(self, tools: Tools) -> dict[str, Any]:
        given = params_of(self.message).get("arguments")
        arguments = dict(given) if isinstance(given, dict) else {}
        if tools.keyed(self.name) and not arguments.get(KEY):
            arguments[KEY] = f"stdio-{uuid.uuid4()}"
        return arguments

    def attempt(self) -> Message:
        """The message to send now: what is left of a wait is not waited twice."""
        arguments = self.arguments
        wait = arguments.get(WAIT)
        if isinstance(wait, int) and not isinstance(wait, bool):
            left = max(0, round(wait - (time.monotonic() - self._started)))
            arguments = {**arguments, WAIT: left}
        given = params_of(self.message)
        if not arguments and "arguments" not in given:
            return self.message
        if "arguments" in given and not isinstance(given["arguments"], dict):
            return self.message  # the server says what is wrong with it
        return {**self.message, "params": {**given, "arguments": arguments}}


def unavailable(url: str, reason: str, call: Call | None, *, sent: bool) -> dict[str, Any]:
    """The problem of a call that could not be made in time: no success, and what to do."""
    again = "Repeat the call in a minute."
    if call is None or not call.writes:
        fate = ""
    elif not sent:
        fate = " The call was not carried out."
    else:
        fate = " It is not known whether the call was carried out."
        again = (
            f'Repeat the call in a minute with {KEY}="{call.key}": it then happens once.'
            if call.key
            else "Look whether it happened before you repeat it."
        )
    return {
        "code": "unavailable",
        "status": 503,
        "detail": f"The TeamMCP server at {url} does not answer ({reason}).{fate}",
        "next": f"{again} Tell your operator if it stays away.",
        "retry": True,
    }


def signed_out() -> dict[str, Any]:
    """The problem of a token that no longer holds."""
    return {
        "code": "not_authenticated",
        "status": 401,
        "detail": "The token of this account is not valid any more: revoked, expired or replaced.",
        "next": "Ask your operator to run `manage.py connect` with a new one; it is used at once.",
        "retry": False,
    }
