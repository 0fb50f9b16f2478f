"""What happens to a request while nobody acts: reminders, steps up the chart, the end.

Each step is taken once, by whoever takes the row's time away. Silence is never a yes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from approvals import events
from approvals.chart import Company
from approvals.gating import stage_at
from approvals.models import ApprovalRequest
from approvals.services.asking import about, ask, note, tell_asked, tell_requester, was_seen
from approvals.services.executing import close
from approvals.timing import TOP, escalate_at, next_step, remind_at, reminded_by, silent
from messaging.services.notes import tell
from orgchart.hours import at_work_from
from teammcp.core.due import DueRows

Status = ApprovalRequest.Status


def step_requests(now: datetime) -> int:
    """Take the steps that are due; how many requests were looked at. For any number of callers."""
    return TO_LOOK_AT.run_due(now)


def end_if_over(request: ApprovalRequest) -> bool:
    """End a request whose time is over, where whoever looks for such has not come by yet: the
    deadline holds to the moment."""
    over = request.is_open and timezone.now() >= request.deadline
    if over:
        _end(request)
    return over


def _look(pk: int, now: datetime) -> None:
    rows = ApprovalRequest.objects.select_related("requester", "on_behalf_of")
    request = rows.get(pk=pk)
    if not request.is_open:
        return
    if now >= request.deadline:
        _end(request)
        return
    company = Company.load(now)
    escalate = escalate_at(request)
    if escalate is not None and escalate <= now:
        _escalate(request, company)
    planned = remind_at(request, company)
    if planned is not None and planned <= now:
        _remind(request, company, now)
    request.due_at = next_step(request, company)
    request.save(update_fields=["due_at", "reminded", "escalated"])


def _remind(request: ApprovalRequest, company: Company, now: datetime) -> None:
    """Those who are at work and have not decided. That nobody has even looked is told as such."""
    every = timedelta(minutes=stage_at(request, request.stage).remind_minutes)
    request.reminded = reminded_by(
        now, since=request.stage_at, every=every, before=request.reminded
    )
    unseen = not was_seen(request)
    for member in silent(request, company):
        if at_work_from(member, now) > now:
            continue
        state = "and nobody has looked at it yet" if unseen else "and is undecided"
        tell(
            member,
            f"{request.name} of @{request.requester.handle} still waits for you, {state}:"
            f" `{about(request)}`, until {request.deadline:%Y-%m-%d %H:%M} UTC."
            f" show_request(request='{request.name}').",
        )
        note(events.REMINDED, request, member.pk, handle=member.handle, unseen=unseen)


def _escalate(request: ApprovalRequest, company: Company) -> None:
    """Up to the next level with somebody new: the managers of those who may decide may now decide
    as well."""
    stage = stage_at(request, request.stage)
    requester = company.members[request.on_behalf_of_id or request.requester_id]
    lines = [company.at_work_above(one) for one in company.approvers(stage, requester)]
    while request.escalated < max(map(len, lines), default=0):
        request.escalated += 1
        seats = company.seats(request, stage, levels=request.escalated)
        new = ask(request, company, {seat.member: "escalation" for seat in seats})
        if new:
            to = ", ".join(f"@{member.handle}" for member in new)
            asked = (member.pk for member in new)
            note(events.ESCALATED, request, *asked, to=to, level=request.escalated)
            return
    request.escalated = TOP  # nobody is left to ask


def _end(request: ApprovalRequest) -> None:
    """The deadline: nothing runs. Both sides are told, and whether anybody ever saw it."""
    seen = was_seen(request)
    status = Status.EXPIRED if seen else Status.NEVER_SEEN
    reason = "nobody decided in time" if seen else "nobody was ever shown it"
    close(request, status, reason)
    kind = events.EXPIRED if seen else events.NEVER_SEEN
    note(kind, request, wake=[request.requester_id], reason=reason)
    ended = "expired" if seen else "ended unseen"
    tell_requester(
        request, f"{request.name} ({request.action}) {ended}: {reason}. Nothing was done."
    )
    tell_asked(request, f"{request.name} of @{request.requester.handle} {ended}: {reason}.")


TO_LOOK_AT = DueRows(rows=ApprovalRequest.objects.all, field="due_at", face="system", run=_look)
