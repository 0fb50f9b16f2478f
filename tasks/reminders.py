"""When a task wants a reminder, and of whom.

One reminder begins with who has to act, and climbs their reporting line, a step each time that the
interval of its urgency has passed. What it is about (a time, and who has to act) is its occasion:
another due date or another assignee begins anew, and what is done has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orgchart.models import Member
from tasks.models import Reminder, Task
from tasks.transitions import Status

Kind = Reminder.Kind
DAY = timedelta(days=1)
INTERVALS = {
    Task.Priority.URGENT: timedelta(minutes=30),
    Task.Priority.HIGH: timedelta(hours=2),
    Task.Priority.NORMAL: timedelta(hours=8),
    Task.Priority.LOW: DAY,
}
"""From one step to the next; and how long a review or a block may wait before the first."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something to be reminded of, from a time on."""

    kind: str
    at: datetime
    """when the first reminder is due"""
    about: datetime
    """the time that it is about"""
    member: Member
    """who has to act"""
    climbs: bool = True

    @property
    def key(self) -> str:
        """What makes it this occasion and no other."""
        return f"{self.about.isoformat()}@{self.member.pk}"


def interval_of(task: Task) -> timedelta:
    return INTERVALS[Task.Priority(task.priority)]


def lead_of(made: datetime, due: datetime) -> timedelta:
    """How long before it is due one is reminded: a quarter of the whole time, a day at most."""
    return min(DAY, max(due - made, timedelta()) / 4)


def moments_of(task: Task) -> Iterator[tuple[str, datetime, datetime]]:
    """Kind, first reminder, and time that it is about, of all that a task wants."""
    if not task.is_open:
        return
    since = task.status_at or task.created_at
    heard = task.heard_at or task.created_at
    if task.due_at is not None:
        begun = max(task.created_at, task.start_after or task.created_at)
        yield Kind.DUE_SOON, task.due_at - lead_of(begun, task.due_at), task.due_at
        yield Kind.OVERDUE, task.due_at, task.due_at
    if task.follow_up_at is not None and heard <= task.follow_up_at:
        yield Kind.FOLLOW_UP, task.follow_up_at, task.follow_up_at
    if task.status == Status.IN_REVIEW:
        yield Kind.REVIEW, since + interval_of(task), since
    elif task.status == Status.BLOCKED:
        since = task.blocked_at or since
        yield Kind.BLOCK, since + interval_of(task), since
    elif task.check_in_minutes and task.assignee_id:
        heard = max(heard, task.start_after or heard)
        yield Kind.SILENCE, heard + timedelta(minutes=task.check_in_minutes), heard


def first_look(task: Task) -> datetime | None:
    """When to look at a task that has just changed; never, if it wants no reminder. No query."""
    return min((at for _, at, _ in moments_of(task)), default=None)


def occasions_of(task: Task, now: datetime) -> list[Occasion]:
    """What a task, fetched whole, wants a reminder of."""
    return [
        Occasion(kind, at, about, who_acts(task), climbs=kind != Kind.DUE_SOON)
        for kind, at, about in moments_of(task)
        if kind != Kind.DUE_SOON or now < about
    ]


def who_acts(task: Task) -> Member:
    """On whom it is now: the reviewer, whom the block waits for, the assignee, or its creator."""
    if task.status == Status.IN_REVIEW and task.reviewer is not None:
        return task.reviewer
    if task.status == Status.BLOCKED and task.blocked_on is not None:
        return task.blocked_on
    return task.assignee or task.creator
