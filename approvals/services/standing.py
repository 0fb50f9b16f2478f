"""Consent given beforehand: for one requester, so many times, until some time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen
from django.db.models import F, Q
from django.utils import timezone
from pydantic import AwareDatetime

from approvals import events
from approvals.access import access_policy
from approvals.chart import PROMPT, Company
from approvals.comparing import facts_of_standing
from approvals.conditions import all_hold
from approvals.gating import Grant, plain_arguments, touched_of
from approvals.models import Policy, StandingApproval, StandingUse
from approvals.rules import Rule, covered
from approvals.schemas import Condition, Conditions, Handle, PolicyRef, StandingOut, Text
from approvals.selectors.standing import standing_out, visible_standing
from approvals.services.prompting import PREVIEW
from audit.ledger import record
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core import gate
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from teammcp.core.gate import Act
from teammcp.core.texts import clean_text

Uses = Annotated[int, Ge(1), Le(10_000)]
RowId = Annotated[int, Ge(1), Le(2**62)]


def use_standing(act: Act, rule: Rule, arguments: Mapping[str, Any]) -> bool:
    """Whether a standing approval lets this act pass one policy; it is used up by that, once for
    all acts of a call. What is only tried out uses nothing."""
    now, used = timezone.now(), gate.used()
    rows = StandingApproval.objects.filter(
        Q(uses_left__gt=0) | Q(pk__in=used),
        policy=rule.id, requester=act.actor.pk, ended_at=None, until__gt=now,
    )  # fmt: skip
    for row in rows.order_by("until", "pk"):
        if not _fits(row, act, arguments):
            continue
        if gate.trying() or row.pk in used:
            return True
        taken = StandingApproval.objects.filter(
            pk=row.pk, uses_left__gt=0, ended_at=None, until__gt=now
        ).update(uses_left=F("uses_left") - 1, uses=F("uses") + 1)
        if taken:
            used.add(row.pk)
            row.refresh_from_db(fields=["uses", "uses_left"])
            _note_use(row, act, now)
            return True
    return False


def _fits(row: StandingApproval, act: Act, arguments: Mapping[str, Any]) -> bool:
    if not fnmatchcase(act.action.name, row.pattern):
        return False
    conditions = [Condition.model_validate(one) for one in row.arguments]
    cut = act.action.name == PROMPT and PREVIEW in arguments["input"]
    if cut and any(one.field.startswith("input.") for one in conditions):
        return False  # what is not in the preview may be just what a condition excludes
    return all_hold(conditions, arguments, touched_of(act, arguments))


def _note_use(row: StandingApproval, act: Act, now: datetime) -> None:
    StandingUse.objects.create(
        standing=row, action=act.action.name, arguments=plain_arguments(act.action, act.values),
        at=now,
    )  # fmt: skip
    record(
        events.STANDING_USED,
        actor=act.actor,
        target=f"standing:{row.pk}",
        topics=["approvals", *_members(row)],
        data={
            "standing": row.pk,
            "action": act.action.name,
            "requester": act.actor.handle,
            "is": facts_of_standing(row),
        },
    )


@action(scope="approvals:write")
def grant_standing(
    *,
    actor: Member,
    policy: PolicyRef,
    requester: Handle,
    count: Uses,
    until: AwareDatetime,
    pattern: Annotated[str, MaxLen(80)] = "",
    arguments: Conditions = [],  # noqa: B006
    reason: Text = "",
) -> StandingOut:
    """Approve beforehand what a policy would hold: for one member, `count` times, `until` a time.

    `pattern` and `arguments` (conditions) narrow it: what does not fit them is held as usual. It
    takes those who would have to approve: where you alone are not enough, the others are asked.
    """
    row = access_policy(policy=policy)
    member = access_member(actor=actor, handle=requester)
    _check_time(until)
    pattern = pattern.strip() or row.pattern
    if not set(covered(pattern)[0]) & set(covered(row.pattern)[0]):
        raise InvalidInput(
            f"{pattern!r} names nothing that the policy “{row.name}” holds.",
            fields={"pattern": "outside the policy"},
            next=f"Leave it out, or narrow {row.pattern!r}.",
        )
    grant = gate.granted()
    made = StandingApproval.objects.create(
        policy=row, requester=member, pattern=pattern, uses_left=count, until=until,
        arguments=[one.model_dump(mode="json") for one in arguments],
        reason=clean_text("reason", reason).strip(), granted_by=actor, created_at=timezone.now(),
        agreed_in_id=grant.request if isinstance(grant, Grant) else None,
    )  # fmt: skip
    record(
        events.STANDING_GRANTED,
        actor=actor,
        target=f"standing:{made.pk}",
        topics=["approvals", *_members(made)],
        data={
            "standing": made.pk, "policy": row.name, "pattern": pattern, "count": count,
            "requester": member.handle, "until": until.isoformat(), "arguments": made.arguments,
            "is": facts_of_standing(made), "stages": row.stages,
        },
    )  # fmt: skip
    if member.pk != actor.pk:
        tell(
            member,
            f"@{actor.handle} approved beforehand what the policy “{row.name}” holds of you:"
            f" {pattern}, {count} times, until {until:%Y-%m-%d %H:%M %Z}. Call it as usual.",
        )
    return standing_out(made)


def _check_time(until: datetime) -> None:
    if until <= timezone.now():
        raise InvalidInput(
            "`until` has passed already.",
            fields={"until": "in the past"},
            next="Give a time to come; a standing approval always ends.",
        )


def _members(row: StandingApproval) -> list[str]:
    return [f"member-{pk}" for pk in sorted({row.requester_id, row.granted_by_id})]


@action(scope="approvals:write")
def end_standing(*, actor: Member, standing_id: RowId) -> StandingOut:
    """End a standing approval at once: for who gave it, who has it, those who could approve, and
    admins."""
    row = visible_standing(actor).filter(pk=standing_id).first()
    if row is None:
        raise NotFound(
            f"There is no standing approval {standing_id}.", next="list_standing shows them."
        )
    if not _may_end(actor, row):
        raise Forbidden(
            "It is not yours to end.", next=f"Ask @{row.granted_by.handle} or an admin."
        )
    if row.ended_at is not None:
        raise Conflict("It was ended already.", next="Nothing is left to do.")
    _end(actor, row)
    return standing_out(row)


def end_outdated(actor: Member, policy: Policy) -> None:
    """Others have to agree now, and these did not: what was consented to beforehand ends. For
    actions only."""
    rows = StandingApproval.objects.filter(
        policy=policy, ended_at=None, until__gt=timezone.now(), uses_left__gt=0
    )
    for row in rows.select_related("requester", "granted_by", "policy"):
        _end(actor, row)
        tell(
            row.requester,
            f"Standing approval {row.pk} has ended: the policy “{policy.name}” asks others to agree"
            " now. What it let pass is held as usual.",
        )


def _end(actor: Member, row: StandingApproval) -> None:
    row.ended_at, row.ended_by = timezone.now(), actor
    row.save(update_fields=["ended_at", "ended_by"])
    row.refresh_from_db(fields=["uses", "uses_left"])  # another process may have used it meanwhile
    record(
        events.STANDING_ENDED,
        actor=actor,
        target=f"standing:{row.pk}",
        topics=["approvals", *_members(row)],
        data={"standing": row.pk, "is": facts_of_standing(row)},
    )


def _may_end(actor: Member, row: StandingApproval) -> bool:
    if actor.pk in {row.granted_by_id, row.requester_id} or actor.has_scope("admin"):
        return True
    company = Company.load()
    requester = company.members[row.requester_id]
    stages = Rule.of(row.policy).stages
    return any(actor.pk in {m.pk for m in company.approvers(s, requester)} for s in stages)
