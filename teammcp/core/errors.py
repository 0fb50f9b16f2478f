"""One error family for every face.

Each error names what was wrong (`message`), the state it met (`state`), the next call that works
(`next`) and whether sending the same call again can help (`retry`). The faces translate it in one
place each: `core.api` to problem JSON (RFC 9457), `mcp_bridge` to tool errors, `core.web` to
forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AppError(Exception):
    """Base of everything that a caller did or met and can act on. Never raised itself."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be served"
    retry: ClassVar[bool] = False

    def __init__(self, message: str, *, next: str = "", **state: Any) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.next = next
        self.state = state

    def as_dict(self) -> dict[str, Any]:
        """The problem document, the same on every face."""
        body: dict[str, Any] = {
            "type": f"urn:teammcp:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.message,
            "retry": self.retry,
        }
        if self.next:
            body["next"] = self.next
        if self.state:
            body["state"] = self.state
        return body

    def as_text(self) -> str:
        """The same facts as two or three sentences, for a model to read."""
        parts = [f"{self.code}: {self.message}"]
        # The message names the fields already.
        parts += [f"{key}: {value}" for key, value in self.state.items() if key != "fields"]
        if self.next:
            parts.append(f"Next: {self.next}")
        parts.append(
            "Retrying the same call can help." if self.retry else "The same call will fail again."
        )
        return "\n".join(parts)


class InvalidInput(AppError):
    """An argument is missing, unknown, of the wrong type or out of range; `fields` says which."""

    code, status, title = "invalid_input", 400, "An argument is wrong"

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        next: str = "",  # noqa: A002
        **state: Any,
    ) -> None:
        if fields:
            state["fields"] = dict(fields)
        super().__init__(message, next=next, **state)


class NotAuthenticated(AppError):
    """No credential, or one that is unknown, expired, revoked or of a retired member."""

    code, status, title = "not_authenticated", 401, "Who are you?"


def no_token() -> NotAuthenticated:
    """One answer for a missing, unknown, expired and revoked token."""
    return NotAuthenticated(
        "This call needs a valid token.",
        next="Send the header 'Authorization: Bearer tmcp_…'. POST /api/register/ with a join code"
        " gives you one.",
    )


class Forbidden(AppError):
    """The caller's authority or credential does not include this kind of action."""

    code, status, title = "forbidden", 403, "Not allowed"


class NotFound(AppError):
    """Absent, or not visible to the caller: the two cannot be told apart."""

    code, status, title = "not_found", 404, "There is no such thing"


class Conflict(AppError):
    """The present state does not admit the change; `state` describes it."""

    code, status, title = "conflict", 409, "The present state does not admit this"


class CursorExpired(AppError):
    """The cursor lies outside what the ledger still holds; resynchronise, then follow again."""

    code, status, title = "cursor_expired", 410, "This cursor can no longer be continued"


class TooLarge(AppError):
    """The request body is larger than the server reads."""

    code, status, title = "too_large", 413, "Too large"


class RateLimited(AppError):
    """Too many calls; `state.retry_after_seconds` says when the next one is welcome."""

    code, status, title, retry = "rate_limited", 429, "Too many calls", True


class Unavailable(AppError):
    """The server could not commit just now; nothing was changed."""

    code, status, title, retry = "unavailable", 503, "Not now", True


class Held(AppError):
    """Nothing is wrong: the call was kept, and runs as soon as the right people agree. `state` has
    its handle, whom it waits for, and until when."""

    code, status, title = "held", 202, "Waiting for approval"

    def as_text(self) -> str:
        """As of every error, but that the same call does not fail: it gives the same handle."""
        return super().as_text().rpartition("\n")[0]


class InternalError(AppError):
    """A fault of ours. The details are in the log only."""

    code, status, title, retry = "internal", 500, "Something went wrong", True
