"""The recurring work of a member who leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Count
from django.utils import timezone

from orgchart.holdings import HandOver, Holding, HoldingKind, holding_kind
from orgchart.models import Member
from tasks import time_events
from tasks.access import sees_home
from tasks.blueprints import noted, said_when
from tasks.models import Blueprint
from tasks.selectors.blueprints import OPEN, State, visible_blueprints


def _count(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = Blueprint.objects.filter(author__in=member_ids, state__in=OPEN).order_by()
    return dict(rows.values_list("author").annotate(number=Count("pk")))


def _items(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = visible_blueprints(viewer).filter(author=member, state__in=OPEN).order_by("-pk")
    return [
        Holding("blueprint", row.pk, f"{row.title}: {said_when(row)}", due=row.planned_at)
        for row in rows[:limit]
    ]


def _pass_on(over: HandOver) -> None:
    rows = Blueprint.objects.filter(author=over.member, state__in=OPEN).order_by("pk")
    for row in rows.select_related("author", "home"):
        row.author, row.updated_at = over.successor, timezone.now()
        if not sees_home(over.successor, row.home):
            row.state, row.run_at = State.PAUSED, None
            row.reason = f"@{over.successor.handle} does not see its home"
        if row.hook_digest is not None:  # its address was known to who leaves
            row.hook_digest, row.hook_hint = None, ""
            over.notes.append(
                f"The webhook of blueprint {row.pk} has ended: make a new address if it is needed."
            )
        row.save()
        noted(
            over.actor, row, time_events.BLUEPRINT_PASSED,
            former=over.member.handle, to=over.successor.handle,
        )  # fmt: skip


holding_kind(
    HoldingKind(
        "blueprint", one="recurring task", many="recurring tasks", load=False,
        items=_items, count=_count, pass_on=_pass_on,
    )
)  # fmt: skip
