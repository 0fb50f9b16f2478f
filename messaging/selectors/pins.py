"""The pinned messages of a channel."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le

from messaging.access import access_channel
from messaging.models import Message
from messaging.responses import PinPage
from messaging.selectors.marks import marks_of
from messaging.selectors.messages import Cursor, message_out, seq_of
from messaging.texts import Target
from orgchart.models import Member
from teammcp.core.actions import query


@query(scope="messages:read")
def list_pins(
    *,
    actor: Member,
    channel: Target,
    before: Cursor | None = None,
    limit: Annotated[int, Ge(1), Le(100)] = 20,
) -> PinPage:
    """The pinned messages of a channel or direct conversation that you may see, newest first."""
    place = access_channel(actor=actor, channel=channel)
    rows = Message.objects.filter(channel=place.channel, pinned_at__isnull=False)
    if before is not None:
        rows = rows.filter(seq__lt=seq_of(before, "before"))
    page = list(rows.select_related("author", "on_behalf_of").order_by("-seq")[:limit])
    remaining = rows.count() - len(page) if len(page) == limit else 0
    marks = marks_of(actor, page)
    return PinPage(
        where=place.label,
        items=[message_out(message, place.label, marks) for message in page],
        remaining=remaining,
        before=str(page[-1].seq) if remaining else None,
    )
