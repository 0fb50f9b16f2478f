"""Claiming: taking a task so that nobody else does it too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from annotated_types import MaxLen
from django.utils import timezone

from orgchart.models import Member
from tasks import events
from tasks.access import access_task, visible_tasks
from tasks.models import Task, Touched
from tasks.rules import check_move
from tasks.schemas import Claimed
from tasks.selectors.listing import free_for
from tasks.selectors.showing import task_out
from tasks.selectors.similar import similar_to
from tasks.services.choosing import choose
from tasks.services.leases import Minutes, held_by, holding, kept_up, taken
from tasks.services.reaping import free_expired
from tasks.services.recording import store
from teammcp.core.actions import action
from teammcp.core.errors import Conflict

FREE = 3  # other tasks that a conflict names


@action(scope="tasks:write")
def claim_task(
    *,
    actor: Member,
    task: Annotated[str, MaxLen(20)] = "",
    minutes: Minutes | None = None,
    read_only: bool = False,
) -> Claimed:
    """Take a task, or without `task` the one that fits you best, and begin it.

    It is yours until the lease ends (30 minutes; `minutes` for longer); each update_task begins it
    anew. Taken already: the error says by whom, until when, and what is free.
    """
    if task:
        chosen, why = access_task(actor=actor, task=task), None
    else:
        chosen, why = choose(actor, read_only=read_only)
    now = timezone.now()
    similar = similar_to(actor, chosen, paths=_touched(chosen))
    if chosen.is_held(now) and chosen.holder_id == actor.pk:
        store(actor, chosen, events.EXTENDED, kept_up(actor, chosen, minutes, now))
    else:
        _take(actor, chosen, minutes, now, similar=[one.task for one in similar])
    assert chosen.expires_at is not None
    return Claimed(
        task=task_out(actor, chosen),
        token=chosen.token,
        until=chosen.expires_at,
        why=why,
        similar=similar,
    )


def _take(
    actor: Member, task: Task, minutes: int | None, now: datetime, *, similar: list[str]
) -> None:
    """Begin a lease; one that is over is ended first, as the reaper would."""
    if task.is_held(now):
        raise _held(actor, task)
    if task.holder is not None:
        free_expired(task, now)
    check_move(actor, task, "claim")
    changes = {**taken(actor, task, minutes, now), "status": "in_progress"}
    store(actor, task, events.CLAIMED, changes, similar=similar)


def _touched(task: Task) -> list[str]:
    return list(Touched.objects.filter(task=task).values_list("path", flat=True))


def _held(actor: Member, task: Task) -> Conflict:
    """Who has it, until when, and what else there is to do."""
    rows = free_for(actor, visible_tasks(actor)).order_by("priority", "pk")[:FREE]
    free = [f"T-{pk} {title}" for pk, title in rows.values_list("pk", "title")]
    return Conflict(
        f"{task.name} is taken: {held_by(task)}.",
        next=f"Take another one: {'; '.join(free)}." if free else "Nothing else is free just now.",
        **holding(task),
        free=free,
    )
