"""Promises that a member owes, or waits for, when they leave."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from orgchart.holdings import HandOver, Holding, HoldingKind, holding_kind
from orgchart.models import Member
from tasks import time_events
from tasks.models import Promise
from tasks.promises import SHOWN, State, visible_promises
from tasks.services.promising import noted, tell_other
from tasks.times import said

KINDS = {"promise": "member", "promised": "to"}


def _open(field: str, member_ids: Collection[int]) -> QuerySet[Promise]:
    return Promise.objects.filter(state=State.OPEN, **{f"{field}__in": member_ids})


def _count(field: str, member_ids: Collection[int]) -> Mapping[int, int]:
    rows = _open(field, member_ids).order_by().values_list(field)
    return dict(rows.annotate(number=Count("pk")))


def _items(kind: str, member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = visible_promises(viewer).filter(state=State.OPEN, **{KINDS[kind]: member})
    rows = rows.select_related("member", "to").order_by("due_at", "pk")[:limit]
    return [Holding(kind, row.pk, _line(kind, row), due=row.due_at) for row in rows]


def _line(kind: str, row: Promise) -> str:
    if kind == "promised":
        return f"{row.text} (of @{row.member.handle}, by {said(row.due_at)})"
    whom = f"to @{row.to.handle}, " if row.to else ""
    return f"{row.text} ({whom}by {said(row.due_at)})"


def _pass_on(kind: str, over: HandOver) -> None:
    field = KINDS[kind]
    for row in _open(field, [over.member.pk]).select_related(*SHOWN).order_by("pk"):
        other = row.to_id if field == "member" else row.member_id
        if other == over.successor.pk:
            _release(over, row)
        else:
            _give(over, row, field)


def _give(over: HandOver, row: Promise, field: str) -> None:
    """To the successor, who is reminded from the beginning."""
    setattr(row, field, over.successor)
    row.remind_at = timezone.now()
    row.save(update_fields=[field, "remind_at"])
    changed = {field: [over.member.handle, over.successor.handle]}
    _noted(over, row, time_events.PROMISE_PASSED, changed)
    now = f"is now @{row.member.handle}'s"
    owed = f"@{over.member.handle}'s promise, due {{due}}, {now}: {row.text}"
    if field == "member":
        tell_other(over.actor, row, row.to, owed)


def _release(over: HandOver, row: Promise) -> None:
    """Who would owe it to themselves owes it no more."""
    row.state, row.note = State.RELEASED, f"@{over.member.handle} has retired"
    row.closed_at, row.closed_by, row.remind_at = timezone.now(), over.actor, None
    row.save()
    _noted(over, row, time_events.PROMISE_RELEASED, {"state": [State.OPEN.value, row.state]})


def _noted(over: HandOver, row: Promise, event: str, changed: dict[str, Any]) -> None:
    handles = {"former": over.member.handle, "to": over.successor.handle}
    noted(over.actor, row, event, changed=changed, **handles)


holding_kind(
    HoldingKind(
        "promise", one="promise to keep", many="promises to keep", relation="owes",
        items=partial(_items, "promise"), count=partial(_count, "member"),
        pass_on=partial(_pass_on, "promise"),
    )
)  # fmt: skip
holding_kind(
    HoldingKind(
        "promised", one="promise of others", many="promises of others", load=False,
        items=partial(_items, "promised"), count=partial(_count, "to"),
        pass_on=partial(_pass_on, "promised"),
    )
)  # fmt: skip
