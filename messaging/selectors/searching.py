"""Searching messages."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen
from django.db.models import Q

from messaging.access import access_place, visible_channels
from messaging.models import Message
from messaging.schemas import SearchHit, SearchPage
from messaging.search import excerpt, matching
from messaging.selectors.messages import messages_out
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core.actions import query as query_action
from teammcp.core.errors import InvalidInput


@query_action(scope="messages:read")
def search_messages(
    *,
    actor: Member,
    query: Annotated[str, MinLen(1), MaxLen(200)],
    where: Annotated[str, MaxLen(400)] = "",
    author: Annotated[str, MaxLen(60)] = "",
    limit: Annotated[int, Ge(1), Le(50)] = 10,
    after: Annotated[str, MaxLen(30)] = "",
) -> SearchPage:
    """Find messages that you may read: all words, "a phrase", or prefix*; the newest first.

    Narrow it by place ("#channel", "@name", "thread:91") and author. Pages by cursor.
    """
    rows = Message.objects.filter(channel__in=visible_channels(actor))
    if where:
        place = access_place(actor=actor, where=where)
        rows = rows.filter(channel=place.channel)
        if place.thread is not None:
            rows = rows.filter(Q(pk=place.thread.pk) | Q(thread=place.thread))
    if author:
        rows = rows.filter(author=access_member(actor=actor, handle=author))
    if after:
        rows = rows.filter(pk__lt=_row(after))
    rows = matching(rows, query).select_related("author", "on_behalf_of", "channel")
    found = list(rows.order_by("-pk")[: limit + 1])
    page = found[:limit]
    more = len(found) > limit
    return SearchPage(
        items=[
            SearchHit(**{**dict(message), "body": excerpt(message.body, query)})
            for message in messages_out(actor, page)
        ],
        remaining=more,
        cursor=str(page[-1].pk) if more else None,
    )


def _row(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        raise InvalidInput(
            f"{cursor!r} is no cursor.",
            fields={"after": "damaged cursor"},
            next="Pass the cursor of the page before, or none for the newest hits.",
        )
    return int(cursor)
