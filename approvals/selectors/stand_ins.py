"""Reading who stands in for whom: the company may know."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from approvals.models import StandIn
from approvals.schemas import StandInOut, StandInPage
from orgchart.models import Member
from orgchart.walls import seen_among
from teammcp.core.actions import query

SHOWN = 200


@query(scope="approvals:read")
def list_stand_ins(*, actor: Member, ended: bool = False) -> StandInPage:
    """Who decides for whom, now or soon; with `ended` also what is over, newest first."""
    rows = StandIn.objects.select_related("member", "absent").order_by("-pk")
    if not ended:
        rows = rows.filter(ended_at=None, ends_at__gt=timezone.now())
    page = list(rows[:SHOWN])
    pks = {pk for row in page for pk in (row.member_id, row.absent_id)}
    seen = seen_among(actor, pks)
    items = [stand_in_out(row) for row in page if {row.member_id, row.absent_id} <= seen]
    return StandInPage(items=items)


def visible_stand_ins(actor: Member) -> QuerySet[StandIn]:
    """Those that the actor may end: of both sides; for admins all."""
    rows = StandIn.objects.select_related("member", "absent")
    if actor.has_scope("admin"):
        return rows
    return rows.filter(Q(member=actor) | Q(absent=actor))


def stand_in_out(row: StandIn) -> StandInOut:
    return StandInOut(
        id=row.pk,
        member=row.member.handle,
        absent=row.absent.handle,
        pattern=row.pattern,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
    )
