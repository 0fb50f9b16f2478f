"""Who may do what: rights hang on authority and scopes, never on a name.

One table, shown in docs/access.md. A credential can withhold scopes but never add any.
"""

from __future__ import annotations

from functools import cache

READ = frozenset(
    {"org:read", "messages:read", "inbox:read", "tasks:read", "audit:read", "approvals:read"}
)
WRITE = frozenset(
    {
        "messages:write", "channels:write", "tasks:write", "profile:write", "team:write",
        "approvals:write",
    }
)  # fmt: skip
ADMIN = frozenset({"admin", "org:write"})

BY_AUTHORITY: dict[str, frozenset[str]] = {
    "observer": READ,
    "member": READ | WRITE,
    "admin": READ | WRITE | ADMIN,
    "owner": READ | WRITE | ADMIN | {"owner"},
}
# What a paused member may still do: read, and keep its own inbox.
PAUSED = READ
# The server's own member: registers newcomers who hold a join code, keeps house, and says so.
SYSTEM = frozenset({"org:read", "messages:write", "join", "house"})
ALL_SCOPES = READ | WRITE | ADMIN | {"owner"}


@cache
def scopes_of(authority: str, kind: str) -> frozenset[str]:
    """The scopes that an authority grants to a member of this kind."""
    return SYSTEM if kind == "system" else BY_AUTHORITY[authority]
