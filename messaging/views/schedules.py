"""Messages that are sent later: the list, one with its history, and the form with its preview."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from messaging import selectors, services
from messaging.conditions import examples
from messaging.cron import zone_names, zone_of
from messaging.schedule_schemas import ScheduleDetail, ScheduleOut
from messaging.views.places import may_interrupt
from orgchart.models import Member
from teammcp.core.errors import AppError
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    go,
    page,
    refused_by,
    signed_in,
)

PRESETS = (
    ("Weekdays at 09:00", "0 9 * * MON-FRI"),
    ("Every day", "0 9 * * *"),
    ("Every Monday", "0 9 * * MON"),
    ("First of the month", "0 9 1 * *"),
    ("Last of the month", "0 17 L * *"),
    ("Every hour", "0 * * * *"),
    ("Every 15 minutes", "*/15 * * * *"),
)
TABS = {"open": "Open", "ended": "Ended"}
ASKED = ("at", "cron", "zone", "until")


@signed_in
def browse(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """The list, and the form that adds to it."""
    tab = request.GET.get("state", "open")
    whose = "all" if "all" in request.GET and request.user.has_scope("admin") else "mine"
    asked = {"state": tab if tab in TABS else "open", "whose": whose, "limit": 50}
    after = request.GET.get("after", "")
    found = selectors.list_schedules.call(request.user, {**asked, "after": after or 0})
    context = {
        "found": found,
        "rows": [{"schedule": item, **_mine(request, item)} for item in found.items],
        "tabs": TABS,
        "tab": asked["state"],
        "whose": whose,
        "topic": f"member-{request.user.pk}",
        "refused": refused,
    }
    if request.htmx and refused is None:
        return fragment(request, "messaging/_schedules.html", context)
    context |= _form(request.user, _new(request), refused)
    return page(request, "messaging/schedules.html", context)


def _mine(request: WebRequest, schedule: ScheduleOut) -> dict[str, Any]:
    return {"mine": schedule.author == request.user.handle}


def _new(request: WebRequest) -> dict[str, Any]:
    return {"to": request.GET.get("to", "")[:400], "late": "once", "priority": "next"}


def _form(actor: Member, values: dict[str, Any], refused: Refused | None) -> dict[str, Any]:
    """What the form is drawn with: what was typed in it, else what is known."""
    kept = dict(refused.kept) if refused and "body" in refused.kept else {}
    return {
        "values": {"zone": timezone.get_current_timezone_name(), **values, **kept},
        "presets": PRESETS,
        "zones": zone_names(),
        "examples": examples(),
        "may_interrupt": may_interrupt(actor),
    }


@signed_in
def preview(request: WebRequest) -> HttpResponse:
    """The next runs of what stands in the form, or what is wrong with it."""
    given = {name: request.GET.get(name, "") for name in ASKED}
    context: dict[str, Any] = {}
    if given["at"].strip() or given["cron"].strip():
        try:
            context["preview"] = selectors.preview_schedule.call(request.user, given)
        except AppError as error:
            context["refused"] = refused_by(error)
    return fragment(request, "messaging/_preview.html", context)


@signed_in
def show(request: WebRequest, *, schedule_id: int, refused: Refused | None = None) -> HttpResponse:
    """One schedule: what comes, what was, and how to change it."""
    found = selectors.show_schedule(actor=request.user, schedule_id=schedule_id)
    context = {
        "schedule": found,
        "open": found.state in {"active", "paused"},
        "address": f"/schedules/{found.id}/",
        "topic": f"member-{request.user.pk}",
        "refused": refused,
        **_mine(request, found),
    }
    if request.htmx and refused is None:
        return fragment(request, "messaging/_schedule.html", context)
    context |= _form(request.user, _values(found), refused)
    return page(request, "messaging/schedule.html", context)


def _values(found: ScheduleDetail) -> dict[str, Any]:
    """A schedule in the words of the form."""
    values = dict(found)
    place = zone_of(found.zone)
    if not found.cron and found.next_runs:
        values["at"] = found.next_runs[0].astimezone(place).strftime("%Y-%m-%dT%H:%M")
    values["until"] = found.until.strftime("%Y-%m-%dT%H:%M:%S") if found.until else ""
    return values


def _made(request: WebRequest, answer: ScheduleDetail, **kwargs: Any) -> HttpResponse:
    return go(request, f"/schedules/{answer.id}/")


def _moved(request: WebRequest, answer: ScheduleDetail, *, schedule_id: int) -> HttpResponse:
    if "body" in request.POST:
        return go(request, f"/schedules/{schedule_id}/")
    return changed(request, f"/schedules/{schedule_id}/", f"member-{request.user.pk}")


schedules = by_method(
    get=browse, post=action_form(services.schedule_message, done=_made, again=browse)
)


def _of(*, schedule_id: int) -> dict[str, Any]:
    return {"schedule_id": schedule_id}


schedule = by_method(
    get=show,
    post=action_form(services.update_schedule, done=_moved, again=show, given=_of),
)
cancel = by_method(post=action_form(services.cancel_schedule, done=_moved, again=show, given=_of))
