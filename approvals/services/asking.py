"""Telling people: who has to decide, and who waits for that. One inbox item for each occasion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from approvals import events
from approvals.access import taken_in, topics_of
from approvals.chart import Company
from approvals.comparing import facts_of
from approvals.gating import stage_at
from approvals.models import ApprovalRequest, Asked, Showing
from approvals.services.mailing import mail_about
from approvals.timing import next_step
from audit.ledger import record
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import system_member

MOST_ASKED = 50  # of one stage; who is not told finds it in list_approvals all the same
SHOWN = 200  # characters of a call in a notice


def about(request: ApprovalRequest) -> str:
    """The call in one line: "send_message(to='#general', body='Hello.')"."""
    given = ", ".join(f"{name}={value!r}" for name, value in request.arguments.items() if value)
    line = f"{request.action}({given})"
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def note(
    kind: str,
    request: ApprovalRequest,
    *members: int,
    actor: Member | None = None,
    on_behalf_of: Member | None = None,
    wake: Iterable[int] = (),
    **data: Any,
) -> None:
    """Record an event about a request, in the server's own name where nobody did it. Whoever was
    asked about it reads it, so that what one decides shows on the open pages of the others."""
    asked = Asked.objects.filter(request=request).values_list("member_id", flat=True)
    if "reason" in data:  # a sentence of its own; here the end of another
        data["reason"] = str(data["reason"]).rstrip(".")
    record(
        kind,
        actor=actor or system_member(),
        on_behalf_of=on_behalf_of,
        target=f"approval:{request.pk}",
        topics=topics_of(request, *members, *asked, wake=wake),
        data={
            "approval": request.pk, "name": request.name, "action": request.action,
            "digest": request.digest, "is": facts_of(request), **data,
        },
    )  # fmt: skip


def open_stage(request: ApprovalRequest, company: Company) -> None:
    """Begin a stage: ask those who may decide, and plan the next look. Saves the row."""
    request.stage_at = timezone.now()
    request.reminded = request.escalated = 0
    stage = stage_at(request, request.stage)
    seats = company.seats(request, stage)
    note(
        events.STAGE_OPENED, request, *{seat.member for seat in seats},
        number=request.stage + 1, count=len(request.stages), round=request.round,
        quorum=stage.quorum,
    )  # fmt: skip
    why = {seat.member: "approver" if seat.member == seat.owner else "stand-in" for seat in seats}
    ask(request, company, why)
    if len({seat.member for seat in seats}) < stage.quorum:
        request.stuck_stage = request.stage
        _tell_owners(request, company, stage.quorum)
    request.due_at = next_step(request, company)
    request.save()


def ask(request: ApprovalRequest, company: Company, why: dict[int, str]) -> list[Member]:
    """Tell those who were not told of this stage yet, and have not decided in this round."""
    rows = Asked.objects.filter(request=request, round=request.round, stage=request.stage)
    without = set(rows.values_list("member_id", flat=True))
    without |= {-pk for pk in taken_in(request)}
    new = [company.members[pk] for pk in why if pk not in without][:MOST_ASKED]
    now = timezone.now()
    Asked.objects.bulk_create(
        Asked(
            request=request, member=member, round=request.round, stage=request.stage,
            why=why[member.pk], at=now,
        )
        for member in new
    )  # fmt: skip
    for member in new:
        tell(member, _asked(request, why[member.pk]))
    mail_about(request, new)
    return new


def _asked(request: ApprovalRequest, why: str) -> str:
    who = f"@{request.requester.handle}"
    because = {
        "approver": "It needs your approval",
        "stand-in": "You stand in for who has to approve it",
        "escalation": "Nobody below you has decided on it, so that you may",
    }[why]
    again = f" They changed it (round {request.round})." if request.round > 1 else ""
    return (
        f"{request.name}: {who} asks for `{about(request)}`. {because}, until"
        f" {request.deadline:%Y-%m-%d %H:%M} UTC.{again} show_request(request='{request.name}')"
        f" shows exactly what will run; decide(request='{request.name}', verdict=...) answers."
    )


def _tell_owners(request: ApprovalRequest, company: Company, quorum: int) -> None:
    for member in company.members.values():
        if member.authority == Member.Authority.OWNER and company.present(member):
            tell(
                member,
                f"{request.name} of @{request.requester.handle} needs {quorum} to agree, and fewer"
                " are here who may. It ends undecided unless somebody who may comes back; an owner"
                f" can call break_glass(request='{request.name}', reason=...).",
            )


def tell_requester(request: ApprovalRequest, body: str) -> None:
    """Put one item into the inbox of who asked."""
    for member in _asking(request):
        if member.status != Member.Status.RETIRED:
            tell(member, body)


def _asking(request: ApprovalRequest) -> list[Member]:
    return [request.requester]


def tell_asked(request: ApprovalRequest, body: str, *, without: Iterable[int] = ()) -> None:
    """Put one item into the inbox of everybody who was asked in this round."""
    but = {request.requester_id, *without}
    rows = Asked.objects.filter(request=request, round=request.round).select_related("member")
    told: set[int] = set()
    for row in rows.order_by("pk"):
        if row.member_id in but | told or row.member.status == Member.Status.RETIRED:
            continue
        told.add(row.member_id)
        tell(row.member, body)


def was_seen(request: ApprovalRequest) -> bool:
    """Whether anybody but who asked was ever shown it, or decided."""
    shown = Showing.objects.filter(request=request).exclude(member=request.requester_id)
    return shown.exists() or request.decisions.exists()
