"""A process that does what time asks for: `python -m tests.e2e.time_worker MODE`.

prepare   make a company with tasks, promises and recurring work that come due
run       do what is due, half an hour later each time, for two days
count     say as JSON what came of it
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import django

BEGIN = datetime(2100, 1, 4, 9, tzinfo=UTC)
EACH = 4


def prepare() -> None:
    from orgchart.models import Member
    from orgchart.services import register_agent, set_manager
    from orgchart.services.company import found_company
    from tasks.services import create_blueprint, create_task, promise

    found_company()
    owner = Member.objects.get(handle="owner")
    for handle in ("lin", "kay", "sam"):
        register_agent(actor=owner, name=handle.title(), handle=handle)
    set_manager(actor=owner, member="kay", manager="sam")
    set_manager(actor=owner, member="sam", manager="lin")
    lin, kay = (Member.objects.get(handle=handle) for handle in ("lin", "kay"))
    for number in range(EACH):
        create_task(actor=lin, title=f"Number {number} of these", assignee="kay", due_at=BEGIN)
        promise(actor=kay, text=f"I will do {number}.", due_at=BEGIN, to="lin")
        create_blueprint(actor=lin, title=f"Again {number}", cron="0 * * * *", skip_if_open=False)


def run() -> None:
    from tasks.services.promise_reminding import remind_of_promises
    from tasks.services.recurring import make_due
    from tasks.services.reminding import remind_of_tasks

    for half_hours in range(96):
        now = BEGIN + timedelta(minutes=30 * half_hours)
        remind_of_tasks(now)
        remind_of_promises(now)
        make_due(now)
        print(half_hours, flush=True)  # noqa: T201 - read by who started it


def count() -> None:
    from audit.models import Event
    from messaging.models import Message
    from tasks.models import BlueprintRun, Reminder, Task

    made = BlueprintRun.objects.filter(outcome="made")
    told = Message.objects.filter(author__kind="system")
    found = {
        "of tasks": sorted(
            Reminder.objects.filter(kind="overdue", promise=None).values_list("task_id", "step")
        ),
        "of promises": sorted(
            Reminder.objects.filter(kind="overdue", task=None).values_list("promise_id", "step")
        ),
        "reminders": Reminder.objects.count(),
        "recorded": Event.objects.filter(kind__endswith=".reminded").count(),
        "told of tasks": told.filter(body__contains="is overdue").count(),
        "runs": made.count(),
        "times": made.values("blueprint", "planned_at").distinct().count(),
        "tasks": Task.objects.filter(title__startswith="Again").count(),
        "left": Task.objects.filter(remind_at__isnull=False, title__startswith="Number").count(),
    }
    print(json.dumps(found), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    django.setup()
    {"prepare": prepare, "run": run, "count": count}[sys.argv[1]]()
