"""Recurring work that django-q2 does: each entry loads what it needs and calls a service."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore
from django_q.models import Schedule

from audit.services import make_checkpoint
from orgchart.selectors import system_member
from orgchart.services.company import on_open
from teammcp.core.context import CallContext, calling

SCHEDULES = {
    "sign the ledger": ("orgchart.jobs.sign_ledger", Schedule.HOURLY),
    "forget ended sessions": ("orgchart.jobs.forget_sessions", Schedule.DAILY),
}


@on_open
def ensure_schedules() -> None:
    """The house-keeping of every company, whatever was deleted in the admin."""
    for name, (function, kind) in SCHEDULES.items():
        Schedule.objects.get_or_create(
            name=name, defaults={"func": function, "schedule_type": kind}
        )


def sign_ledger() -> str:
    """Put a signed checkpoint under the ledger, if anything happened since the last one."""
    with calling(CallContext(face="job")):
        made = make_checkpoint(actor=system_member())
    return f"signed at {made.seq}" if made else "nothing new"


def forget_sessions() -> str:
    """Delete the rows of sessions that have ended."""
    SessionStore.clear_expired()
    return "done"
