"""Goals written down, and rolled up in the same transaction as what they are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone

from audit.ledger import record
from orgchart.models import Member
from orgchart.selectors import system_member
from tasks import events
from tasks.access import goal_topics
from tasks.comparing import facts_of_goal
from tasks.goal_tree import added_up
from tasks.models import Goal, GoalTask, Task
from tasks.services.recording import follows_tasks, plain


def keep_goal(
    actor: Member, goal: Goal, kind: str, changes: Mapping[str, Any] | None = None, **data: Any
) -> None:
    """Set these fields, or without any store a new row, raise the version, and record it. For
    actions only."""
    changed = {name: [getattr(goal, name), value] for name, value in (changes or {}).items()}
    for name, value in (changes or {}).items():
        setattr(goal, name, value)
    goal.updated_at = timezone.now()
    if changes is None:
        goal.save(force_insert=True)
    else:
        goal.version += 1
        goal.save(update_fields=[*changes, "updated_at", "version"])
    note_goal(actor, goal, kind, changed, **data)


def note_goal(
    actor: Member, goal: Goal, kind: str, changed: Mapping[str, list[Any]], **data: Any
) -> None:
    """Record an event about a goal as it stands now. Its data names nothing that somebody who sees
    the goal may not see."""
    differing = {
        name: [plain(name, value) for value in pair]
        for name, pair in changed.items()
        if pair[0] != pair[1]
    }
    record(
        kind,
        actor=actor,
        target=f"goal:{goal.pk}",
        topics=goal_topics(goal),
        data={
            "goal": goal.pk,
            "name": goal.name,
            "is": facts_of_goal(goal),
            "changed": differing,
            **data,
        },
    )


def roll_up(goal_ids: Collection[int]) -> None:
    """Add up these goals and all above them, level by level: a constant number of statements for
    each level, and one event for each goal that moved. For actions and the reaper only."""
    level = set(goal_ids)
    while level:
        sums = added_up(level)
        goals = Goal.objects.filter(pk__in=level).select_related("home").order_by("pk")
        moved = [goal for goal in goals if goal.progress != sums[goal.pk]]
        for goal in moved:
            _progressed(goal, sums[goal.pk])
        level = {goal.parent_id for goal in moved if goal.parent_id is not None}


def _progressed(goal: Goal, progress: int) -> None:
    before, goal.progress = goal.progress, progress
    goal.save(update_fields=["progress"])
    changed = {"progress": [before, progress]}
    note_goal(system_member(), goal, events.GOAL_PROGRESSED, changed, percent=f"{goal.percent:g}")


@follows_tasks
def goals_follow(actor: Member, task: Task, fields: Collection[str]) -> None:
    """A task that comes nearer to its end, or goes away from it, moves its goal: one statement
    where it has none."""
    if {"status", "progress"} & set(fields):
        found = GoalTask.objects.filter(task=task).values_list("goal_id", flat=True).first()
        if found is not None:
            roll_up([found])
