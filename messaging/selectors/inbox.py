"""What is unread: counts for the inbox and for the end of every tool result."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, QuerySet, Window

from messaging import hot
from messaging.access import direct_labels
from messaging.models import Channel, Membership
from messaging.schemas import UnreadChannel, Waiting
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.prepared import Prepared

UNREAD_LIMIT = 50
COUNTED = 1_000  # the line on every result tells more from this only by a +


def _unread(member: int) -> QuerySet[Any]:
    return (
        Membership.objects.filter(member=member, channel__last_seq__gt=F("read_seq"))
        .exclude(notify=Membership.Notify.MUTE)
        .select_related("channel")
        .annotate(unread=F("channel__last_seq") - F("read_seq"), total=Window(Count("pk")))
        .order_by("-unread", "channel_id")
    )


_prepared = Prepared(_unread, values=1)


def unread_channels(actor: Member, limit: int = UNREAD_LIMIT) -> tuple[list[UnreadChannel], int]:
    """Channels with messages after the read cursor, the fullest first, and how many remain."""
    page = _prepared(actor.pk, limit=limit)
    direct = [row.channel for row in page if row.channel.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    channels = [
        UnreadChannel(
            channel=labels.get(row.channel_id) or f"#{row.channel.name}",
            unread=row.channel.last_seq - row.read_seq,
        )
        for row in page
    ]
    return channels, page[0].total - len(page) if page else 0


@query(scope="inbox:read")
def count_inbox(*, actor: Member) -> Waiting:
    """How much waits for you, without showing any of it: nothing is offered by counting."""
    unread, urgent = hot.open_counts(actor.pk)
    return Waiting(unread=unread, urgent=urgent)


def waiting_line(member: Member) -> str:
    """ "2 unread, 1 urgent" when something waits, else nothing: the end of every tool result.

    Beyond a thousand it stops counting ("1000+ unread"): it is asked after every call.
    """
    waiting, urgent = hot.open_counts_up_to(member.pk, COUNTED + 1)
    if not waiting:
        return ""
    line = f"{_at_least(waiting)} unread"
    return f"{line}, {_at_least(urgent)} urgent" if urgent else line


def _at_least(count: int) -> str:
    return f"{COUNTED}+" if count > COUNTED else str(count)
