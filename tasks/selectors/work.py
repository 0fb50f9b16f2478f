"""What a member holds and owes."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Case, Count, IntegerField, Value, When, Window

from messaging.budget import cut
from orgchart.models import Member
from tasks.access import visible_tasks
from tasks.models import Task
from tasks.schemas import Work, WorkLine
from tasks.selectors.listing import concerning
from tasks.times import said
from tasks.transitions import Status
from teammcp.core.actions import query


@query(scope="tasks:read")
def show_work(*, actor: Member, limit: Annotated[int, Ge(1), Le(100)] = 20) -> Work:
    """What you hold and owe: tasks you hold, reviews and blocks that wait for you, and tasks that
    are assigned to you, in this order."""
    return work_of(actor, limit)


def work_of(actor: Member, limit: int, max_tokens: int | None = None) -> Work:
    """One query, whatever there is."""
    rows = visible_tasks(actor).filter(concerning(actor), closed_at=None)
    order = Case(
        When(holder=actor, then=Value(0)),
        When(blocked_on=actor, then=Value(1)),
        When(reviewer=actor, status=Status.IN_REVIEW.value, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = rows.annotate(what=order, total=Window(Count("pk"))).select_related("blocked_on")
    found = list(rows.order_by("what", "priority", "pk")[:limit])
    lines = cut([_line(actor, task) for task in found], max_tokens, lambda line: line.title)
    total = found[0].total if found else 0
    return Work(items=lines, remaining=total - len(lines))


def _line(actor: Member, task: Task) -> WorkLine:
    what, note = _what(actor, task)
    return WorkLine(
        id=task.name,
        title=task.title,
        priority=task.urgency,
        status=task.status,
        what=what,
        note=note,
        due_at=task.due_at,
    )


def _what(actor: Member, task: Task) -> tuple[str, str | None]:
    if task.holder_id == actor.pk and task.expires_at is not None:
        return "hold", f"until {said(task.expires_at)}"
    if task.blocked_on_id == actor.pk:
        return "unblock", task.blocked_action
    if task.reviewer_id == actor.pk and task.status == Status.IN_REVIEW:
        return "review", None
    if task.blocked_on is not None:
        return "assigned", f"waits for @{task.blocked_on.handle}: {task.blocked_action}"
    return "assigned", None
