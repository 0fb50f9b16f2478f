"""Reminding of tasks: due soon, overdue, follow-up, silence, a review or a block that waits."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from orgchart.models import Member
from orgchart.selectors import system_member
from tasks import events
from tasks.access import sees, whole
from tasks.models import Reminder, Task
from tasks.reminders import interval_of, occasions_of
from tasks.services.climbing import Climb, Step
from tasks.services.recording import write_down
from tasks.services.telling import called
from tasks.times import said
from teammcp.core.due import DueRows

Kind = Reminder.Kind
WORDS = {
    Kind.DUE_SOON: "due soon",
    Kind.OVERDUE: "overdue",
    Kind.FOLLOW_UP: "to be followed up",
    Kind.SILENCE: "silent",
    Kind.REVIEW: "waiting for its review",
    Kind.BLOCK: "still blocked",
}


def remind_of_tasks(now: datetime) -> int:
    """Send the reminders that are due; how many tasks were looked at. For any number of callers."""
    return DueRows(Task.objects.all, "remind_at", "system", look_at).run_due(now)


def look_at(pk: int, now: datetime) -> None:
    """Take the steps of one task that are due, and plan the next look. Inside a transaction."""
    task = whole(Task.objects.filter(pk=pk)).get()
    climb = Climb(
        row={"task": task},
        occasions=occasions_of(task, now),
        interval=interval_of(task),
        waits=task.priority != Task.Priority.URGENT,
        last=task.creator if task.creator.kind != Member.Kind.SYSTEM else None,
        may_know=partial(_may_know, task),
        words=partial(words_of, task),
        note=partial(_note, task),
    )
    Task.objects.filter(pk=pk).update(remind_at=climb.advance(now))


def _may_know(task: Task, member: Member) -> bool:
    return sees(member, task)


def _note(task: Task, step: Step) -> None:
    write_down(
        system_member(),
        task,
        events.REMINDED,
        what=WORDS[Kind(step.occasion.kind)],
        about=step.occasion.about.isoformat(),
        to=step.member.handle,
        step=step.number,
    )


def words_of(task: Task, step: Step) -> str:
    """What is told at this step, on the clock of who is told."""
    fact = _fact(task, step)
    if step.number == 0:
        return f"{called(task)} {fact}. {_next_call(task, step.occasion.kind)}"
    behind = step.occasion.member
    who = "it is on you" if behind == step.member else f"it is on @{behind.handle}"
    return (
        f"{called(task)} {fact}; {who}, and nobody has acted since the last reminder."
        f" Talk to them in #t-{task.pk}, move the date (edit_task), or give it to somebody else"
        " (assign_task)."
    )


def _fact(task: Task, step: Step) -> str:
    at = said(step.occasion.about, step.zone)
    return {
        Kind.DUE_SOON: f"is due {at}",
        Kind.OVERDUE: f"is overdue: it was due {at}",
        Kind.FOLLOW_UP: f"was to be followed up {at}",
        Kind.SILENCE: f"has been silent since {at}, and was to be heard of every"
        f" {task.check_in_minutes} minutes",
        Kind.REVIEW: f"has waited for its review since {at}",
        Kind.BLOCK: f"is blocked since {at}: {task.blocked_action}",
    }[Kind(step.occasion.kind)]


def _next_call(task: Task, kind: str) -> str:
    of = f"update_task(task='{task.name}'"
    if kind == Kind.REVIEW or task.status == "in_review":
        return f"{of}, to='approve') or to='changes' answers it."
    if kind == Kind.BLOCK or task.status == "blocked":
        return f"{of}, to='unblock') when it is done."
    if task.status == "in_progress":
        return f"{of}) says how it stands."
    return f"claim_task(task='{task.name}') begins it."
