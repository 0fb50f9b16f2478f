"""What a member keeps for later. Private: every question here is about the actor's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Le

from messaging.access import visible_channels
from messaging.models import Delivery, Saved
from messaging.responses import SavedOut, SavedPage
from messaging.selectors.messages import messages_out
from orgchart.models import Member
from teammcp.core.actions import query


@query(scope="inbox:read")
def list_saved(
    *,
    actor: Member,
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[int, Ge(0), Le(2**62)] = 0,
) -> SavedPage:
    """The messages that you keep for later, with your notes and reminders, the newest first."""
    rows = Saved.objects.filter(member=actor, message__channel__in=visible_channels(actor))
    if after:
        rows = rows.filter(pk__lt=after)
    fetched = rows.select_related(
        "message__author", "message__on_behalf_of", "message__channel"
    ).order_by("-pk")
    page = list(fetched[:limit])
    remaining = rows.count() - len(page) if len(page) == limit else 0
    messages = messages_out(actor, [row.message for row in page])
    return SavedPage(
        items=[
            SavedOut(
                note=row.note,
                saved_at=row.saved_at,
                remind_at=row.remind_at,
                reminded_at=row.reminded_at,
                message=message,
            )
            for row, message in zip(page, messages, strict=True)
        ],
        remaining=remaining,
        cursor=str(page[-1].pk) if remaining else None,
    )


def notes_of(actor: Member, deliveries: Iterable[Delivery]) -> dict[int, str]:
    """The actor's notes on those that are reminders, by message. Asks nothing without any."""
    reminders = [row.message_id for row in deliveries if row.round]
    if not reminders:
        return {}
    rows = Saved.objects.filter(member=actor, message__in=reminders).exclude(note="")
    return dict(rows.values_list("message_id", "note"))
