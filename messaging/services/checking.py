"""The inbox: what needs you."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import QuerySet
from django.utils import timezone

from audit.selectors import head_seq
from messaging import causes, hot
from messaging.access import visible_channels
from messaging.budget import cut
from messaging.models import Delivery
from messaging.schemas import Inbox, InboxItem
from messaging.selectors.inbox import UNREAD_LIMIT, unread_channels
from messaging.selectors.messages import messages_out
from messaging.selectors.questions import open_questions
from messaging.selectors.saved import notes_of
from messaging.services.offering import mark_offered
from orgchart.models import Member
from orgchart.walls import bound
from teammcp.core.actions import query
from teammcp.core.prepared import Prepared

QUESTIONS = 5
WAIT_LIMIT = 50  # seconds; several clients cut a call at 60


@query(scope="inbox:read")
def check_inbox(
    *,
    actor: Member,
    wait_seconds: Annotated[int, Ge(0), Le(WAIT_LIMIT)] = 0,
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    max_tokens: Annotated[int, Ge(100), Le(20_000)] = 4_000,
) -> Inbox:
    """What waits for you: messages that are for you, urgent first, then the newest.

    With `wait_seconds` (up to 50) it answers as soon as something arrives. Reading acknowledges
    nothing: call `ack` when you have handled it, else it is offered again. At a time-out, call
    again.
    """
    return inbox_of(actor, limit=limit, max_tokens=max_tokens)


def _open(recipient: int) -> QuerySet[Delivery]:
    return (
        Delivery.objects.filter(recipient=recipient, acknowledged_at=None, withdrawn_at=None)
        .select_related("message__author", "message__on_behalf_of", "message__channel")
        .order_by("rank", "-pk")
    )


_prepared = Prepared(_open, values=1)


def _waiting(actor: Member, limit: int) -> list[Delivery]:
    if bound(actor):  # a bridge ends on the second, what it has let in a moment later
        seen = visible_channels(actor)
        return list(_open(actor.pk).filter(message__channel__in=seen)[:limit])
    return _prepared(actor.pk, limit=limit)


def inbox_of(
    actor: Member, *, limit: int, max_tokens: int, channel_limit: int = UNREAD_LIMIT
) -> Inbox:
    """The inbox now. What it shows is written down as offered; that is its only effect."""
    head = head_seq()  # read first: what commits later wakes a waiter
    page = cut(_waiting(actor, limit), max_tokens, lambda row: row.message.body)
    waiting, urgent = hot.open_counts(actor.pk)
    messages = messages_out(actor, [row.message for row in page])
    notes = notes_of(actor, page)
    items = [
        InboxItem(
            delivery=row.pk,
            reason=row.reason,
            redelivered=row.offered_at is not None,
            note=notes.get(row.message_id) if row.round else None,
            message=message,
        )
        for row, message in zip(page, messages, strict=True)
    ]
    mark_offered(actor=actor, deliveries=page)
    causes.note_shown(actor.pk, (row.message for row in page))
    channels, channels_remaining = unread_channels(actor, channel_limit)
    return Inbox(
        items=items,
        remaining=max(0, waiting - len(items)),
        urgent=urgent,
        channels=channels,
        channels_remaining=channels_remaining,
        head=head,
        cursor=max((row.pk for row in page), default=0) if len(page) >= waiting else None,
        checked_at=timezone.now(),
        questions=open_questions(actor, QUESTIONS) or None,
    )
