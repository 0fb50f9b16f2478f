"""Reading messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from django.db.models import Q, QuerySet

from messaging.access import (
    Place,
    access_message,
    access_place,
    channel_label,
    direct_labels,
)
from messaging.budget import cut
from messaging.models import Channel, Delivery, Message
from messaging.schemas import DeliveryList, DeliveryOut, MessageOut, MessagePage
from messaging.texts import Target
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.errors import Forbidden, InvalidInput, NotFound

Cursor = Annotated[str, MaxLen(30)]
RowId = Annotated[int, Ge(1), Le(2**62)]


def message_out(message: Message, label: str) -> MessageOut:
    """A message as a reader sees it who calls its channel `label`."""
    other = message.on_behalf_of
    return MessageOut(
        id=message.pk,
        channel=label,
        seq=message.seq,
        author=message.author.handle,
        author_name=message.author.name,
        author_kind=message.author_kind,
        face=message.face,
        on_behalf_of=other.handle if other else None,
        body=message.body,
        thread=message.thread_id,
        reply_count=message.reply_count,
        priority=message.priority,
        expects_reply=message.expects_reply,
        created_at=message.created_at,
    )


def messages_out(actor: Member, messages: Iterable[Message]) -> list[MessageOut]:
    """Messages of several channels, fetched with author, on_behalf_of and channel."""
    messages = list(messages)
    channels = {message.channel_id: message.channel for message in messages}
    direct = [c for c in channels.values() if c.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    return [
        message_out(message, labels.get(message.channel_id) or f"#{message.channel.name}")
        for message in messages
    ]


@query(scope="messages:read")
def read(
    *,
    actor: Member,
    where: Target,
    before: Cursor | None = None,
    after: Cursor | None = None,
    limit: Annotated[int, Ge(1), Le(200)] = 50,
    max_tokens: Annotated[int, Ge(100), Le(20_000)] | None = None,
) -> MessagePage:
    """Read a place: "#channel", "@name", "thread:91", or "message:91" with what surrounds it.

    Without a cursor you get the newest; `before` pages back, `after` forward, both exactly. Always
    oldest first. Reading marks nothing as read: `ack` does. Long answers are cut at `max_tokens`.
    """
    place = access_place(actor=actor, where=where)
    if where.strip().startswith("message:") and before is None and after is None:
        return _around(place, limit)
    if before is not None and after is not None:
        raise InvalidInput(
            "Pass before or after, not both.",
            fields={"after": "one of two"},
            next="before gives older messages, after newer ones.",
        )
    rows = _rows(place, whole=where.strip().startswith("message:"))
    if after is not None:
        page = list(rows.filter(seq__gt=_seq(after, "after")).order_by("seq")[:limit])
        page = cut(page, max_tokens, _text)
    else:
        if before is not None:
            rows = rows.filter(seq__lt=_seq(before, "before"))
        page = cut(list(rows.order_by("-seq")[:limit]), max_tokens, _text)[::-1]
    return _page(place, page, forward=after is not None, given=after or before)


def _text(message: Message) -> str:
    return message.body


def _seq(cursor: str, name: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        raise InvalidInput(
            f"{cursor!r} is no cursor.",
            fields={name: "damaged cursor"},
            next="Pass a cursor as `read` gave it, or none for the newest messages.",
        )
    return int(cursor)


def _rows(place: Place, *, whole: bool = False) -> QuerySet[Message]:
    rows = Message.objects.select_related("author", "on_behalf_of").filter(channel=place.channel)
    if place.thread is None or whole:
        return rows
    return rows.filter(Q(pk=place.thread.pk) | Q(thread=place.thread))


def _page(place: Place, page: list[Message], *, forward: bool, given: str | None) -> MessagePage:
    where = f"thread:{place.thread.pk}" if place.thread else place.label
    first = page[0].seq if page else None
    last = page[-1].seq if page else None
    older, newer = _remaining(place, first, last, given)
    return MessagePage(
        where=where,
        items=[message_out(message, place.label) for message in page],
        remaining=newer if forward else older,
        before=str(first) if first is not None and older else None,
        after=str(last) if last is not None else (given or "0"),
    )


def _remaining(
    place: Place, first: int | None, last: int | None, given: str | None
) -> tuple[int, int]:
    """How many lie before and after the page: arithmetic in a channel, a count in a thread."""
    if first is None or last is None:
        return 0, 0
    if place.thread is None:
        return first - 1, max(0, place.channel.last_seq - last)
    rows = _rows(place)
    return rows.filter(seq__lt=first).count(), rows.filter(seq__gt=last).count()


def _around(place: Place, limit: int) -> MessagePage:
    if place.thread is None:
        raise NotFound("There is no such message.", next="Ids come from check_inbox and search.")
    middle = place.thread.seq
    rows = _rows(place, whole=True)
    older = list(rows.filter(seq__lte=middle).order_by("-seq")[: limit // 2 + 1])[::-1]
    newer = list(rows.filter(seq__gt=middle).order_by("seq")[: limit // 2])
    return _page(
        Place(place.channel, place.membership, place.label), older + newer, forward=True, given=None
    )


@query(scope="messages:read")
def show_message(*, actor: Member, message_id: RowId) -> MessageOut:
    """One message that you may read."""
    message = access_message(actor=actor, message_id=message_id)
    return message_out(message, channel_label(message.channel, actor))


@query(scope="messages:read")
def list_deliveries(*, actor: Member, message_id: RowId) -> DeliveryList:
    """Per recipient of your message: stored, offered (when, by which route), acknowledged.

    For its author and for admins in its channel; a recipient sees the own row only.
    """
    message = access_message(actor=actor, message_id=message_id)
    rows = Delivery.objects.filter(message=message).select_related("recipient").order_by("pk")
    if message.author_id != actor.pk and not actor.has_scope("admin"):
        rows = rows.filter(recipient=actor)
        if not rows:
            raise Forbidden(
                "Only its author sees whom this message reached.", next="Ask the author."
            )
    return DeliveryList(message=message.pk, items=[_delivery_out(row) for row in rows])


def _delivery_out(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.pk,
        recipient=row.recipient.handle,
        reason=row.reason,
        stored_at=row.stored_at,
        offered_at=row.offered_at,
        offered_route=row.offered_route,
        acknowledged_at=row.acknowledged_at,
    )
