"""Conditions of scheduled messages on tasks: "when T-12 is done", "unless T-12 is done"."""

from __future__ import annotations

import re

from messaging.conditions import SEND, Verdict, condition, examples
from orgchart.models import Member
from tasks.access import access_task
from tasks.models import Task
from tasks.transitions import Status
from teammcp.core.errors import InvalidInput

_ABOUT_A_TASK = re.compile(r"(#?t-\d{1,18}) (?:is )?done", re.IGNORECASE | re.ASCII)


def _task(author: Member, rest: str) -> Task:
    """The task that "T-12 is done" speaks of. Raises NotFound for one that is absent or hidden."""
    found = _ABOUT_A_TASK.fullmatch(rest)
    if found is None:
        raise InvalidInput(
            f"{rest[:60]!r} is no condition on a task or a message.",
            fields={"condition": "not a condition"},
            next=f"Write it like one of these: {'; '.join(examples())}.",
        )
    return access_task(actor=author, task=found[1])


def _check(author: Member, rest: str) -> str:
    return f"{_task(author, rest).name} is done"


def _cancelled(task: Task) -> Verdict | None:
    """What will never be done any more ends either kind."""
    if task.status != Status.CANCELLED:
        return None
    return Verdict("cancel", f"{task.name} was cancelled")


@condition("when", "when T-12 is done", check=_check)
def when_done(author: Member, rest: str) -> Verdict:
    """Sent at due times at which the task is done."""
    task = _task(author, rest)
    if task.status == Status.DONE:
        return SEND
    return _cancelled(task) or Verdict(
        "skip", f"{task.name} is {task.status.replace('_', ' ')}, not done"
    )


@condition("unless", "unless T-12 is done", check=_check)
def unless_done(author: Member, rest: str) -> Verdict:
    """Sent until the task is done: that ends the schedule."""
    task = _task(author, rest)
    if task.status == Status.DONE:
        return Verdict("cancel", f"{task.name} is done")
    return _cancelled(task) or SEND
