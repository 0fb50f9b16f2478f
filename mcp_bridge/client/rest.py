"""One REST call with the standard library, for hooks and for `connect`. Bounded in time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from mcp_bridge.client.account import Account

if TYPE_CHECKING:
    from http.client import HTTPConnection

ROUTE = "TeamMCP-Route"
"""The header that says by which route something reached an agent; the server writes it down."""
MAX_ANSWER = 8 * 1024 * 1024


class Away(Exception):
    """The server did not answer, or what answered is none."""


class Answer(NamedTuple):
    """A status and a JSON object."""

    status: int
    data: dict[str, Any]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def problem(self) -> str:
        """What a refusal says, in one line."""
        said = [self.data.get("detail") or self.data.get("title"), self.data.get("next")]
        return " ".join(str(part) for part in said if part) or f"The server said {self.status}."


def call(
    account: Account,
    method: str,
    path: str,
    *,
    query: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    route: str = "",
    seconds: float = 10.0,
) -> Answer:
    """Ask `/api/<path>`. Raises Away. `seconds` bounds each read; who must not wait at all runs
    this in a thread that may be left behind."""
    from http.client import HTTPException  # half of what a hook costs, and not each hook asks

    headers = {"Accept": "application/json"}
    if account.token:
        headers |= account.headers
    if route:
        headers[ROUTE] = route
    content = None if body is None else json.dumps(body).encode()
    if content is not None:
        headers["Content-Type"] = "application/json"
    parts = urlsplit(account.url)
    target = f"{parts.path}/api/{path}" + (f"?{urlencode(query)}" if query else "")
    connection = _connection(parts.scheme, parts.netloc, seconds)
    try:
        connection.request(method, target, content, headers)
        response = connection.getresponse()
        return _answer(response.status, response.read(MAX_ANSWER))
    except (OSError, HTTPException, ValueError) as error:
        raise Away(
            f"{account.url} does not answer: {str(error) or type(error).__name__}."
        ) from error
    finally:
        connection.close()


def _connection(scheme: str, place: str, seconds: float) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    return kind(place, timeout=seconds)


def _answer(status: int, content: bytes) -> Answer:
    """A JSON object, or the refusal of something that is not our server, such as a proxy's page.
    Raises ValueError for a success that we would not give."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return Answer(status, value)
    if status < 300:
        raise ValueError("this is no TeamMCP server")
    return Answer(status, {})
