"""Writing a task down: the row, its version, and the event with before and after, in one place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from audit.ledger import record, text_digest
from messaging.models import Channel
from orgchart.models import Member
from tasks import events
from tasks.access import topics_of
from tasks.comparing import facts_of
from tasks.models import Task
from tasks.reminders import first_look

LONG = frozenset({"description", "result"})  # the ledger keeps a digest: they may be erased
NO_CHANGE_OF_SUBSTANCE = frozenset({events.EXTENDED})  # heartbeats outdate nobody's edit


def store(
    actor: Member,
    task: Task,
    kind: str,
    changes: Mapping[str, Any],
    *,
    also: Mapping[str, list[Any]] | None = None,
    **data: Any,
) -> None:
    """Set these fields, raise the version, and record it. `also` are changes of rows beside the
    task's own, before and after. For actions only."""
    changed = {
        name: [plain(name, getattr(task, name)), plain(name, value)]
        for name, value in changes.items()
    }
    for name, value in changes.items():
        setattr(task, name, value)
    task.updated_at = timezone.now()
    clocks = keep_time(task, actor, changes, task.updated_at)
    if kind not in NO_CHANGE_OF_SUBSTANCE:
        task.version += 1
    task.save(update_fields=[*changes, *clocks, "updated_at", "version"])
    differing = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    write_down(actor, task, kind, changed={**differing, **(also or {})}, **data)
    let_follow(actor, task, differing)


Follows = Callable[[Member, Task, Collection[str]], None]
_followers: list[Follows] = []


def follows_tasks(follower: Follows) -> Follows:
    """Call this function after each change of a task, in its transaction, with the names of the
    fields that differ."""
    _followers.append(follower)
    return follower


def let_follow(actor: Member, task: Task, fields: Collection[str]) -> None:
    """What follows from a change. For actions and the reaper only."""
    for follower in _followers:
        follower(actor, task, fields)


def keep_time(
    task: Task, actor: Member | None, changes: Collection[str], now: datetime
) -> list[str]:
    """Set what reminders go by after this change: the last sign of life of who has the task, since
    when it has its status, and when to look next. Gives the names of these fields."""
    has_it = task.assignee_id or task.creator_id
    moved = "status" in changes or "assignee" in changes
    if moved or (actor is not None and actor.pk == has_it):
        task.heard_at = now
    if "status" in changes:
        task.status_at = now
    task.remind_at = first_look(task)
    return ["heard_at", "status_at", "remind_at"]


def write_down(
    actor: Member, task: Task, kind: str, *, on_behalf_of: Member | None = None, **data: Any
) -> None:
    """Record an event about a task as it stands now."""
    record(
        kind,
        actor=actor,
        on_behalf_of=on_behalf_of,
        target=f"task:{task.pk}",
        topics=topics_of(task),
        data={"task": task.pk, "name": task.name, "is": facts_of(task), **data},
    )


def plain(name: str, value: Any) -> Any:
    """A value as the ledger keeps it."""
    if name in LONG:
        return text_digest(value)
    if isinstance(value, Member):
        return value.handle
    if isinstance(value, Channel):
        return value.pk
    if isinstance(value, Model):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def unheld() -> dict[str, Any]:
    """The fields of a task that nobody holds. Its token stays: it only ever increases."""
    return {"holder": None, "claimed_at": None, "expires_at": None, "heartbeat_at": None}


def unblocked() -> dict[str, Any]:
    """The fields of a task that nothing blocks."""
    return {"blocked_on": None, "blocked_action": "", "blocked_at": None}
