"""Direct messages that leave the inbox of those who have not read them in time."""

from __future__ import annotations

from datetime import datetime

from audit.ledger import record
from messaging import events
from messaging.models import Delivery, Expiry, Membership
from orgchart.selectors import system_member
from teammcp.core.context import CallContext, calling
from teammcp.core.lane import run_write

PAGE = 200


def drop_expired(now: datetime) -> int:
    """Withdraw what nobody has read by now; how many messages were looked at. For any number of
    callers: each message belongs to who sets `done_at`."""
    rows = Expiry.objects.filter(done_at=None, expires_at__lte=now).order_by("expires_at")
    found = list(rows.values_list("pk", flat=True)[:PAGE])
    if found:
        with calling(CallContext(face="schedule")):
            run_write(lambda: _drop_all(found, now))
    return len(found)


def _drop_all(found: list[int], now: datetime) -> None:
    for pk in found:
        _drop(pk, now)


def _drop(pk: int, now: datetime) -> None:
    if not Expiry.objects.filter(pk=pk, done_at=None).update(done_at=now):
        return
    expiry = Expiry.objects.select_related("message").get(pk=pk)
    message = expiry.message
    read = Membership.objects.filter(channel_id=message.channel_id, read_seq__gte=message.seq)
    unread = Delivery.objects.filter(
        message=message, round=0, offered_at=None, acknowledged_at=None, withdrawn_at=None
    ).exclude(recipient__in=read.values("member"))
    who = list(unread.order_by("pk").values_list("recipient_id", "recipient__handle"))
    if not who:
        return
    unread.update(withdrawn_at=now, withdrawn_reason=Delivery.Withdrawn.EXPIRED)
    expiry.dropped = [handle for _, handle in who]
    expiry.save(update_fields=["dropped"])
    record(
        events.MESSAGE_EXPIRED,
        actor=system_member(),
        target=f"message:{message.pk}",
        topics=[f"member-{message.author_id}", *(f"member-{pk}" for pk, _ in who)],
        data={"message": message.pk, "dropped": ", ".join(f"@{name}" for _, name in who)},
    )
