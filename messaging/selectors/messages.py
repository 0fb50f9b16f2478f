"""Reading messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
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
from messaging.caution import caution
from messaging.models import Channel, Delivery, Message
from messaging.schemas import DeliveryList, DeliveryOut, MessageOut, MessagePage
from messaging.selectors.marks import NO_MARKS, Marks, marks_of
from messaging.texts import Target
from orgchart.models import Member
from orgchart.walls import seen_among
from teammcp.core.actions import query
from teammcp.core.cursors import cursor_in
from teammcp.core.errors import Forbidden, InvalidInput, NotFound
from teammcp.core.prepared import Prepared

Cursor = Annotated[str, MaxLen(30)]
RowId = Annotated[int, Ge(1), Le(2**62)]


def message_out(message: Message, label: str, marks: Marks = NO_MARKS) -> MessageOut:
    """A message as a reader sees it who calls its channel `label`."""
    other = message.on_behalf_of
    return MessageOut(
        id=message.pk,
        channel=label,
        seq=message.seq,
        author=message.author.handle,
        author_name=message.author.name,
        author_kind=message.author_kind,
        trust=_trust(message),
        face=message.face,
        on_behalf_of=other.handle if other else None,
        body=message.text,
        thread=message.thread_id,
        reply_count=message.reply_count,
        priority=message.priority,
        expects_reply=message.expects_reply,
        created_at=message.created_at,
        version=message.version if message.edited_at else None,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
        deleted_by=marks.handles.get(message.deleted_by_id or 0),
        deleted_reason=message.deleted_reason or None,
        erased=True if message.erased_at else None,
        reactions=marks.reactions.get(message.pk),
        task=message.task or None,
        pinned_at=message.pinned_at,
        pinned_by=marks.handles.get(message.pinned_by_id or 0),
        files=marks.files.get(message.pk),
        caution=caution(message.text) if message.author_kind == Member.Kind.AGENT else None,
    )


def _trust(message: Message) -> str | None:
    """How far a reader may take the author's word for the company's: by kind and authority, which
    only the server sets."""
    if message.author_kind == Member.Kind.SYSTEM:
        return "system"
    runs = message.author.authority in {Member.Authority.OWNER, Member.Authority.ADMIN}
    person = message.author_kind == Member.Kind.HUMAN and message.author.is_active
    return "operator" if person and runs else None


def messages_out(actor: Member, messages: Iterable[Message]) -> list[MessageOut]:
    """Messages of several channels, fetched with author, on_behalf_of and channel."""
    messages = list(messages)
    channels = {message.channel_id: message.channel for message in messages}
    direct = [c for c in channels.values() if c.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    marks = marks_of(actor, messages)
    return [
        message_out(message, labels.get(message.channel_id) or f"#{message.channel.name}", marks)
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
    if before is not None and after is not None:
        raise InvalidInput(
            "Pass before or after, not both.",
            fields={"after": "one of two"},
            next="before gives older messages, after newer ones.",
        )
    if where.strip().startswith("message:"):
        if before is None and after is None:
            return _around(actor, place, limit, max_tokens)
        place = replace(place, thread=None)  # what surrounds a message is its channel
    end = place.channel.last_seq + 1
    if after is not None:
        edge = _within(place, seq_of(after, "after")) + 1
        page = cut(_from(place, edge, limit), max_tokens, _text)
    else:
        edge = end if before is None else max(1, min(seq_of(before, "before"), end))
        page = cut(_until(place, edge, limit), max_tokens, _text)[::-1]
    return _page(actor, place, page, edge, forward=after is not None)


def _text(message: Message) -> str:
    return message.text


def seq_of(cursor: str, name: str) -> int:
    """The position that a cursor names. Raises InvalidInput for a damaged one."""
    return cursor_in(
        cursor, name, advice="Pass a cursor as `read` gave it, or none for the newest messages."
    )


def _within(place: Place, seq: int) -> int:
    """A position to read on from. Raises InvalidInput for one that the channel has not reached."""
    end = place.channel.last_seq
    if seq > end:
        raise InvalidInput(
            f"{place.label} ends at {end}; {seq} is beyond it.",
            fields={"after": "beyond the last message"},
            next=f"Pass at most {end}, or no cursor for the newest messages.",
        )
    return seq


def _whole() -> QuerySet[Message]:
    return Message.objects.select_related("author", "on_behalf_of")


def _in_channel(channel: int) -> QuerySet[Message]:
    return _whole().filter(channel=channel)


_prepared_from = Prepared(
    lambda channel, edge: _in_channel(channel).filter(seq__gte=edge).order_by("seq"), values=2
)
_prepared_until = Prepared(
    lambda channel, edge: _in_channel(channel).filter(seq__lt=edge).order_by("-seq"), values=2
)


def _in_thread(thread: Message) -> QuerySet[Message]:
    """Without the channel, by whose index SQLite would walk through all that was said there."""
    return _whole().filter(Q(pk=thread.pk) | Q(thread=thread))


def _from(place: Place, edge: int, limit: int) -> list[Message]:
    """From this position on, the oldest first."""
    if place.thread is None:
        return _prepared_from(place.channel.pk, edge, limit=limit)
    return list(_in_thread(place.thread).filter(seq__gte=edge).order_by("seq")[:limit])


def _until(place: Place, edge: int, limit: int) -> list[Message]:
    """Before this position, the newest first."""
    if place.thread is None:
        return _prepared_until(place.channel.pk, edge, limit=limit)
    return list(_in_thread(place.thread).filter(seq__lt=edge).order_by("-seq")[:limit])


def _page(
    actor: Member, place: Place, page: list[Message], edge: int, *, forward: bool
) -> MessagePage:
    """A page with the cursors to both sides; an empty one lies just before the seq `edge`."""
    first, last = (page[0].seq, page[-1].seq) if page else (edge, edge - 1)
    older, newer = _remaining(place, first, last)
    marks = marks_of(actor, page)
    return MessagePage(
        where=f"thread:{place.thread.pk}" if place.thread else place.label,
        items=[message_out(message, place.label, marks) for message in page],
        remaining=newer if forward else older,
        before=str(first) if older else None,
        after=str(last),
    )


def _remaining(place: Place, first: int, last: int) -> tuple[int, int]:
    """How many lie before and after the page: arithmetic in a channel, a count in a thread."""
    if place.thread is None:
        return first - 1, max(0, place.channel.last_seq - last)
    rows = _in_thread(place.thread)
    return rows.filter(seq__lt=first).count(), rows.filter(seq__gt=last).count()


def _around(actor: Member, place: Place, limit: int, max_tokens: int | None) -> MessagePage:
    """A message and its neighbours, those near to it first to fit."""
    if place.thread is None:
        raise NotFound("There is no such message.", next="Ids come from check_inbox and search.")
    middle = place.thread.seq
    channel = replace(place, thread=None)
    half = max_tokens // 2 if max_tokens else None
    older = cut(_until(channel, middle + 1, limit // 2 + 1), half, _text)
    newer = cut(_from(channel, middle + 1, limit // 2), half, _text)
    return _page(actor, channel, older[::-1] + newer, middle, forward=True)


@query(scope="messages:read")
def show_message(*, actor: Member, message_id: RowId) -> MessageOut:
    """One message that you may read."""
    message = access_message(actor=actor, message_id=message_id)
    return message_out(message, channel_label(message.channel, actor), marks_of(actor, [message]))


@query(scope="messages:read")
def list_deliveries(*, actor: Member, message_id: RowId) -> DeliveryList:
    """Per recipient of your message: stored, offered (when, by which route), acknowledged.

    For its author and for admins in its channel; a recipient sees the own row only.
    """
    message = access_message(actor=actor, message_id=message_id)
    rows = Delivery.objects.filter(message=message, round=0).select_related("recipient")
    rows = rows.order_by("pk")
    if message.author_id != actor.pk and not actor.has_scope("admin"):
        rows = rows.filter(recipient=actor)
        if not rows:
            raise Forbidden(
                "Only its author sees whom this message reached.", next="Ask the author."
            )
    known = seen_among(actor, [row.recipient_id for row in rows])
    shown = [_delivery_out(row) for row in rows if row.recipient_id in known]
    return DeliveryList(message=message.pk, items=shown)


def _delivery_out(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.pk,
        recipient=row.recipient.handle,
        reason=row.reason,
        stored_at=row.stored_at,
        offered_at=row.offered_at,
        offered_route=row.offered_route,
        offers=row.offers,
        last_offered_at=row.last_offered_at,
        acknowledged_at=row.acknowledged_at,
        dead=row.dead_reason,
        withdrawn_at=row.withdrawn_at,
        withdrawn_reason=row.withdrawn_reason or None,
    )
