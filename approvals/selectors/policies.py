"""Reading the rules: they are no secret."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen

from approvals.access import access_policy
from approvals.fulfilling import people
from approvals.models import Policy
from approvals.naming import named_for, one_named_for
from approvals.rules import covered
from approvals.schemas import Condition, PolicyOut, PolicyPage, PolicyRef, Stage
from orgchart.models import Member
from teammcp.core.actions import query


@query(scope="approvals:read")
def list_policies(
    *, actor: Member, action: Annotated[str, MaxLen(60)] = "", enabled: bool | None = None
) -> PolicyPage:
    """The rules that hold calls until somebody agrees; those about one `action` with its name."""
    rows = Policy.objects.select_related("created_by").order_by("name")
    if enabled is not None:
        rows = rows.filter(enabled=enabled)
    found = [policy_out(actor, row) for row in rows]
    return PolicyPage(items=[one for one in found if not action or action in one.actions])


@query(scope="approvals:read")
def show_policy(*, actor: Member, policy: PolicyRef) -> PolicyOut:
    """One rule: what it holds, of whom, and who has to agree."""
    return policy_out(actor, access_policy(policy=policy))


def policy_out(actor: Member, row: Policy) -> PolicyOut:
    """A rule as this member may read it."""
    actions, not_covered = covered(row.pattern)
    return PolicyOut(
        id=row.pk,
        name=row.name,
        description=row.description,
        pattern=row.pattern,
        actions=actions,
        not_covered=not_covered,
        requesters=named_for(actor, row.requesters),
        except_requesters=named_for(actor, row.except_requesters),
        arguments=[Condition.model_validate(one) for one in row.arguments],
        stages=[
            Stage.model_validate({**one, "approvers": named_for(actor, one["approvers"])})
            for one in row.stages
        ],
        expires_minutes=row.expires_minutes,
        without_registrar=row.without_registrar,
        enabled=row.enabled,
        unfulfillable=stuck_words(row, actor),
        version=row.version,
        created_by=one_named_for(actor, row.created_by.handle),
        updated_at=row.updated_at,
    )


def stuck_words(row: Policy, actor: Member | None = None) -> str:
    """Which stage lacks whom, as this member may read it; empty where none does."""
    if row.stuck_stage is None:
        return ""
    stage = Stage.model_validate(row.stages[row.stuck_stage])
    named = stage.approvers if actor is None else named_for(actor, stage.approvers)
    return (
        f"Stage {row.stuck_stage + 1} needs {people(stage.quorum)} out of {', '.join(named)}, and"
        " too few are left who are active, may decide, and do not ask themselves."
    )
