"""Guarded broadcast: what would go into many inboxes at once takes authority and confirmation."""

from __future__ import annotations

from django.conf import settings

from messaging.audience import Audience
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.limits import spend_hourly


def check_broadcast(actor: Member, heard: Audience, *, confirmed: bool) -> None:
    """Refuse to put a message into more than BROADCAST_MEMBERS inboxes by naming their owners.

    Who watches a channel, follows a thread or is in a direct conversation asked for it, and is not
    counted. Admins may, with `confirm`, so many times an hour; so may the house.
    """
    count = sum(reason == "mention" for reason in heard.reasons.values())
    if count <= settings.BROADCAST_MEMBERS or actor.kind == Member.Kind.SYSTEM:
        return
    if not actor.has_scope("admin"):
        raise Forbidden(
            f"This would go into {count} inboxes at once; more than"
            f" {settings.BROADCAST_MEMBERS} is for admins. Nothing was stored.",
            next="Write it without @channel (everybody there has it unread), name those who must"
            " act, or ask an admin.",
        )
    if not confirmed:
        raise Conflict(
            f"This would go into {count} inboxes at once. Nothing was stored.",
            next="Send it again with confirm=true if that is what you want.",
            count=count,
        )
    spend_hourly("broadcast", str(actor.pk), limit=settings.BROADCASTS_PER_HOUR)
