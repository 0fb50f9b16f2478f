"""When a request is looked at next: to remind, to escalate, to end."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals.access import taken_in
from approvals.chart import Company
from approvals.gating import stage_at
from approvals.models import ApprovalRequest
from orgchart.hours import at_work_from
from orgchart.models import Member


def silent(request: ApprovalRequest, company: Company) -> list[Member]:
    """Who may decide now and has not in this round."""
    if request.status != ApprovalRequest.Status.OPEN:
        return []
    stage = stage_at(request, request.stage)
    taken = taken_in(request)
    seats = company.seats(request, stage, levels=request.escalated)
    free = {s.member for s in seats if s.owner not in taken and -s.member not in taken}
    return [company.members[pk] for pk in sorted(free)]


def remind_at(request: ApprovalRequest, company: Company) -> datetime | None:
    """The next reminder: when the first of those who are silent is at work."""
    minutes = stage_at(request, request.stage).remind_minutes
    waits = minutes and request.reminded < MOST_REMINDED
    waiting = silent(request, company) if waits else []
    if not waiting:
        return None
    planned = request.stage_at + timedelta(minutes=minutes * (request.reminded + 1))
    return min(at_work_from(member, planned) for member in waiting)


def reminded_by(now: datetime, *, since: datetime, every: timedelta, before: int) -> int:
    """The count of reminders after one: it makes up for all that were planned by now, while nobody
    was at work or no server ran."""
    return min(max(before + 1, (now - since) // every), MOST_REMINDED)


MOST_REMINDED = 30_000
"""After so many nobody is reminded any more."""


def escalate_at(request: ApprovalRequest) -> datetime | None:
    """The next step up the chart; None where there is none, or the top was reached."""
    if request.status != ApprovalRequest.Status.OPEN:
        return None
    minutes = stage_at(request, request.stage).escalate_minutes
    if not minutes or request.escalated >= TOP:
        return None
    return request.stage_at + timedelta(minutes=minutes * (request.escalated + 1))


TOP = 100
"""As `escalated`: everybody up to the top may decide already."""


def next_step(request: ApprovalRequest, company: Company) -> datetime:
    """The first of what comes: a reminder, a step up, the end."""
    times = [request.deadline, remind_at(request, company), escalate_at(request)]
    return min(at for at in times if at is not None)
