"""Which free task fits a member best, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.utils import timezone

from messaging.search.words import fold
from orgchart.models import Member
from tasks.access import visible_tasks, whole
from tasks.models import Task
from tasks.relations import open_dependents_of, open_needs
from tasks.selectors.listing import free_for
from tasks.transitions import Status
from teammcp.core.errors import Conflict

LOOKED_AT = 200  # free tasks that are weighed, the most urgent and oldest
URGENCY = {0: 60, 1: 30, 2: 10, 3: 0}
SOON = timedelta(hours=24)
MOST_HOURS = 48  # of waiting that count
MOST_WAITING = 5  # tasks behind one that count


class Candidate(NamedTuple):
    """What the choice asks of a free task, and no more: whole rows take most of its time."""

    pk: int
    priority: int
    created_at: datetime
    due_at: datetime | None
    skills: list[str]
    assignee_id: int | None
    read_only: bool


class Weighed(NamedTuple):
    """A candidate, what it weighs, and which of its skills the member has."""

    weight: float
    task: Candidate
    have: list[str]


class _Around(NamedTuple):
    """What stands around the free tasks."""

    behind: Counter[int]
    parents: set[int]

    @classmethod
    def of(cls, tasks: list[Candidate]) -> _Around:
        ids = [task.pk for task in tasks]
        parts = Task.objects.filter(parent__in=ids, closed_at=None)
        parents = set(parts.values_list("parent_id", flat=True))
        return cls(open_dependents_of(ids), parents)


def choose(actor: Member, *, read_only: bool) -> tuple[Task, str]:
    """The task that fits best, and why this one. Raises Conflict saying what is missing where
    nothing fits."""
    rows = free_for(actor, visible_tasks(actor))
    if read_only:
        rows = rows.filter(read_only=True)
    lean = rows.order_by("priority", "pk").values_list(*Candidate._fields)
    found = [Candidate(*row) for row in lean[:LOOKED_AT]]
    around = _Around.of(found)
    skills, now = {fold(skill) for skill in actor.capabilities}, timezone.now()
    weighed = (_weigh(task, around, actor, skills, now) for task in found)
    fitting = list(filter(None, weighed))
    if not fitting:
        raise _nothing(actor, read_only=read_only)
    best = max(fitting, key=lambda one: (one.weight, -one.task.pk))
    why = "; ".join(_reasons(best, around.behind[best.task.pk], actor, now))
    return whole(Task.objects.filter(pk=best.task.pk)).get(), why


def _weigh(
    task: Candidate, around: _Around, actor: Member, skills: set[str], now: datetime
) -> Weighed | None:
    wanted = {fold(skill): skill for skill in task.skills}
    have = [name for key, name in wanted.items() if key in skills]
    own = task.assignee_id == actor.pk
    if wanted and not have and not own:
        return None
    behind = around.behind[task.pk]
    weight: float = URGENCY[task.priority] + 100 * own + min(behind, MOST_WAITING) * 5
    weight += 20 * len(have) / len(wanted) if wanted else 0
    weight += min((now - task.created_at) / timedelta(hours=1), MOST_HOURS) / 4
    if task.due_at is not None and task.due_at < now + SOON:
        weight += 25 if task.due_at > now else 40
    if task.pk in around.parents:  # it cannot finish before its parts
        weight -= 30
    return Weighed(weight, task, have)


def _reasons(best: Weighed, behind: int, actor: Member, now: datetime) -> Iterator[str]:
    task = best.task
    if task.assignee_id == actor.pk:
        yield "it is assigned to you"
    yield f"{Task.Priority(task.priority).name.lower()} priority"
    if best.have:
        yield f"it needs {', '.join(best.have)}, which you have"
    if task.read_only:
        yield "it only reads"
    if behind:
        yield f"{behind} {'task waits' if behind == 1 else 'tasks wait'} for it"
    if task.due_at is not None and task.due_at < now + SOON:
        yield "it is overdue" if task.due_at < now else "it is due within a day"
    hours = int((now - task.created_at).total_seconds() // 3600)
    if hours:
        yield f"it has waited {hours} h" if hours < 72 else f"it has waited {hours // 24} days"


def _nothing(actor: Member, *, read_only: bool) -> Conflict:
    """What there is, and why none of it can be taken."""
    rows = visible_tasks(actor)
    todo = rows.filter(status=Status.TODO.value)
    waiting = todo.filter(Exists(open_needs().filter(task=OuterRef("pk"))))
    free = free_for(actor, rows)
    state = {
        "held_by_others": rows.filter(status=Status.IN_PROGRESS.value).count(),
        "assigned_to_others": todo.exclude(assignee=None).exclude(assignee=actor).count(),
        "waiting_for_others": waiting.count(),
        "not_before_later": todo.filter(start_after__gt=timezone.now()).count(),
    }
    wanted_skills = free.values_list("skills", flat=True)[:LOOKED_AT]
    missing = sorted({skill for skills in wanted_skills for skill in skills})
    if missing and not read_only:
        state["skills_that_you_lack"] = missing  # type: ignore[assignment]
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in state.items() if count)
    wanted = "No read-only task" if read_only else "No task"
    return Conflict(
        f"{wanted} that you could take is free{f' ({said})' if said else ''}.",
        next="Call check_inbox with wait_seconds, or list_tasks(which='open') and offer help."
        + (" update_member adds capabilities that you have." if missing else ""),
        **state,
    )
