"""Discussions of tasks: channels that whoever sees their home may read and write in.

Membership says here who hears of it, never who may see it. For the app that has the tasks.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import topics_of
from messaging.models import Channel, Delivery, Membership
from messaging.texts import mentioned
from messaging.walls import limited, onlookers
from orgchart.models import Member
from orgchart.selectors import visible_members

ALL = Membership.Notify.ALL


def open_discussion(
    actor: Member, name: str, *, home: Channel | None, followers: Iterable[int]
) -> Channel:
    """The discussion of this name, with the members who hear everything in it. For actions only."""
    channel = Channel.objects.create(
        kind=Channel.Kind.TASK, name=name, home=home, created_by=actor, created_at=timezone.now()
    )
    record(
        events.CHANNEL_CREATED,
        actor=actor,
        target=f"channel:{channel.pk}",
        topics=topics_of(channel),
        data={"channel": channel.pk, "name": f"#{name}", "kind": channel.kind},
    )
    for member in dict.fromkeys(followers):
        hear_all(channel, member)
    return channel


def hear_all(channel: Channel, member_id: int) -> None:
    """Let a member hear everything that is said from now on."""
    Membership.objects.update_or_create(
        channel=channel,
        member_id=member_id,
        defaults={"notify": ALL},
        create_defaults={
            "notify": ALL,
            "read_seq": channel.last_seq,
            "joined_at": timezone.now(),
        },
    )


def hear_nothing(channel: Channel, member_id: int) -> None:
    """Let a member hear no more of it, unless it names them."""
    Membership.objects.filter(channel=channel, member_id=member_id).delete()


def move_discussion(channel: Channel, home: Channel | None) -> None:
    """Give a discussion another home. Who does not see that one loses what was for them."""
    channel.home = home
    channel.save(update_fields=["home"])
    if home is None or not limited(home):
        return
    inside = Member.objects.filter(onlookers(home)).values("pk")
    Membership.objects.filter(channel=channel).exclude(member__in=inside).delete()
    lost = Delivery.objects.filter(message__channel=channel, acknowledged_at=None)
    lost.filter(withdrawn_at=None).exclude(recipient__in=inside).update(
        withdrawn_at=timezone.now(), withdrawn_reason=Delivery.Withdrawn.LEFT
    )


def admit_named(actor: Member, channel: Channel, body: str) -> None:
    """Let those in whom a text of the actor names by handle, if they see the home: then it is for
    them."""
    handles = [name for name in mentioned(body) if ":" not in name]
    if channel.kind != Channel.Kind.TASK or not handles:
        return
    named = visible_members(actor).filter(handles__handle__in=handles)
    if channel.home is not None:
        named = named.filter(onlookers(channel.home))
    missing = named.exclude(memberships__channel=channel).distinct()
    Membership.objects.bulk_create(
        Membership(
            channel=channel, member=member, read_seq=channel.last_seq, joined_at=timezone.now()
        )
        for member in missing
    )
