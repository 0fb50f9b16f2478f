"""What goes with the right to see a place: what waits in inboxes, and who hears of it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from messaging.models import Channel, Delivery, Membership
from orgchart.models import Member


def withdraw(channel: Channel, member: Member, at: datetime | None) -> None:
    """Open deliveries of a private channel, and of the discussions that it is home to, leave the
    inbox with the right to see them, or return. For actions only."""
    if channel.kind != Channel.Kind.PRIVATE:
        return
    here = Q(message__channel=channel) | Q(message__channel__home=channel)
    rows = Delivery.objects.filter(here, recipient=member, acknowledged_at=None)
    if at is not None:
        Membership.objects.filter(channel__home=channel, member=member).delete()
    if at is None:
        left = rows.filter(withdrawn_reason__in=["", Delivery.Withdrawn.LEFT])
        left.update(withdrawn_at=None, withdrawn_reason="")
    else:
        rows = rows.filter(withdrawn_at=None)
        rows.update(withdrawn_at=at, withdrawn_reason=Delivery.Withdrawn.LEFT)


def shut_out(channels: QuerySet[Channel], members: QuerySet[Member]) -> None:
    """These members belong to these channels no more, nor to the discussions that they are home to,
    and what waits there for them leaves their inboxes. For actions only."""
    places = Channel.objects.filter(Q(pk__in=channels.values("pk")) | Q(home__in=channels))
    Membership.objects.filter(channel__in=places, member__in=members).delete()
    rows = Delivery.objects.filter(message__channel__in=places, recipient__in=members)
    rows.filter(acknowledged_at=None, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_reason=Delivery.Withdrawn.LEFT
    )
