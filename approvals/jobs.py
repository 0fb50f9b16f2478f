"""What happens by itself to requests and questions, in every server process, and once a minute as a
job for when none ticks."""

from __future__ import annotations

from django.utils import timezone
from django_q.models import Schedule

from approvals.services.executing import run_approved
from approvals.services.question_times import step_questions
from approvals.services.stepping import step_requests
from orgchart.services.company import on_open
from teammcp.core.ticker import every

LOOK_SECONDS = 2.0
NAME = "run what is approved"


@every(LOOK_SECONDS, apart=True)
def move_on() -> None:
    """Run what was approved and not run, because a server stopped in between; remind, escalate,
    end. One query for each over an index of what is planned."""
    now = timezone.now()
    run_approved(now)
    step_requests(now)
    step_questions(now)


def move_on_job() -> str:
    """The same once a minute."""
    now = timezone.now()
    looked_at = step_requests(now) + step_questions(now)
    return f"{run_approved(now)} run, {looked_at} looked at"


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
