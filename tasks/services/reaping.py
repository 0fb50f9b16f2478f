"""The reaper: leases that ended without a sign of life, each freed once."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.ledger import record
from orgchart.models import Member
from orgchart.selectors import system_member
from tasks import events
from tasks.access import topics_of, whole
from tasks.comparing import facts_of
from tasks.models import Task
from tasks.services.recording import keep_time, let_follow, unheld
from tasks.services.telling import called, tell_about
from tasks.times import said
from tasks.transitions import Status
from teammcp.core.context import CallContext, calling
from teammcp.core.lane import run_write

logger = logging.getLogger(__name__)
AT_ONCE = 100  # per look; the next look takes the rest


def reap(now: datetime | None = None) -> int:
    """Free what ran out by now; how many. Any number of processes may look at the same time: each
    lease belongs to who finds its row as it was."""
    now = now or timezone.now()
    over = Task.objects.filter(expires_at__lte=now).order_by("expires_at")
    return sum(_reap(pk, now) for pk in over.values_list("pk", flat=True)[:AT_ONCE])


def _reap(pk: int, now: datetime) -> bool:
    def free() -> bool:
        task = whole(Task.objects.filter(pk=pk)).get()
        return free_expired(task, now)

    try:
        with calling(CallContext(face="system")):
            return run_write(free)
    except Exception:
        logger.exception("the lease of task %s could not be freed; it is tried again", pk)
        return False


def free_expired(task: Task, now: datetime) -> bool:
    """End a lease that is over: compare and set. False if somebody was faster, or it was extended.
    Its holder and the creator are told once. For actions and the reaper only."""
    former, ended = task.holder, task.expires_at
    if former is None or ended is None or ended > now:
        return False
    mine = Task.objects.filter(pk=task.pk, token=task.token, holder=former, expires_at=ended)
    fields: dict[str, Any] = {**unheld(), "status": Status.TODO.value, "assignee": None}
    fields |= {"version": task.version + 1, "updated_at": now}
    for name, value in fields.items():
        setattr(task, name, value)
    clocks = keep_time(task, None, fields, now)
    if not mine.update(**fields, **{name: getattr(task, name) for name in clocks}):
        return False
    _record(task, former, ended)
    _tell(task, former, ended)
    let_follow(system_member(), task, ("status", "holder", "assignee"))
    return True


def _record(task: Task, former: Member, ended: datetime) -> None:
    record(
        events.EXPIRED,
        actor=system_member(),
        target=f"task:{task.pk}",
        topics=topics_of(task),
        data={
            "task": task.pk,
            "name": task.name,
            "is": facts_of(task),
            "former": former.handle,
            "ended_at": ended.isoformat(),
            "changed": {
                "status": [Status.IN_PROGRESS.value, task.status],
                "holder": [former.handle, None],
                "assignee": [former.handle, None],
            },
        },
    )


def _tell(task: Task, former: Member, ended: datetime) -> None:
    over = f"ran out at {said(ended)} without a sign of life. Anybody may claim it now."
    again = f"claim_task(task='{task.name}') if you still work on it."
    tell_about(task, [former], f"Your lease on {called(task)} {over} {again}")
    tell_about(
        task,
        [task.creator],
        f"The lease of @{former.handle} on {called(task)} {over}",
        without=former,
    )
