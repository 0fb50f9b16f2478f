"""The texts that a message had."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from annotated_types import Ge, Le

from messaging.access import access_message
from messaging.budget import cut
from messaging.models import Message, MessageVersion
from messaging.schemas import VersionOut, VersionPage
from messaging.selectors.messages import RowId
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.errors import Conflict


@query(scope="messages:read")
def list_versions(
    *,
    actor: Member,
    message_id: RowId,
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
    max_tokens: Annotated[int, Ge(100), Le(20_000)] = 4_000,
) -> VersionPage:
    """The texts that a message had, the first one first and the present one last."""
    message = access_message(actor=actor, message_id=message_id)
    if message.deleted_at:
        raise text_is_gone(message)
    rows = MessageVersion.objects.filter(message=message, number__gt=after).order_by("number")
    items = [
        _version_out(message, row.number, row.written_at, row.body) for row in rows[: limit + 1]
    ]
    if len(items) <= limit and message.version > after:
        written = message.edited_at or message.created_at
        items.append(_version_out(message, message.version, written, message.body))
    page = cut(items[:limit], max_tokens, lambda item: item.body)
    remaining = message.version - page[-1].version if page else 0
    return VersionPage(
        items=page, remaining=remaining, cursor=str(page[-1].version) if remaining else None
    )


def text_is_gone(message: Message) -> Conflict:
    """The answer to whoever wants something of a text that was deleted."""
    done = "erased" if message.erased_at else "deleted"
    deleter = f" by @{message.deleted_by.handle}" if message.deleted_by else ""
    return Conflict(
        f"Message {message.pk} was {done}{deleter}.",
        next=f"Read what stands around it: read 'message:{message.pk}'.",
    )


def _version_out(message: Message, number: int, written_at: datetime, body: str) -> VersionOut:
    return VersionOut(
        id=message.pk,
        version=number,
        author=message.author.handle,
        author_kind=message.author_kind,
        written_at=written_at,
        body=body,
    )
