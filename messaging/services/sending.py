"""Sending a message: the one way, whatever the target."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from django.utils import timezone

from audit.ledger import record, text_digest
from audit.topics import inbox_topic
from messaging import causes, events, hot, implied
from messaging.access import (
    Place,
    access_place,
    direct_key,
    direct_members,
    house_place,
    no_channel,
    open_late,
    place_name,
    topics_of,
    visible_channels,
    visible_places,
)
from messaging.audience import Audience, audience_of
from messaging.models import Channel, Expiry, Membership, Message
from messaging.schemas import Receipt
from messaging.selectors.messages import RowId
from messaging.services.attaching import FILES_LIMIT, attach
from messaging.services.broadcasting import check_broadcast
from messaging.services.channels import add_members, make_direct
from messaging.services.discussions import admit_named
from messaging.services.parking import check_parked, watch_turns
from messaging.services.questions import open_question, settle_questions
from messaging.texts import Body, Target, clean_body
from orgchart.directory import best_for
from orgchart.models import Member
from orgchart.selectors import visible_members
from teammcp.core.actions import action
from teammcp.core.context import current_call
from teammcp.core.cursors import number_in
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.instances import instance

RANKS = {"now": 0, "next": 1, "later": 2}
Minutes = Annotated[int, Ge(0), Le(60 * 24 * 366)]


@action(scope="messages:write", implies={"join_channel": implied.joined})
def send_message(
    *,
    actor: Member,
    to: Target,
    body: Body,
    priority: Literal["now", "next", "later"] = "next",
    expects_reply: bool = False,
    expires_minutes: Minutes = 0,
    files: Annotated[list[RowId], MaxLen(FILES_LIMIT)] = [],  # noqa: B006
    confirm: bool = False,
) -> Receipt:
    """Say something, in Markdown: to "#channel", "@name", "@a,@b", "thread:91" (a reply), or
    "skill:python" (the one colleague with it who is here and has the least in hand).

    Name colleagues with @handle to put it into their inbox; @channel names all its members.
    Everybody else in the channel has it unread. The receipt says "stored": whether somebody saw it
    is another fact. Writing in a public channel joins it. priority "now" is for people and admins.
    expires_minutes drops a direct message from the inbox of who has not read it then.
    `files` are ids of files that you may see: whoever sees the message sees them.
    Naming more than 10 members takes an admin and `confirm`.
    """
    _check_priority(actor, priority)
    draft = Draft(body, priority, expects_reply, expires_minutes, files, confirm)
    return _send(actor, to, draft)


def send_beside(*, actor: Member, to: str, body: str, told: Collection[int]) -> Receipt:
    """Say something as part of another action, which has told these members itself: they get no
    item for it. For actions only."""
    send_message.check_scope(actor)
    return _send(actor, to, Draft(body), told)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is about to be sent."""

    body: str
    priority: str = "next"
    expects_reply: bool = False
    expires_minutes: int = 0
    files: list[int] = field(default_factory=list)
    confirm: bool = False


def _send(actor: Member, to: str, draft: Draft, told: Collection[int] = ()) -> Receipt:
    body = clean_body(draft.body)
    place = _place(actor, to.strip())
    if place.channel.archived_at is not None:
        raise Conflict(
            f"{place.label} is archived; its history can be read.",
            next="Write in another channel: list_channels shows those that are open.",
        )
    check_parked(actor, place)
    message = _store(actor, place, body, draft.priority, draft.expects_reply)
    if draft.files:
        attach(actor, place, message, draft.files)
    admit_named(actor, place.channel, body)
    heard = audience_of(actor, place, body, told=told)
    check_broadcast(actor, heard, confirmed=draft.confirm)
    hot.insert_deliveries(message, heard.reasons, RANKS[draft.priority])
    if draft.expires_minutes:
        _let_expire(place, message, draft.expires_minutes)
    _record(actor, place, message, heard)
    if draft.expects_reply:
        open_question(actor, place, message, list(heard.reasons))
    settle_questions(actor, place, message)
    watch_turns(actor, place, message)
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


