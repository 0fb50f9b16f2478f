"""What would happen: the real check, with everything undone. Nothing is stored, nobody is told."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MaxLen, MinLen

from approvals.chart import Company
from approvals.gating import Why, check_keepable
from approvals.models import ApprovalRequest
from approvals.naming import named_for
from approvals.rules import Rule
from approvals.schemas import ChangeOut, CheckOut, Handle, NeedOut, StageOut
from orgchart.models import Member
from orgchart.selectors import access_member, near_words
from teammcp.core import gate
from teammcp.core.actions import Action, query, registry
from teammcp.core.errors import AppError, Forbidden, NotFound
from teammcp.core.gate import Need, Trial
from teammcp.core.instances import copy_of
from teammcp.core.lane import run_write
from teammcp.core.touched import touched_by

SAID = ("code", "title", "status")  # of a refusal of somebody else's call
Name = Annotated[str, MinLen(1), MaxLen(60)]


@query(scope="approvals:read")
def check_action(
    *,
    actor: Member,
    action: Name,
    arguments: dict[str, Any] = {},  # noqa: B006
) -> CheckOut:
    """What a call would do, without doing it: it passes, or it is held (by which policy, and who
    has to agree), or it is refused (and why). Nothing is stored and nobody is told."""
    return outcome_of(_named(action), actor, arguments)


@query(scope="approvals:read")
def who_may(
    *,
    actor: Member,
    member: Handle,
    action: Name,
    arguments: dict[str, Any] = {},  # noqa: B006
) -> CheckOut:
    """Whether a colleague may do this now, alone or with whose consent. For admins; about yourself
    for everybody. It speaks of nothing that you do not see."""
    named = access_member(actor=actor, handle=member)
    found = _named(action)
    if named.pk == actor.pk:
        return outcome_of(found, actor, arguments)
    if not actor.has_scope("admin"):
        raise Forbidden(
            "What others may do is for admins to ask.", next="check_action tells what you may do."
        )
    _check_in_sight(actor, named, found, arguments)
    answer = outcome_of(found, named, arguments)
    # An error may name what lies near to what was asked for, and only the colleague sees that.
    said = {name: answer.refused[name] for name in SAID} if answer.refused else None
    return answer.model_copy(update={"changes": [], "refused": said})


def _named(name: str) -> Action[Any, Any]:
    found = registry.get(name)
    if found is None:
        near = near_words(name, registry)
        raise NotFound(
            f"There is no action {name[:60]!r}.",
            next=f"Did you mean {' or '.join(near)}?"
            if near
            else "GET /api/schema/ lists the actions by their operationId.",
        )
    return found


def _check_in_sight(
    actor: Member, member: Member, action: Action[Any, Any], arguments: dict[str, Any]
) -> None:
    """Through somebody else's eyes nothing is seen that one does not see oneself."""
    theirs = {thing.key for thing in touched_by(action.name, member, arguments)}
    own = {thing.key for thing in touched_by(action.name, actor, arguments)}
    if theirs - own:
        raise NotFound(
            "There is no such thing, as far as you can see.", next="Ask about something you see."
        )


def outcome_of(action: Action[Any, Any], member: Member, arguments: dict[str, Any]) -> CheckOut:
    """What a call of this member would end in."""
    try:
        values = _values(action, member, arguments)
        found = _tried(action, member, values)
        if found.error is not None:
            raise found.error
        if found.needs:
            kept = action.kept(action.act(member, values))
            check_keepable(kept.action, kept.values, found)
    except AppError as error:
        return CheckOut(
            action=action.name, requester=member.handle, verdict="refused", needs=[],
            refused=error.as_dict(), changes=[],
        )  # fmt: skip
    return CheckOut(
        action=action.name,
        requester=member.handle,
        verdict="held" if found.needs else "passes",
        needs=_needs(member, found.needs),
        refused=None,
        changes=[ChangeOut.model_validate(one) for one in found.seen or []],
    )


def _values(action: Action[Any, Any], member: Member, arguments: dict[str, Any]) -> dict[str, Any]:
    action.check_scope(member)
    given = {name: value for name, value in arguments.items() if name != "client_key"}
    return action.validate(given)


def _tried(action: Action[Any, Any], member: Member, values: dict[str, Any]) -> Trial:
    if not action.writes:
        return Trial([])
    act = action.act(copy_of(member), values)
    return run_write(lambda: gate.try_out(act))


def _needs(member: Member, needs: list[Need]) -> list[NeedOut]:
    company = Company.load()
    found: dict[int, NeedOut] = {}
    for need in needs:
        assert isinstance(need.why, Why)
        other = need.why.beneficiary or need.act.actor
        for rule in need.why.rules:
            if rule.id not in found:
                found[rule.id] = NeedOut(
                    policy=rule.name, action=need.act.action.name,
                    stages=_stages(rule, member, other, company),
                )  # fmt: skip
    return list(found.values())


def _stages(rule: Rule, member: Member, other: Member, company: Company) -> list[StageOut]:
    request = ApprovalRequest(
        requester=member,
        on_behalf_of=other if other.pk != member.pk else None,
        without_registrar=rule.without_registrar,
        action="",
    )
    return [
        StageOut(
            number=number + 1, policy=rule.name, approvers=named_for(member, stage.approvers),
            quorum=stage.quorum, approved=0, state="waiting",
            who=named_for(
                member, company.handles(seat.member for seat in company.seats(request, stage))
            ),
        )
        for number, stage in enumerate(rule.stages)
    ]  # fmt: skip
