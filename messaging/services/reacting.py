"""Reactions: an emoji of a member under a message. They wake nobody and fill no inbox.

One of them says more: where the author asked for an answer, ✅ or 👍 by a recipient says that it is
handled, and acknowledges that recipient's own delivery. Everywhere else a reaction is no
acknowledgement, so that liking a message never takes work out of an inbox.
"""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen, MinLen
from django.db.models import F
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import access_message, place_name, topics_of
from messaging.emojis import acknowledges, clean_emoji
from messaging.models import Delivery, Message, Reaction
from messaging.schemas import Reactions
from messaging.selectors.marks import reactions_of
from messaging.selectors.messages import RowId
from messaging.selectors.versions import text_is_gone
from messaging.services.inbox import acknowledge
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict

DIFFERENT = 20  # emoji under one message
Emoji = Annotated[str, MinLen(1), MaxLen(60)]


@action(scope="messages:write")
def add_reaction(*, actor: Member, message_id: RowId, emoji: Emoji) -> Reactions:
    """Answer a message with one emoji ("👍" or ":thumbsup:"), which interrupts nobody.

    ✅ or 👍 on a message that wants an answer from you also acknowledges your delivery of it;
    any other reaction acknowledges nothing.
    """
    one = clean_emoji(emoji)
    message = _open(actor, message_id)
    _check_room(message, one)
    _, made = Reaction.objects.get_or_create(
        message=message, member=actor, emoji=one, defaults={"created_at": timezone.now()}
    )
    if made:
        _changed(actor, message, one, events.REACTED, by=1)
    acknowledged = _acknowledge(actor, message) if acknowledges(one) else None
    return _reactions(actor, message, acknowledged)


@action(scope="messages:write")
def remove_reaction(*, actor: Member, message_id: RowId, emoji: Emoji) -> Reactions:
    """Take your own reaction back. What it acknowledged stays acknowledged."""
    one = clean_emoji(emoji)
    message = _open(actor, message_id)
    deleted, _ = Reaction.objects.filter(message=message, member=actor, emoji=one).delete()
    if deleted:
        _changed(actor, message, one, events.UNREACTED, by=-1)
    return _reactions(actor, message)


def _open(actor: Member, message_id: int) -> Message:
    """A message to which one may react now."""
    message = access_message(actor=actor, message_id=message_id)
    if message.deleted_at:
        raise text_is_gone(message)
    if message.channel.archived_at is not None:
        raise Conflict(
            f"{place_name(message.channel)} is archived; its history can be read.",
            next="An archived channel can be opened again by who created it, or by an admin.",
        )
    return message


def _check_room(message: Message, one: str) -> None:
    if message.reaction_count < DIFFERENT:
        return
    used = set(Reaction.objects.filter(message=message).values_list("emoji", flat=True).distinct())
    if one not in used and len(used) >= DIFFERENT:
        raise Conflict(
            f"Message {message.pk} has {DIFFERENT} different emoji already.",
            next=f"Use one of them: {' '.join(sorted(used))}",
        )


def _acknowledge(actor: Member, message: Message) -> int | None:
    """Close one's own open delivery of a message that wants an answer; gives its id."""
    if not message.expects_reply:
        return None
    rows = Delivery.objects.filter(message=message, recipient=actor, round=0)
    row = rows.filter(acknowledged_at=None, withdrawn_at=None).first()
    if row is None:
        return None
    acknowledge(actor, [row.pk])
    return row.pk


def _changed(actor: Member, message: Message, one: str, event: str, *, by: int) -> None:
    count = F("reaction_count") + by
    Message.objects.filter(pk=message.pk).update(reaction_count=count)
    record(
        event,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[*topics_of(message.channel), f"message-{message.pk}"],
        data={
            "message": message.pk,
            "where": place_name(message.channel),
            "channel": message.channel_id,
            "seq": message.seq,
            "thread": message.thread_id,
            "emoji": one,
        },
    )


def _reactions(actor: Member, message: Message, acknowledged: int | None = None) -> Reactions:
    groups = reactions_of(actor, [message.pk]).get(message.pk, {})
    return Reactions(id=message.pk, reactions=groups, acknowledged=acknowledged)
