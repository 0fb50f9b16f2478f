"""Reading what was approved beforehand, and each use of it."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Q, QuerySet
from django.utils import timezone

from approvals.models import StandingApproval, StandingUse
from approvals.schemas import Condition, StandingOut, StandingPage, StandingUseOut
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.errors import NotFound

SHOWN = 100
USES = 200  # of one, the newest first


def visible_standing(actor: Member) -> QuerySet[StandingApproval]:
    """One's own, those one gave, and for admins all."""
    rows = StandingApproval.objects.select_related("policy", "requester", "granted_by", "agreed_in")
    if actor.has_scope("admin"):
        return rows
    return rows.filter(Q(requester=actor) | Q(granted_by=actor))


@query(scope="approvals:read")
def list_standing(*, actor: Member, ended: bool = False) -> StandingPage:
    """Approvals given beforehand that you have, gave, or may look after; those that hold now."""
    rows = visible_standing(actor).order_by("-pk")
    if not ended:
        rows = rows.filter(ended_at=None, until__gt=timezone.now(), uses_left__gt=0)
    return StandingPage(items=[standing_out(row) for row in rows[:SHOWN]])


@query(scope="approvals:read")
def show_standing(*, actor: Member, standing_id: Annotated[int, Ge(1), Le(2**62)]) -> StandingOut:
    """One of them, with each act that it let pass."""
    row = visible_standing(actor).filter(pk=standing_id).first()
    if row is None:
        raise NotFound(
            f"There is no standing approval {standing_id}.", next="list_standing shows them."
        )
    used = StandingUse.objects.filter(standing=row).order_by("-pk")[:USES]
    out = standing_out(row)
    return out.model_copy(update={
        "used": [StandingUseOut(action=u.action, arguments=u.arguments, at=u.at) for u in used]
    })  # fmt: skip


def standing_out(row: StandingApproval) -> StandingOut:
    return StandingOut(
        id=row.pk,
        policy=row.policy.name,
        requester=row.requester.handle,
        pattern=row.pattern,
        arguments=[Condition.model_validate(one) for one in row.arguments],
        uses_left=row.uses_left,
        uses=row.uses,
        until=row.until,
        granted_by=row.granted_by.handle,
        agreed_in=f"A-{row.agreed_in_id}" if row.agreed_in_id else None,
        reason=row.reason,
        ended_at=row.ended_at,
    )
