"""What happens by itself to requests, in every server process, and once a minute as a job for when
none ticks."""

from __future__ import annotations

from django.utils import timezone
from django_q.models import Schedule

from approvals.services.executing import run_approved
from approvals.services.stepping import step_requests
from approvals.services.watching import WATCH, look_again
from orgchart.services.company import on_open
from teammcp.core.ticker import every

LOOK_SECONDS = 2.0
NAME = "run what is approved"


@every(LOOK_SECONDS, apart=True)
def move_on() -> None:
    """Run what was approved and not run, because a server stopped in between; remind, escalate,
    end; see whether anybody is left to decide. One query for each."""
    now = timezone.now()
    run_approved(now)
    step_requests(now)
    WATCH.look(now)


def move_on_job() -> str:
    """The same once a minute."""
    now = timezone.now()
    ran, looked = run_approved(now), step_requests(now)
    return f"{ran} run, {looked} looked at, {look_again(now)} stuck or no longer"


@on_open
def ensure_jobs() -> None:
    """The job exists, whatever was deleted in the admin."""
    Schedule.objects.get_or_create(
        name=NAME,
        defaults={
            "func": "approvals.jobs.move_on_job",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
        },
    )
