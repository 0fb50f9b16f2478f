"""Channels: opening, changing, joining, leaving."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from annotated_types import MaxLen
from django.db.models.functions import Length
from django.utils import timezone

from audit.ledger import record
from audit.topics import about_topic
from messaging import events, implied
from messaging.access import (
    Place,
    access_channel,
    channel_label,
    direct_key,
    place_name,
    topics_of,
    visible_places,
)
from messaging.lookalikes import skeleton
from messaging.models import Channel, Membership
from messaging.schemas import ChannelOut
from messaging.selectors.channels import channel_out, show_channel
from messaging.services.leaving import withdraw
from messaging.texts import Target, clean_channel_name
from messaging.walls import check_belong, project_for
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import clean_line

Purpose = Annotated[str, MaxLen(250)]
Handles = Annotated[list[Annotated[str, MaxLen(60)]], MaxLen(100)]


@action(scope="channels:write", implies={"invite_to_channel": implied.invited})
def create_channel(
    *,
    actor: Member,
    name: Annotated[str, MaxLen(80)],
    kind: Literal["public", "private"] = "public",
    purpose: Purpose = "",
    invite: Handles = [],  # noqa: B006
    project: Annotated[str, MaxLen(60)] = "",
) -> ChannelOut:
    """Open a channel and join it. Everybody sees a public one; a private one only its members.

    In a `project` that is everybody who belongs to it. Who belongs to one and names none means
    theirs; "company" means the whole company.
    """
    plain = clean_channel_name(name)
    walls = project_for(actor, project)
    _check_free(actor, plain)
    people = [_invited(actor, handle) for handle in invite]
    check_belong(people, walls)
    purpose = clean_line("purpose", purpose)
    channel = open_channel(actor, plain, kind=kind, purpose=purpose, project=walls)
    add_members(actor, channel, [member for member in people if member.pk != actor.pk])
    return show_channel(actor=actor, channel=f"#{plain}")


def _check_free(actor: Member, name: str, *, renamed: Channel | None = None) -> None:
    """Raises Conflict for a name that is taken, or looks like one that the actor sees."""
    seen = visible_places(actor)
    if Channel.objects.filter(name=name).exists():
        known = seen.filter(name=name).exists()
        wrong = f"#{name} exists already." if known else f"#{name} cannot be used as a name."
        raise Conflict(wrong, next="Choose another name.")
    others = seen.exclude(pk=renamed.pk) if renamed else seen
    alike = others.annotate(length=Length("name")).filter(length=len(name))
    for other in alike.values_list("name", flat=True):
        if skeleton(other or "") == skeleton(name):
            raise Conflict(f"#{name} looks like #{other}.", next="Choose another name.")


def open_channel(
    actor: Member, name: str, *, kind: str, purpose: str, project: int | None = None
) -> Channel:
    """The rows of a new channel with its creator in it. For actions only."""
    channel = Channel.objects.create(
        kind=kind,
        name=name,
        purpose=purpose,
        project_id=project,
        created_by=actor,
        created_at=timezone.now(),
    )
    _record(events.CHANNEL_CREATED, actor, channel, kind=kind)
    if actor.kind != Member.Kind.SYSTEM:
        add_members(actor, channel, [actor])
    return channel


def make_direct(actor: Member, others: list[Member]) -> Channel:
    """The conversation of these members, who have none yet. For actions only."""
    channel = Channel.objects.create(
        kind=Channel.Kind.DIRECT,
        direct_key=direct_key([actor, *others]),
        created_by=actor,
        created_at=timezone.now(),
    )
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(channel=channel, member=member, joined_at=now) for member in [actor, *others]
    )
    _record(events.CHANNEL_CREATED, actor, channel, kind="direct")
    return channel


def add_members(actor: Member, channel: Channel, members: Iterable[Member]) -> list[Membership]:
    """Let members in who are not in yet; they begin with nothing unread. For actions only."""
    inside = set(channel.memberships.values_list("member_id", flat=True))
    added = []
    for member in members:
        if member.pk not in inside:
            row = Membership.objects.create(
                channel=channel,
                member=member,
                read_seq=channel.last_seq,
                joined_at=timezone.now(),
            )
            withdraw(channel, member, None)
            _record(events.MEMBER_JOINED, actor, channel, handle=member.handle, member=member.pk)
            added.append(row)
    return added


@action(scope="channels:write")
def update_channel(
    *,
    actor: Member,
    channel: Target,
    name: Annotated[str, MaxLen(80)] | None = None,
    purpose: Purpose | None = None,
    archived: bool | None = None,
) -> ChannelOut:
    """Rename a channel, say what it is for, or archive it: its history survives.

    For those who created it, and for admins who can see it. #general cannot be archived.
    """
    place = open_to_change(actor, channel)
    row = place.channel
    if row.created_by_id != actor.pk and not actor.has_scope("admin"):
        raise Forbidden(
            f"Only who created {place.label}, or an admin, can change it.", next="Ask them."
        )
    changes: dict[str, Any] = {}
    if name is not None and clean_channel_name(name) != row.name:
        changes["name"] = clean_channel_name(name)
        _check_free(actor, changes["name"], renamed=row)
    if purpose is not None and purpose != row.purpose:
        changes["purpose"] = clean_line("purpose", purpose)
    if archived is not None and archived != (row.archived_at is not None):
        if row.name == "general":
            raise Conflict("#general stays open.", next="Archive another channel.")
        changes["archived_at"] = timezone.now() if archived else None
    if changes:
        _apply(actor, row, changes)
    return channel_out(actor, row, place.membership, channel_label(row, actor))


def _apply(actor: Member, row: Channel, changes: dict[str, Any]) -> None:
    before = {key: getattr(row, key) for key in changes}
    for key, value in changes.items():
        setattr(row, key, value)
    row.save(update_fields=list(changes))
    changed = {key: [_plain(before[key]), _plain(value)] for key, value in changes.items()}
    _record(events.CHANNEL_UPDATED, actor, row, changed=changed)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _own_channel(actor: Member, channel: str) -> Place:
    """A channel that is no direct conversation. Raises Conflict for those."""
    place = access_channel(actor=actor, channel=channel)
    if place.channel.kind == Channel.Kind.DIRECT:
        raise Conflict(
            "A direct conversation stays between its members.",
            next="Create a private channel and invite whom you need.",
        )
    return place


def open_to_change(actor: Member, channel: str) -> Place:
    """One whose name, purpose and members are its own. Raises Conflict for a task's discussion."""
    place = _own_channel(actor, channel)
    if place.channel.kind == Channel.Kind.TASK:
        raise Conflict(
            f"{place.label} is the discussion of a task: it has its name, and is open to whoever"
            " sees the task.",
            next="Name colleagues there with @handle; whoever sees the task hears of it.",
        )
    return place


