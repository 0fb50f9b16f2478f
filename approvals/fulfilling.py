"""Whether a policy could ever be fulfilled: asked when it is saved, for all whom it is about, and
again when the company changes; and the same of a request that waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from approvals.access import taken_in
from approvals.chart import Company
from approvals.gating import stage_at
from approvals.models import ApprovalRequest, Decision
from approvals.rules import Rule, covered
from approvals.timing import TOP
from orgchart.models import Member
from teammcp.core.actions import registry
from teammcp.core.errors import Conflict

NAMED = 3  # requesters whom a refusal names


def check_fulfillable(rule: Rule) -> None:
    """Raises Conflict where somebody may ask whom not enough others could answer, naming the stage
    and whom it lacks. Stand-ins and escalation, which may come and go, do not count."""
    lacking = _all_lacking(rule, Company.load())
    if not lacking:
        return
    number = min(lacking)
    stage, members = rule.stages[number], lacking[number]
    names = ", ".join(f"@{member.handle}" for member in members[:NAMED])
    more = f" and {len(members) - NAMED} more" if len(members) > NAMED else ""
    raise Conflict(
        f"Stage {number + 1} could never be fulfilled when {names}{more} asks: it needs"
        f" {people(stage.quorum)} out of {', '.join(stage.approvers)}, and too few are left who"
        " are active, may decide, are not the requester or an agent of theirs, and not needed for"
        " another stage.",
        next="Name more approvers or a smaller quorum, let agents count, or leave those requesters"
        " out with except_requesters.",
        stage=number + 1,
        requesters=[f"@{member.handle}" for member in members[:20]],
    )


def lacking_stage(rule: Rule, company: Company) -> int | None:
    """The first stage of a rule that somebody could ask in vain; None where there is none."""
    return min(_all_lacking(rule, company), default=None)


def stuck_stage(request: ApprovalRequest, company: Company) -> int | None:
    """The first stage of an open request for which too few are left, stand-ins and those above
    counted; None where there are enough."""
    taken = taken_in(request)
    stages, able = [], []
    for number in range(request.stage, len(request.stages)):
        stage = stage_at(request, number)
        levels = TOP if stage.escalate_minutes else request.escalated
        seats = company.seats(request, stage, levels=levels)
        able.append({s.member for s in seats if s.owner not in taken and -s.member not in taken})
        stages.append(stage)
    said = Decision.objects.filter(
        request=request, round=request.round, stage=request.stage, verdict=Decision.Verdict.APPROVE
    ).count()
    needed = [max(0, stages[0].quorum - said), *(stage.quorum for stage in stages[1:])]
    found = _unmatched(able, needed)
    return None if found is None else request.stage + found


def _all_lacking(rule: Rule, company: Company) -> dict[int, list[Member]]:
    """Who could ask in vain, by the first stage that too few are left for."""
    lacking: dict[int, list[Member]] = {}
    means = {
        number: company.approvers(stage, next(iter(company.members.values())))
        for number, stage in enumerate(rule.stages)
        if not any(group.startswith("manager") for group in stage.approvers)
    }
    for member in _askers(rule, company):
        number = _lacking(rule, member, company, means)
        if number is not None:
            lacking.setdefault(number, []).append(member)
    return lacking


def people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _askers(rule: Rule, company: Company) -> list[Member]:
    """Everybody who may call what it holds, and whom it is about."""
    names = covered(rule.pattern)[0]
    scopes = {registry[name].scope for name in names}
    return [
        member
        for member in company.members.values()
        if member.status == Member.Status.ACTIVE
        and member.kind != Member.Kind.SYSTEM
        and any(member.has_scope(scope) for scope in scopes)
        and company.asks_under(member, rule.requesters, rule.but)
    ]


def _lacking(
    rule: Rule, requester: Member, company: Company, means: Mapping[int, list[Member]]
) -> int | None:
    """The first stage that too few are left for; None where there are enough for all of them.
    `means` has whom those stages mean that mean the same members whoever asks."""
    barred = company.barred([requester.pk], without_registrar=rule.without_registrar)
    able = [
        {
            member.pk
            for member in means.get(number) or company.approvers(stage, requester)
            if member.pk not in barred and company.present(member)
        }
        for number, stage in enumerate(rule.stages)
    ]
    return _unmatched(able, [stage.quorum for stage in rule.stages])


def _unmatched(able: Sequence[set[int]], quorums: Sequence[int]) -> int | None:
    """Everybody counts once in a round, so the stages need different people: a matching of seats
    with people, by augmenting paths."""
    seats = [number for number, quorum in enumerate(quorums) for _ in range(quorum)]
    holder: dict[int, int] = {}

    def place(seat: int, tried: set[int]) -> bool:
        for pk in sorted(able[seats[seat]] - tried):
            tried.add(pk)
            if pk not in holder or place(holder[pk], tried):
                holder[pk] = seat
                return True
        return False

    for seat, number in enumerate(seats):
        if not place(seat, set()):
            return number
    return None
