"""Who may come in: checks on the headers, before anything of a request is read.

The Host must be one of ours, so that a page that a browser loaded from elsewhere cannot reach a
server on this machine by pointing its own name here (DNS rebinding). An Origin, which only browsers
send, must be that same host and port or a trusted one. Then the bearer token; never one in the URL.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS

from mcp_bridge.http import Header, Scope
from mcp_bridge.profiles import DEFAULT_PROFILE
from teammcp.core.errors import AppError, Forbidden, InvalidInput, NotAuthenticated
from teammcp.core.origins import is_own_host, is_own_origin

UNAUTHORIZED: list[Header] = [(b"www-authenticate", b'Bearer error="invalid_token"')]
ONLY_POST: list[Header] = [(b"allow", b"POST")]
SESSION = b"mcp-session-id"
SECRETS_IN_URLS = frozenset({"token", "access_token", "key", "api_key", "apikey", "authorization"})


class ForeignHost(AppError):
    """The request was sent to a name that is not this server's."""

    code, status, title = "foreign_host", 421, "This server is not known by that name"


class WrongMethod(AppError):
    """Only POST is served."""

    code, status, title = "wrong_method", 405, "Send a POST"


def check(scope: Scope, headers: dict[bytes, bytes]) -> None:
    """Let a request through, or raise the AppError that says why not."""
    host = headers.get(b"host", b"").decode("latin-1")
    if not is_own_host(host):
        raise ForeignHost(
            f"This server does not answer to the host {host[:100]!r}.",
            next="Use its own address, or let the operator add the name to TEAMMCP_ALLOWED_HOSTS.",
        )
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin and not is_own_origin(origin, host):
        raise Forbidden(
            f"Pages of {origin[:100]!r} may not call this server.",
            next="Call it from a program, or from its own pages.",
        )
    if scope["method"] != "POST" and not _is_of_a_session(scope, headers):
        raise WrongMethod(
            "This is the MCP endpoint: it takes POST, and GET and DELETE only for a session.",
            next="Connect an MCP client to this address with an Authorization header.",
        )


def _is_of_a_session(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether a client of the session era opens the stream of its session, or ends it."""
    return scope["method"] in {"GET", "DELETE"} and SESSION in headers and not is_modern(scope)


def is_modern(scope: Scope) -> bool:
    """Whether a request speaks a revision without sessions, or one that is not known."""
    version = dict(scope["headers"]).get(b"mcp-protocol-version", b"").decode("latin-1")
    return bool(version) and version not in HANDSHAKE_PROTOCOL_VERSIONS


def bearer_token(headers: dict[bytes, bytes]) -> str:
    """The token of the request; empty without one."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def not_authenticated(token: str) -> NotAuthenticated:
    """Says how to get a token. Unknown, expired, revoked or of a retired member: all the same."""
    wrong = "This token is not valid." if token else "There is no bearer token with this request."
    return NotAuthenticated(
        wrong,
        next="Send `Authorization: Bearer <token>`. To get a token, POST /api/register/ with a join"
        ' code that the operator gives out: {"join_code": "join_...", "name": "..."}.',
    )


def profile_name(scope: Scope) -> str:
    """The profile that the URL asks for. Raises InvalidInput for a secret in the URL."""
    query: bytes = scope.get("query_string", b"")
    if not query:
        return DEFAULT_PROFILE
    wanted = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    secrets = sorted(SECRETS_IN_URLS & {name.lower() for name in wanted})
    if secrets:
        raise InvalidInput(
            f"{secrets[0]} was sent in the URL, where logs keep it. It was not used.",
            next="Replace that token, and send the new one as `Authorization: Bearer <token>`.",
        )
    return wanted.get("profile", [DEFAULT_PROFILE])[-1]