@action(scope="channels:write")
def join_channel(*, actor: Member, channel: Target) -> ChannelOut:
    """Join a public channel. You begin with nothing unread; its history can be read."""
    place = _own_channel(actor, channel)
    if place.channel.archived_at is not None:
        raise Conflict(f"{place.label} is archived.", next="Its history can be read all the same.")
    membership = place.membership
    if membership is None:
        (membership,) = add_members(actor, place.channel, [actor])
    return channel_out(actor, place.channel, membership, place.label)


@action(scope="channels:write")
def leave_channel(*, actor: Member, channel: Target) -> ChannelOut:
    """Leave a channel. You hear no more of it; a private one is hidden from you then."""
    place = _own_channel(actor, channel)
    if place.membership is None:
        raise Conflict(f"You are not in {place.label}.", next="Nothing is left to do.")
    place.membership.delete()
    withdraw(place.channel, actor, timezone.now())
    _record(events.MEMBER_LEFT, actor, place.channel, handle=actor.handle, member=actor.pk)
    return channel_out(actor, place.channel, None, place.label)


@action(scope="channels:write")
def invite_to_channel(*, actor: Member, channel: Target, members: Handles) -> ChannelOut:
    """Let colleagues into a channel that you are in, by handle."""
    place = _inside(open_to_change(actor, channel))
    people = [_invited(actor, handle) for handle in members]
    check_belong(people, place.channel.project_id)
    add_members(actor, place.channel, people)
    return channel_out(actor, place.channel, place.membership, place.label)


@action(scope="channels:write", implies={"leave_channel": implied.left})
def remove_from_channel(
    *, actor: Member, channel: Target, member: Annotated[str, MaxLen(60)]
) -> ChannelOut:
    """Take a colleague out of a channel. For those who created it, and for admins in it."""
    place = _inside(open_to_change(actor, channel))
    if place.channel.created_by_id != actor.pk and not actor.has_scope("admin"):
        raise Forbidden(f"Only who created {place.label} can do that.", next="Ask them.")
    target = access_member(actor=actor, handle=member)
    deleted, _ = Membership.objects.filter(channel=place.channel, member=target).delete()
    if not deleted:
        raise Conflict(f"@{target.handle} is not in {place.label}.", next="Nothing is left to do.")
    withdraw(place.channel, target, timezone.now())
    _record(events.MEMBER_LEFT, actor, place.channel, handle=target.handle, member=target.pk)
    return channel_out(actor, place.channel, place.membership, place.label)


@action(scope="inbox:read")
def set_notify(
    *, actor: Member, channel: Target, notify: Literal["all", "mentions", "mute"]
) -> ChannelOut:
    """What of a channel comes into your inbox: all, mentions (the default), or only your name."""
    place = _inside(access_channel(actor=actor, channel=channel))
    assert place.membership is not None
    if place.membership.notify != notify:
        place.membership.notify = notify
        place.membership.save(update_fields=["notify"])
        record(
            events.NOTIFY_SET,
            actor=actor,
            target=f"channel:{place.channel.pk}",
            topics=[f"member-{actor.pk}"],
            data={"notify": notify, "name": place.label},
        )
    return channel_out(actor, place.channel, place.membership, place.label)


def _inside(place: Place) -> Place:
    if place.membership is None:
        raise Conflict(f"You are not in {place.label}.", next=f"Call join_channel {place.label}.")
    return place


def _invited(actor: Member, handle: str) -> Member:
    member = access_member(actor=actor, handle=handle)
    if member.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{member.handle} is retired.", next="Call find_people for somebody else to invite."
        )
    return member


def _record(event: str, actor: Member, channel: Channel, **data: Any) -> None:
    name = place_name(channel)
    topics = topics_of(channel)
    if "member" in data and channel.project_id is None:  # their own view of the company changes
        topics.append(f"member-{data['member']}")
    elif "member" in data:  # who sees the channel no more finds no trace of it
        topics.append(about_topic(data["member"]))
    record(
        event,
        actor=actor,
        target=f"channel:{channel.pk}",
        topics=topics,
        data={"channel": channel.pk, "name": name, **data},
    )
