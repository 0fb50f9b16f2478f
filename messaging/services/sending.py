"""Sending a message: the one way, whatever the target."""

from __future__ import annotations

from typing import Literal

from django.db.models import F
from django.utils import timezone

from audit.ledger import record, text_digest
from audit.topics import inbox_topic
from messaging import events, hot
from messaging.access import Place, access_place, direct_key, direct_members, no_channel
from messaging.audience import Audience, audience_of
from messaging.models import Channel, Follow, Membership, Message
from messaging.schemas import Receipt
from messaging.services.channels import add_members, make_direct
from messaging.texts import Body, Target, clean_body
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.context import current_call
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.instances import instance

RANKS = {"now": 0, "next": 1, "later": 2}


@action(scope="messages:write")
def send_message(
    *,
    actor: Member,
    to: Target,
    body: Body,
    priority: Literal["now", "next", "later"] = "next",
    expects_reply: bool = False,
) -> Receipt:
    """Say something, in Markdown: to "#channel", "@name", "@a,@b" or "thread:91" (a reply).

    Name colleagues with @handle to put it into their inbox; @channel names all its members.
    Everybody else in the channel has it unread. The receipt says "stored": whether somebody saw it
    is another fact. Writing in a public channel joins it. priority "now" is for people and admins.
    """
    _check_priority(actor, priority)
    body = clean_body(body)
    place = _place(actor, to.strip())
    if place.channel.archived_at is not None:
        raise Conflict(
            f"{place.label} is archived; its history can be read.",
            next="Write in another channel: list_channels shows those that are open.",
        )
    message = _store(actor, place, body, priority, expects_reply)
    heard = audience_of(actor, place, body)
    hot.insert_deliveries(message, heard.reasons, RANKS[priority])
    _record(actor, place, message, heard)
    where = f"thread:{place.thread.pk}" if place.thread else place.label
    return Receipt(
        id=message.pk,
        where=where,
        seq=message.seq,
        to=heard.labels,
        outsiders=heard.outsiders,
        unknown=heard.unknown,
    )


def _check_priority(actor: Member, priority: str) -> None:
    if priority == "now" and actor.kind != Member.Kind.HUMAN and not actor.has_scope("admin"):
        raise Forbidden(
            "priority 'now' interrupts people at work; it is for people and admins.",
            next="Send it with priority 'next'.",
        )


def _place(actor: Member, to: str) -> Place:
    if to.startswith("#"):
        return _channel(actor, to)
    if to.startswith("@"):
        return _direct(actor, to)
    if to.startswith("thread:"):
        return access_place(actor=actor, where=to)
    raise InvalidInput(
        f"{to[:60]!r} is no target.",
        fields={"to": "not a target"},
        next=_slip(actor, to),
    )


def _slip(actor: Member, to: str) -> str:
    """What was probably meant by a target without its sign."""
    name = to.lower()
    if Channel.objects.filter(name=name, kind=Channel.Kind.PUBLIC).exists():
        return f"Write '#{name}' for the channel."
    if Member.objects.filter(handles__handle=name).exclude(kind=Member.Kind.SYSTEM).exists():
        return f"Write '@{name}' for the member."
    if to.isdecimal():
        return f"Write 'thread:{to}' to answer message {to}."
    return "Targets are '#channel', '@name', '@a,@b' and 'thread:91'."


def _channel(actor: Member, to: str) -> Place:
    name = to[1:].lower()
    found = hot.find_channel(name, actor.pk)
    if found is None or (found[1] is None and found[0].kind != Channel.Kind.PUBLIC):
        raise no_channel(actor, to)
    channel, membership = found
    if membership is None and channel.archived_at is None:
        (membership,) = add_members(actor, channel, [actor])
    return Place(channel, membership, f"#{channel.name}")


def _direct(actor: Member, to: str) -> Place:
    others = direct_members(actor, to)
    for other in others:
        if other.status == Member.Status.RETIRED:
            raise Conflict(
                f"@{other.handle} is retired and reads no messages.",
                next="Call find_people for somebody else who can help.",
            )
    label = ",".join(f"@{other.handle}" for other in others)
    channel = Channel.objects.filter(direct_key=direct_key([actor, *others])).first()
    if channel is None:
        channel = make_direct(actor, others)
    return Place(channel, Membership.objects.get(channel=channel, member=actor), label)


def _store(actor: Member, place: Place, body: str, priority: str, expects_reply: bool) -> Message:  # noqa: FBT001
    message = instance(
        Message,
        channel_id=place.channel.pk,
        seq=hot.advance(place.channel),
        author_id=actor.pk,
        author_kind=actor.kind,
        face=current_call().face,
        on_behalf_of_id=None,
        body=body,
        thread_id=place.thread.pk if place.thread else None,
        priority=priority,
        expects_reply=expects_reply,
        created_at=timezone.now(),
    )
    hot.insert_message(message)
    if place.membership is None and place.thread is not None:
        add_members(actor, place.channel, [actor])
    elif place.membership is not None:
        hot.skip_own(place.membership, message.seq)
    if place.thread is not None:
        _grow_thread(actor, place.thread)
    return message


def _grow_thread(actor: Member, root: Message) -> None:
    Message.objects.filter(pk=root.pk).update(reply_count=F("reply_count") + 1)
    follows = [Follow(thread=root, member_id=pk) for pk in {root.author_id, actor.pk}]
    Follow.objects.bulk_create(follows, ignore_conflicts=True)


def _record(actor: Member, place: Place, message: Message, heard: Audience) -> None:
    record(
        events.MESSAGE_SENT,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[f"channel-{place.channel.pk}", *map(inbox_topic, heard.reasons)],
        data={
            "message": message.pk,
            "where": f"#{place.channel.name}" if place.channel.name else "a direct conversation",
            "channel": place.channel.pk,
            "seq": message.seq,
            "thread": message.thread_id,
            "priority": message.priority,
            "sha256": text_digest(message.body),
            "for": list(heard.reasons),
        },
    )
