"""Setting the working calendar of the company, and what is different for one member."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MaxLen
from django.utils import timezone

from audit.ledger import record
from messaging.cron import clean_zone
from messaging.timing import ZoneText
from orgchart import chart
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import texts, time_events
from tasks.calendars import clean_holidays, clean_hours
from tasks.models import WorkingCalendar
from tasks.selectors.calendars import calendar_out
from tasks.time_schemas import CalendarOut
from teammcp.core.actions import action
from teammcp.core.errors import Forbidden

Lines = Annotated[list[Annotated[str, MaxLen(60)]], MaxLen(50)]
Days = Annotated[list[Annotated[str, MaxLen(10)]], MaxLen(500)]


@action(scope="tasks:write")
def set_working_calendar(
    *,
    actor: Member,
    member: texts.Handle = "",
    zone: ZoneText | None = None,
    hours: Lines | None = None,
    holidays: Days | None = None,
) -> CalendarOut:
    """Set when people work: reminders that are not urgent wait for it. Agents are always at work.

    Without `member` the company's calendar, for admins; "me" or a handle: what is different for one
    member. zone: "Europe/Berlin". hours: ["MON-FRI 09:00-17:00"]. holidays: ["2030-12-25"]. What is
    left out stays; "" and [] give a member back what the company has, and the company no hours.
    """
    whose = _whose(actor, member)
    row = WorkingCalendar.objects.filter(member=whose).first() or WorkingCalendar(member=whose)
    before = _told(row)
    if zone is not None:
        row.zone = clean_zone(zone) if zone.strip() else ""
    if hours is not None:
        row.hours = clean_hours(hours)
    if holidays is not None:
        row.holidays = clean_holidays(holidays)
    row.updated_at = timezone.now()
    row.save()
    after = _told(row)
    record(
        time_events.CALENDAR_SET,
        actor=actor,
        target=f"member:{whose.pk}" if whose else "company",
        topics=["company", *([f"member-{whose.pk}"] if whose else [])],
        data={
            "whose": f"@{whose.handle}" if whose else "the company",
            "changed": {k: [before[k], after[k]] for k in after if before[k] != after[k]},
        },
    )
    return calendar_out(whose)


def _whose(actor: Member, named: str) -> Member | None:
    """None: the company. One's own calendar is one's own, others' are their managers'."""
    if not named.strip():
        if not actor.has_scope("admin"):
            raise Forbidden(
                "The calendar of the company is for admins.",
                next="Pass member='me' for your own, or ask an admin.",
            )
        return None
    member = actor if named == "me" else access_member(actor=actor, handle=named)
    if member.pk != actor.pk:
        chart.require_above(actor, member, "set the working hours of")
    return member


def _told(row: WorkingCalendar) -> dict[str, Any]:
    return {"zone": row.zone, "hours": row.hours, "holidays": row.holidays}
