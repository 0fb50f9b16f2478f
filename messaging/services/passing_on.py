"""What else messaging knows of a member that retires: schedules and parked conversations.

A schedule passes on paused, because it would speak in the successor's name; one that writes where
they cannot read is cancelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from django.db.models import Count, F
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import visible_channels
from messaging.models import Channel, Message, Schedule
from messaging.selectors.schedules import OPEN
from messaging.services.handing_over import readable_by
from messaging.services.notes import tell
from messaging.services.parking import person_above
from orgchart.holdings import (
    HandOver,
    Holding,
    HoldingKind,
    counted,
    holding_kind,
    holding_kinds,
    on_hand_over,
)
from orgchart.models import Member

State = Schedule.State


# Schedules


def _scheduled_by(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = Schedule.objects.filter(author__in=member_ids, state__in=OPEN).order_by()
    return dict(rows.values_list(F("author")).annotate(number=Count("pk")))


def _schedules_held(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = Schedule.objects.filter(author=member, state__in=OPEN).select_related("channel")
    if viewer.pk != member.pk:
        rows = rows.filter(channel__in=visible_channels(viewer))
    return [
        Holding(
            "schedule", row.pk, f"Schedule {row.pk} to {row.to} ({row.state})",
            f"/schedules/{row.pk}/", row.planned_at,
        )
        for row in rows.order_by("planned_at", "pk")[:limit]
    ]  # fmt: skip


def _pass_schedules_on(over: HandOver) -> None:
    readable = readable_by(over.successor)
    rows = Schedule.objects.filter(author=over.member, state__in=OPEN).select_related("channel")
    for row in rows.order_by("pk"):
        place, row.due_at, row.updated_at = row.channel, None, timezone.now()
        private = place is None or place.kind == Channel.Kind.DIRECT or place.pk not in readable
        if private:
            row.state, row.reason = State.CANCELLED, f"@{over.member.handle} has retired"
            over.notes.append(f"Schedule {row.pk} was cancelled: it wrote where you do not.")
        else:
            row.state, row.author = State.PAUSED, over.successor
            row.reason = f"@{over.member.handle} has retired; set it to active if it shall go on"
        row.save(update_fields=["state", "reason", "author", "due_at", "updated_at"])
        record(
            events.SCHEDULE_ENDED if private else events.SCHEDULE_CHANGED,
            actor=over.actor,
            target=f"schedule:{row.pk}",
            topics=[f"member-{over.member.pk}", f"member-{over.successor.pk}"],
            data={
                "schedule": row.pk,
                "author": over.member.handle,
                "state": row.state,
                "reason": row.reason,
                "what": "author, state",
                "changed": {"author": [over.member.handle, row.author.handle]},
            },
        )


# Parked conversations: a person was asked whether agents may go on


def _parked_to(member_ids: Collection[int]) -> Mapping[int, int]:
    found: Counter[int] = Counter()
    for rows in (Channel.objects, Message.objects):
        parked = rows.filter(parked_to__in=member_ids, parked_at__isnull=False).order_by()
        found.update(dict(parked.values_list(F("parked_to")).annotate(number=Count("pk"))))
    return found


def _parked_held(member: Member, viewer: Member, limit: int) -> list[Holding]:
    threads = Message.objects.filter(parked_to=member, parked_at__isnull=False)
    channels = Channel.objects.filter(parked_to=member, parked_at__isnull=False)
    if viewer.pk != member.pk:
        visible = visible_channels(viewer)
        threads, channels = threads.filter(channel__in=visible), channels.filter(pk__in=visible)
    found = [("thread", pk) for pk in threads.order_by("pk").values_list("pk", flat=True)[:limit]]
    found += [
        ("channel", pk) for pk in channels.order_by("pk").values_list("pk", flat=True)[:limit]
    ]
    return [
        Holding("parked", f"{name}:{pk}", f"Parked conversation {name}:{pk} waits for a person")
        for name, pk in found[:limit]
    ]


def _pass_parked_on(over: HandOver) -> None:
    """To a person: the successor, or the nearest one above them."""
    human = over.successor.kind == Member.Kind.HUMAN
    person = over.successor if human else person_above(over.successor)
    if person is None or person.pk == over.member.pk:
        return  # counted as left over, and refused
    number = 0
    for rows in (Channel.objects, Message.objects):
        number += rows.filter(parked_to=over.member).update(parked_to=person)
    over.notes.append(f"{number} parked conversations wait for @{person.handle} now.")
    record(
        events.PARKED_TO,
        actor=over.actor,
        topics=[f"member-{person.pk}", f"member-{over.member.pk}"],
        data={"count": number, "handle": person.handle, "before": over.member.handle},
    )


holding_kind(
    HoldingKind(
        "schedule", one="scheduled message", many="scheduled messages",
        items=_schedules_held, count=_scheduled_by, pass_on=_pass_schedules_on, load=False,
    )
)  # fmt: skip
holding_kind(
    HoldingKind(
        "parked", one="parked conversation", many="parked conversations", relation="owes",
        items=_parked_held, count=_parked_to, pass_on=_pass_parked_on,
    )
)  # fmt: skip


@on_hand_over
def tell_successor(over: HandOver, passed: Mapping[str, int]) -> None:
    """Whoever takes over hears of it, in their inbox."""
    if not passed:
        return
    kinds = [kind for kind in holding_kinds() if kind.name in passed]
    words = ", ".join(counted(kind, passed[kind.name]) for kind in kinds)
    tell(
        over.successor,
        f"@{over.member.handle} has retired, and you take over: {words}. resume() lists what you"
        f" hold. {' '.join(over.notes)}".rstrip(),
    )
