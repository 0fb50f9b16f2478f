"""What a task waits for, what waits for it, and what it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from orgchart.models import Member
from tasks.access import visible_tasks
from tasks.models import Dependency, Task
from tasks.transitions import CLOSED, OPEN, Status

NAMED = 10  # tasks that an error names

# A prerequisite that was cancelled is waited for no more, as one that is done.
OPEN_NEED = Q(prerequisite__status__in=sorted(OPEN))


def open_needs() -> QuerySet[Dependency]:
    """Dependencies whose prerequisite is still open."""
    return Dependency.objects.filter(OPEN_NEED)


def open_needs_of(ids: Iterable[int]) -> Counter[int]:
    """How many open prerequisites each of these tasks has. Counted here, because asked to count the
    open ones SQLite begins with all open tasks."""
    rows = Dependency.objects.filter(task__in=list(ids))
    pairs = rows.values_list("task_id", "prerequisite__status")
    return Counter(pk for pk, status in pairs if status in OPEN)


def open_dependents_of(ids: Iterable[int]) -> Counter[int]:
    """How many open tasks wait for each of these."""
    rows = Dependency.objects.filter(prerequisite__in=list(ids))
    pairs = rows.values_list("prerequisite_id", "task__status")
    return Counter(pk for pk, status in pairs if status in OPEN)


def open_prerequisites(actor: Member, task: Task) -> tuple[list[str], int]:
    """The open prerequisites that the actor sees, and how many more there are."""
    return _named(actor, open_needs().filter(task=task).values_list("prerequisite_id", flat=True))


def has_open_prerequisites(task: Task) -> bool:
    return open_needs().filter(task=task).exists()


def open_subtasks(task: Task) -> list[str]:
    """They have their parent's home, so whoever sees it sees them."""
    rows = Task.objects.filter(parent=task).exclude(status__in=sorted(CLOSED)).order_by("pk")
    return [f"T-{pk}" for pk in rows.values_list("pk", flat=True)[:NAMED]]


def started_dependents(actor: Member, task: Task) -> tuple[list[str], int]:
    """What needed this task and went on once it was closed."""
    went_on = [Status.IN_PROGRESS, Status.IN_REVIEW, Status.DONE]
    rows = Dependency.objects.filter(prerequisite=task, task__status__in=went_on)
    return _named(actor, rows.values_list("task_id", flat=True))


def _named(actor: Member, ids: Iterable[int]) -> tuple[list[str], int]:
    """The names of those among these tasks that the actor sees, and the count of the others."""
    all_ids = sorted(ids)
    if not all_ids:
        return [], 0
    seen = visible_tasks(actor).filter(pk__in=all_ids).order_by("pk")
    names = [f"T-{pk}" for pk in seen.values_list("pk", flat=True)]
    return names[:NAMED], len(all_ids) - len(names)
