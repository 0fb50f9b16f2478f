"""The reader's own facts: what was offered, what is acknowledged, how far is read."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from django.db.models import Q
from django.utils import timezone

from audit.ledger import record
from messaging import events, hot
from messaging.access import Place, access_place
from messaging.models import Delivery, Membership
from messaging.schemas import Acknowledgement, ReadCursor
from messaging.texts import Target
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput, NotFound

# A dead letter is withdrawn and may still be settled; what one may not see any more may not.
_SETTLED_BY_ACK = Q(withdrawn_at=None) | Q(dead_at__isnull=False)

RowId = Annotated[int, Ge(1), Le(2**62)]
Seq = Annotated[int, Ge(0), Le(2**62)]


@action(scope="inbox:read")
def ack(
    *,
    actor: Member,
    deliveries: Annotated[list[RowId], MaxLen(500)] = [],  # noqa: B006
    up_to: RowId | None = None,
    read: dict[Target, Seq] = {},  # noqa: B006
) -> Acknowledgement:
    """Say that you have handled what your inbox offered. Nothing else ever acknowledges for you.

    Name `deliveries`, or all that were offered `up_to` a cursor. `read` moves your read cursor in
    channels: {"#general": 120}. All or nothing; a second time answers when it was.
    """
    if not deliveries and up_to is None and not read:
        raise InvalidInput(
            "Nothing was named.",
            fields={"deliveries": "empty"},
            next="Pass deliveries=[...] or up_to=<cursor> as check_inbox gave them.",
        )
    rows = _named(actor, deliveries)
    if up_to is not None:
        rows |= _offered_up_to(actor, up_to)
    fresh = [pk for pk, row in rows.items() if row.acknowledged_at is None]
    cursors = {where: _move_cursor(actor, where, seq) for where, seq in read.items()}
    acknowledge(actor, fresh, {where: cursor.read_seq for where, cursor in cursors.items()})
    already = {
        str(pk): row.acknowledged_at
        for pk, row in rows.items()
        if row.acknowledged_at is not None and pk in deliveries
    }
    return Acknowledgement(acknowledged=fresh, already=already, open=hot.open_counts(actor.pk)[0])


def acknowledge(actor: Member, fresh: list[int], read: dict[str, int] | None = None) -> None:
    """Write down that these open deliveries of the actor were handled. For actions only, and only
    for those in which the actor says so."""
    Delivery.objects.filter(pk__in=fresh).update(acknowledged_at=timezone.now())
    if fresh or read:
        record(
            events.ACKNOWLEDGED,
            actor=actor,
            topics=[f"member-{actor.pk}"],
            data={"deliveries": fresh, "count": len(fresh), "read": read or {}},
        )


def _named(actor: Member, ids: list[int]) -> dict[int, Delivery]:
    rows = {
        row.pk: row for row in Delivery.objects.filter(_SETTLED_BY_ACK, pk__in=ids, recipient=actor)
    }
    missing = [pk for pk in ids if pk not in rows]
    if missing:
        raise NotFound(
            f"There is no delivery {missing[0]} for you; nothing was acknowledged.",
            next="Pass the delivery ids that check_inbox gave you.",
        )
    return rows


def _offered_up_to(actor: Member, cursor: int) -> dict[int, Delivery]:
    rows = Delivery.objects.filter(
        recipient=actor,
        acknowledged_at=None,
        withdrawn_at=None,
        last_offered_at__isnull=False,
        pk__lte=cursor,
    )
    return {row.pk: row for row in rows}


@action(scope="inbox:read")
def mark_read(*, actor: Member, channel: Target, up_to: Seq) -> ReadCursor:
    """Move your read cursor in a channel forward to a seq. It acknowledges no delivery."""
    cursor = _move_cursor(actor, channel, up_to)
    record(
        events.READ,
        actor=actor,
        topics=[f"member-{actor.pk}"],
        data={"name": cursor.channel, "read_seq": cursor.read_seq},
    )
    return cursor


def _move_cursor(actor: Member, where: str, seq: int) -> ReadCursor:
    place = access_place(actor=actor, where=where)
    membership = _membership(place)
    if seq > place.channel.last_seq:
        raise InvalidInput(
            f"{place.label} ends at {place.channel.last_seq}; {seq} is beyond it.",
            fields={"up_to": "beyond the last message"},
            next=f"Pass at most {place.channel.last_seq}.",
        )
    if seq > membership.read_seq:  # a cursor never moves back: two readers of one member may race
        membership.read_seq = seq
        membership.save(update_fields=["read_seq"])
    return ReadCursor(
        channel=place.label,
        read_seq=membership.read_seq,
        unread=place.channel.last_seq - membership.read_seq,
    )


def _membership(place: Place) -> Membership:
    if place.membership is None:
        raise Conflict(
            f"You are not in {place.label}, so you have no read cursor there.",
            next=f"Call join_channel {place.label}, or just read it.",
        )
    return place.membership