def _let_expire(place: Place, message: Message, minutes: int) -> None:
    if place.channel.kind != Channel.Kind.DIRECT:
        raise InvalidInput(
            f"What is said in {place.label} stays for everybody; only direct messages expire.",
            fields={"expires_minutes": "only for direct messages"},
            next="Leave expires_minutes out, or send it to '@name'.",
        )
    expires_at = message.created_at + timedelta(minutes=minutes)
    Expiry.objects.create(message=message, expires_at=expires_at)


def _place(actor: Member, to: str) -> Place:
    if to.startswith("#"):
        return _channel(actor, to)
    if to.startswith("@"):
        return _direct(actor, to)
    if to.startswith("skill:"):
        return _direct(actor, f"@{best_for(actor, to.removeprefix('skill:')).handle}")
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
    if visible_places(actor).filter(name=name, kind=Channel.Kind.PUBLIC).exists():
        return f"Write '#{name}' for the channel."
    if visible_members(actor).filter(handles__handle=name).exists():
        return f"Write '@{name}' for the member."
    if number_in(to):
        return f"Write 'thread:{to}' to answer message {to}."
    return "Targets are '#channel', '@name', '@a,@b', 'skill:python' and 'thread:91'."


def _channel(actor: Member, to: str) -> Place:
    name = to[1:].lower()
    found = hot.find_channel(name, actor.pk)
    if found is None and open_late(actor, name):
        found = hot.find_channel(name, actor.pk)
    if found is None or not _may_write(actor, *found):
        raise no_channel(actor, to)
    channel, membership = found
    if membership is None and channel.archived_at is None:
        (membership,) = add_members(actor, channel, [actor])
    return Place(channel, membership, f"#{channel.name}")


def _may_write(actor: Member, channel: Channel, membership: Membership | None) -> bool:
    # Of a discussion the home decides, not who belongs to it; of a project the wall.
    if channel.kind == Channel.Kind.TASK or channel.project_id is not None:
        return visible_channels(actor).filter(pk=channel.pk).exists()
    return membership is not None or channel.kind == Channel.Kind.PUBLIC


def _direct(actor: Member, to: str) -> Place:
    if house_place(actor, to) is not None:
        raise Conflict(
            f"{to} is the server itself and reads no messages.",
            next="Call find_people to see who can help.",
        )
    others = direct_members(actor, to)
    label = ",".join(f"@{other.handle}" for other in others)
    channel = Channel.objects.filter(direct_key=direct_key([actor, *others])).first()
    if channel is None:
        channel = make_direct(actor, others)
    return Place(channel, Membership.objects.get(channel=channel, member=actor), label)


def _store(actor: Member, place: Place, body: str, priority: str, expects_reply: bool) -> Message:  # noqa: FBT001
    by_agent = actor.kind == Member.Kind.AGENT
    cause = causes.cause_for(actor.pk)
    message = instance(
        Message,
        channel_id=place.channel.pk,
        seq=hot.advance(place.channel, agent=actor.pk if by_agent else 0),
        author_id=actor.pk,
        author_kind=actor.kind,
        face=current_call().face,
        on_behalf_of_id=None,
        body=body,
        thread_id=place.thread.pk if place.thread else None,
        priority=priority,
        expects_reply=expects_reply,
        created_at=timezone.now(),
        cause_id=cause.message_id,
        turns=cause.turns + 1 if by_agent else 0,
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
    hot.grow_thread(root, agent=actor.pk if actor.kind == Member.Kind.AGENT else 0)
    hot.follow(root.pk, {root.author_id, actor.pk}, returning=actor.pk)


def _record(actor: Member, place: Place, message: Message, heard: Audience) -> None:
    record(
        events.MESSAGE_SENT,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[*topics_of(place.channel), *map(inbox_topic, heard.reasons)],
        data={
            "message": message.pk,
            "where": place_name(place.channel),
            "channel": place.channel.pk,
            "seq": message.seq,
            "thread": message.thread_id,
            "priority": message.priority,
            "sha256": text_digest(message.body),
            "for": list(heard.reasons),
        },
    )
