"""What happens by itself to requests and questions, in every server process, and once a minute as a
job for when none ticks."""

from __future__ import annotations

from django.utils import timezone
from django_q.models import Schedule

from approvals.services.executing import run_approved
from approvals.services.mailing import send_mails
from approvals.services.question_times import step_questions
from approvals.services.stepping import step_requests
from approvals.services.watching import WATCH, look_again
from orgchart.services.company import on_open
from teammcp.core.ticker import every

LOOK_SECONDS = 2.0
NAME = "run what is approved"
MAIL = "send mail about what waits"


@every(LOOK_SECONDS, apart=True)
def move_on() -> None:
    """Run what was approved and not run, because a server stopped in between; remind, escalate,
    end; see whether anybody is left to decide. One query for each."""
    now = timezone.now()
    run_approved(now)
    step_requests(now)
    WATCH.look(now)
    step_questions(now)


def move_on_job() -> str:
    """The same once a minute."""
    now = timezone.now()
    looked_at = step_requests(now) + step_questions(now)
    return f"{run_approved(now)} run, {looked_at} looked at, {look_again(now)} stuck or no longer"


def send_mails_job() -> str:
    """A job of its own process, because a mail server may keep one waiting."""
    return f"{send_mails(timezone.now())} sent"


@on_open
def ensure_jobs() -> None:
    """The jobs exist, whatever was deleted in the admin."""
    for name, func in ((NAME, "move_on_job"), (MAIL, "send_mails_job")):
        Schedule.objects.get_or_create(
            name=name,
            defaults={
                "func": f"approvals.jobs.{func}",
                "schedule_type": Schedule.MINUTES,
                "minutes": 1,
            },
        )
