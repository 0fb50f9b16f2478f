"""Offering: what was put before its recipient, when, by which route. It acknowledges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from audit.ledger import record
from messaging import events, hot
from messaging.models import Delivery
from messaging.services.waking import note_answered_wait
from orgchart.models import Member
from teammcp.core.context import current_call
from teammcp.core.lane import run_write

AGAIN_AFTER = timedelta(minutes=5)  # a later sight of the same delivery counts as another offer


def mark_offered(*, actor: Member, deliveries: Iterable[Delivery]) -> None:
    """Write down that these open deliveries were shown to their recipient by the present call.

    Called by what shows them, not by faces. The first offer keeps its time and route for good; a
    later one counts where the last was more than AGAIN_AFTER ago, so that showing costs no write
    in between.
    """
    due = timezone.now() - AGAIN_AFTER
    shown = [row for row in deliveries if row.last_offered_at is None or row.last_offered_at < due]
    first = [row.pk for row in shown if row.offered_at is None]
    again = [row.pk for row in shown if row.offered_at is not None]
    if shown:
        run_write(lambda: _write(actor, first, again))


def _write(actor: Member, first: list[int], again: list[int]) -> None:
    now, route = timezone.now(), current_call().via
    count = hot.offer(actor.pk, first, now, route) if first else 0
    if again:
        rows = Delivery.objects.filter(recipient=actor, pk__in=again)
        still_due = rows.filter(last_offered_at__lt=now - AGAIN_AFTER)
        count += still_due.update(offers=F("offers") + 1, last_offered_at=now)
    if count:
        record(
            events.OFFERED,
            actor=actor,
            topics=[f"member-{actor.pk}"],
            data={
                "deliveries": [*first, *again],
                "again": len(again),
                "count": count,
                "route": route,
            },
        )
        if current_call().woken:
            note_answered_wait(actor, [*first, *again])
