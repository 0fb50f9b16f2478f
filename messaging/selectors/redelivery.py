"""Reading about dead letters."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Q, QuerySet

from messaging.access import channel_label, direct_labels, visible_channels
from messaging.models import Channel, Delivery
from messaging.schemas import DeadLetter, DeadLetterPage
from orgchart.models import Member
from orgchart.walls import bound, seen_by
from teammcp.core.actions import query


def visible_dead_letters(actor: Member) -> QuerySet[Delivery]:
    """Those to and from the actor; for admins all, in channels that they can see."""
    rows = Delivery.objects.filter(
        acknowledged_at=None, dead_at__isnull=False, message__channel__in=visible_channels(actor)
    )
    if not actor.has_scope("admin"):
        rows = rows.filter(Q(recipient=actor) | Q(message__author=actor))
    if bound(actor):
        rows = rows.filter(recipient__in=Member.objects.filter(seen_by(actor)))
    return rows.select_related("recipient", "message__author", "message__channel")


@query(scope="inbox:read")
def list_dead_letters(
    *,
    actor: Member,
    limit: Annotated[int, Ge(1), Le(200)] = 50,
    before: Annotated[int, Ge(0), Le(2**62)] = 0,
) -> DeadLetterPage:
    """Messages to or from you that were never acknowledged and left the inbox, with the reason.

    `redeliver` puts one back; `ack` by its recipient settles it.
    """
    rows = visible_dead_letters(actor)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    page = found[:limit]
    direct = {row.message.channel for row in page if row.message.channel.kind == "direct"}
    labels = direct_labels(direct, actor) if direct else {}
    items = [_out(row, labels.get(row.message.channel_id)) for row in page]
    more = len(found) > limit
    return DeadLetterPage(items=items, more=more, cursor=page[-1].pk if more else None)


def dead_letter_out(actor: Member, row: Delivery) -> DeadLetter:
    """One delivery as a dead letter, or as what was one."""
    return _out(row, channel_label(row.message.channel, actor))


def _out(row: Delivery, label: str | None) -> DeadLetter:
    channel: Channel = row.message.channel
    return DeadLetter(
        delivery=row.pk,
        message=row.message_id,
        channel=label or f"#{channel.name}",
        author=row.message.author.handle,
        recipient=row.recipient.handle,
        stored_at=row.stored_at,
        offers=row.offers,
        last_offered_at=row.last_offered_at,
        dead_at=row.dead_at,
        reason=row.dead_reason,
    )
