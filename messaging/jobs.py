"""What happens by itself in messaging: on the second in every server process, and as jobs of
django-q2."""

from __future__ import annotations

from django.utils import timezone
from django_q.models import Schedule

from messaging import search
from messaging.services.bridging import end_bridges
from messaging.services.expiring import drop_expired
from messaging.services.running import run_due
from messaging.services.sweeping import sweep_files
from orgchart.services.company import on_open
from teammcp.core import sql
from teammcp.core.ticker import every

NAME, SWEEP = "send what is due", "sweep the files"


@every(1, apart=True)
def on_the_second() -> None:
    """Send scheduled messages, drop expired ones, end bridges."""
    now = timezone.now()
    run_due(now)
    drop_expired(now)
    end_bridges(now)


def send_due() -> str:
    """The same once a minute, for when no server process ticks."""
    now = timezone.now()
    return f"{run_due(now)} due, {drop_expired(now)} expired, {end_bridges(now)} bridges"


@on_open
def ensure_jobs() -> None:
    """The jobs exist, whatever was deleted in the admin."""
    Schedule.objects.get_or_create(
        name=NAME,
        defaults={
            "func": "messaging.jobs.send_due",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
        },
    )
    Schedule.objects.get_or_create(
        name=SWEEP,
        defaults={"func": "messaging.jobs.sweep", "schedule_type": Schedule.HOURLY},
    )


def sweep() -> str:
    """Remove bytes that no file needs and uploads that were never finished."""
    return f"removed {sweep_files()}"


def forget_erased() -> str:
    """Overwrite what erased texts left in the search index and in the log of the database.

    Raises RuntimeError where readers held on to the log all the time; the queue tries again.
    """
    steps = search.compact()
    if not sql.fold_log():
        raise RuntimeError("the log of the database was in use; this is tried again")
    return f"overwritten, in {steps} steps"
