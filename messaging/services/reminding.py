"""Reminders of saved messages: each becomes an inbox item when it is due, exactly once."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit.ledger import record
from audit.topics import inbox_topic
from messaging import events
from messaging.access import visible_channels
from messaging.models import Delivery, Saved
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.ticker import every

logger = logging.getLogger(__name__)

SECONDS = 2  # between two looks
AT_ONCE = 100  # in one look; the next one takes the rest
RANK = 1


@every(SECONDS)
def remind_due() -> None:
    """Give each due reminder to its member. Any number of processes may look at the same time, and
    one that fails stops no other."""
    now = timezone.now()
    due = Saved.objects.filter(reminded_at=None, remind_at__lte=now).order_by("remind_at")
    for row in due.select_related("message", "member")[:AT_ONCE]:
        try:
            with transaction.atomic():
                _remind(row, now)
        except Exception:
            logger.exception("the reminder %s failed", row.pk)


def _remind(row: Saved, now: datetime) -> None:
    mine = Saved.objects.filter(pk=row.pk, remind_at=row.remind_at, reminded_at=None)
    if not mine.update(reminded_at=now) or not _wanted(row):
        return
    before = Delivery.objects.filter(message=row.message, recipient=row.member)
    rounds = before.aggregate(last=Max("round"))["last"] or 0
    Delivery.objects.create(
        message=row.message,
        recipient=row.member,
        reason=Delivery.Reason.REMINDER,
        rank=RANK,
        round=rounds + 1,
        stored_at=now,
    )
    record(
        events.REMINDED,
        actor=system_member(),
        target=f"message:{row.message_id}",
        topics=[f"member-{row.member_id}", inbox_topic(row.member_id)],
        data={"message": row.message_id, "handle": row.member.handle},
    )


def _wanted(row: Saved) -> bool:
    """Whether there is still somebody to remind, and something to remind of."""
    gone = row.message.deleted_at or row.member.status == Member.Status.RETIRED
    return not gone and visible_channels(row.member).filter(pk=row.message.channel_id).exists()
