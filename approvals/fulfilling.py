"""Whether a policy could ever be fulfilled: asked when it is saved, for all whom it is about."""

from __future__ import annotations

from collections.abc import Sequence

from approvals.chart import Company
from approvals.rules import Rule, covered
from approvals.schemas import Stage
from orgchart.models import Member
from teammcp.core.actions import registry
from teammcp.core.errors import Conflict

NAMED = 3  # requesters whom a refusal names


def check_fulfillable(rule: Rule) -> None:
    """Raises Conflict where somebody may ask whom not enough others could answer, naming the stage
    and whom it lacks. Stand-ins and escalation, which may come and go, do not count."""
    company = Company.load()
    lacking: dict[int, list[Member]] = {}
    for member in _askers(rule, company):
        number = _lacking(rule, member, company)
        if number is not None:
            lacking.setdefault(number, []).append(member)
    if not lacking:
        return
    number = min(lacking)
    stage, members = rule.stages[number], lacking[number]
    names = ", ".join(f"@{member.handle}" for member in members[:NAMED])
    more = f" and {len(members) - NAMED} more" if len(members) > NAMED else ""
    raise Conflict(
        f"Stage {number + 1} could never be fulfilled when {names}{more} asks: it needs"
        f" {_people(stage.quorum)} out of {', '.join(stage.approvers)}, and too few are left who"
        " are active, may decide, are not the requester or an agent of theirs, and not needed for"
        " another stage.",
        next="Name more approvers or a smaller quorum, let agents count, or leave those requesters"
        " out with except_requesters.",
        stage=number + 1,
        requesters=[f"@{member.handle}" for member in members[:20]],
    )


def _people(count: int) -> str:
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


def _lacking(rule: Rule, requester: Member, company: Company) -> int | None:
    """The first stage that too few are left for; None where there are enough for all of them."""
    barred = company.barred([requester.pk], without_registrar=rule.without_registrar)
    able = [
        {
            member.pk
            for member in company.approvers(stage, requester)
            if member.pk not in barred and company.present(member)
        }
        for stage in rule.stages
    ]
    return _unmatched(able, rule.stages)


def _unmatched(able: Sequence[set[int]], stages: Sequence[Stage]) -> int | None:
    """Everybody counts once in a round, so the stages need different people: a matching of seats
    with people, by augmenting paths."""
    seats = [number for number, stage in enumerate(stages) for _ in range(stage.quorum)]
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
