"""Reading working calendars."""

from __future__ import annotations

from django.utils import timezone

from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import texts
from tasks.calendars import hours_of, on_clock, zone_for
from tasks.models import WorkingCalendar
from tasks.time_schemas import CalendarOut
from teammcp.core.actions import query


@query(scope="tasks:read")
def show_working_calendar(*, actor: Member, member: texts.Handle = "") -> CalendarOut:
    """When the company works, or with `member` ("me", a handle) when that one does: on which clock,
    at which hours, and when reminders reach them next."""
    if not member.strip():
        return calendar_out(None)
    return calendar_out(actor if member == "me" else access_member(actor=actor, handle=member))


def calendar_out(member: Member | None) -> CalendarOut:
    """What holds for a member, the company's calendar included; None for the company itself."""
    rows = {row.member_id: row for row in WorkingCalendar.objects.filter(member=None)}
    company = rows.get(None)
    if member is None:
        return CalendarOut(
            member=None,
            zone=company.zone if company and company.zone else "UTC",
            hours=company.hours if company else [],
            holidays=company.holidays if company else [],
            always=not (company and company.hours),
            at_work_from=None,
        )
    works, zone = hours_of(member), zone_for(member)
    own = WorkingCalendar.objects.filter(member=member).first()
    always = not works.spans
    return CalendarOut(
        member=member.handle,
        zone=zone,
        hours=[] if always else (own.hours if own else []) or (company.hours if company else []),
        holidays=[] if always else sorted(works.holidays),
        always=always,
        at_work_from=on_clock(works.next_open(timezone.now()), zone),
    )
