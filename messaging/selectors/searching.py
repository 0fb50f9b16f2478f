"""Searching messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen
from django.conf import settings
from django.db.models import Q, QuerySet

from messaging.access import access_place, visible_channels
from messaging.models import Message
from messaging.schemas import MessageOut, SearchHit, SearchPage
from messaging.search import MARGIN, Bounds, excerpt, first_since, newest
from messaging.selectors.messages import messages_out
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core.actions import query as query_action
from teammcp.core.cursors import cursor_in


@query_action(scope="messages:read")
def search_messages(
    *,
    actor: Member,
    query: Annotated[str, MinLen(1), MaxLen(200)],
    where: Annotated[str, MaxLen(400)] = "",
    author: Annotated[str, MaxLen(60)] = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, Ge(1), Le(50)] = 10,
    after: Annotated[str, MaxLen(30)] = "",
) -> SearchPage:
    """Find messages that you may read: all words, "a phrase", prefix*, -without; newest first.

    Narrow it by place ("#channel", "@name", "thread:91"), author, and time (from `since` to before
    `until`). Pages by cursor.
    """
    rows = Message.objects.filter(channel__in=visible_channels(actor), deleted_at=None)
    channel = writer = None
    if where:
        place = access_place(actor=actor, where=where)
        channel = place.channel.pk
        rows = rows.filter(channel=channel)
        if place.thread is not None:
            rows = rows.filter(Q(pk=place.thread.pk) | Q(thread=place.thread))
    if author:
        writer = access_member(actor=actor, handle=author).pk
        rows = rows.filter(author=writer)
    rows, first, last = _within(rows, since, until)
    ends = [end for end in (last, _row(after) if after else None) if end is not None]
    bounds = Bounds(channel, writer, first, min(ends, default=None))
    hits = newest(rows, query, bounds, limit=limit + 1)
    found = list(hits.select_related("author", "on_behalf_of", "channel"))
    page = messages_out(actor, found[:limit])
    more = len(found) > limit
    return SearchPage(
        items=[_hit(message, query) for message in page],
        remaining=more,
        cursor=str(page[-1].id) if more else None,
    )


def _hit(message: MessageOut, query: str) -> SearchHit:
    return SearchHit(
        **{**dict(message), "body": excerpt(message.body, query)},
        kind="message",
        link=f"{settings.PUBLIC_URL}/messages/{message.id}/",
    )


def _within(
    rows: QuerySet[Message], since: datetime | None, until: datetime | None
) -> tuple[QuerySet[Message], int | None, int | None]:
    """The messages of a time, and between which ids they are."""
    first = last = None
    if since is not None:
        rows = rows.filter(created_at__gte=_in_utc(since))
        first = first_since(_moved(since, -MARGIN))
    if until is not None:
        rows = rows.filter(created_at__lt=_in_utc(until))
        last = first_since(_moved(until, MARGIN))
    return rows, first, last


def _in_utc(at: datetime) -> datetime:
    """A time without a zone is meant in UTC."""
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        return at.replace(tzinfo=UTC)


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return _in_utc(at) + by
    except OverflowError:
        return _in_utc(at)


def _row(cursor: str) -> int:
    return cursor_in(
        cursor, "after", advice="Pass the cursor of the page before, or none for the newest hits."
    )
