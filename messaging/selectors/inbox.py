"""What is unread: counts for the inbox and for the end of every tool result."""

from __future__ import annotations

from django.db.models import F

from messaging import hot
from messaging.access import direct_labels
from messaging.models import Channel, Membership
from messaging.schemas import UnreadChannel
from orgchart.models import Member

UNREAD_LIMIT = 50


def unread_channels(actor: Member) -> list[UnreadChannel]:
    """Channels with messages after the read cursor, the fullest first."""
    rows = (
        Membership.objects.filter(member=actor, channel__last_seq__gt=F("read_seq"))
        .exclude(notify=Membership.Notify.MUTE)
        .select_related("channel")
        .annotate(unread=F("channel__last_seq") - F("read_seq"))
        .order_by("-unread")[:UNREAD_LIMIT]
    )
    page = list(rows)
    direct = [row.channel for row in page if row.channel.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    return [
        UnreadChannel(
            channel=labels.get(row.channel_id) or f"#{row.channel.name}",
            unread=row.channel.last_seq - row.read_seq,
        )
        for row in page
    ]


def waiting_line(member: Member) -> str:
    """ "2 unread, 1 urgent" when something waits, else nothing: the end of every tool result."""
    waiting, urgent = hot.open_counts(member.pk)
    if not waiting:
        return ""
    return f"{waiting} unread, {urgent} urgent" if urgent else f"{waiting} unread"
