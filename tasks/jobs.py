"""What happens by itself to tasks, in every server process."""

from __future__ import annotations

from django.utils import timezone

from tasks.services.lease_reaping import reap_leases
from tasks.services.promise_reminding import remind_of_promises
from tasks.services.reaping import reap
from tasks.services.recurring import make_due
from tasks.services.reminding import remind_of_tasks
from teammcp.core.ticker import every

LOOK_SECONDS = 2.0  # so that a lease is freed well within ten seconds of its end


@every(LOOK_SECONDS, apart=True)
def free_what_ran_out() -> None:
    """Free the leases that ended, on tasks and on names. One look costs one query for each, over an
    index that holds only leases."""
    reap()
    reap_leases()


@every(LOOK_SECONDS, apart=True)
def remind() -> None:
    """Send the reminders of tasks that are due. One query over an index of what is planned."""
    remind_of_tasks(timezone.now())


@every(LOOK_SECONDS, apart=True)
def remind_of_what_was_promised() -> None:
    """The same for promises."""
    remind_of_promises(timezone.now())


@every(LOOK_SECONDS, apart=True)
def make_recurring_tasks() -> None:
    """Make the tasks of blueprints whose time has come."""
    make_due(timezone.now())
