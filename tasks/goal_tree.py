"""The goals as a forest: what stands under what, and what all of it adds up to.

A goal's progress is the weighted mean of what counts for it, its tasks and its subgoals:

- a task that is done counts whole; one that was cancelled counts nothing, and its weight neither;
  an open one counts its progress, but never more than 90 %: nothing is done before it is done;
- a subgoal counts its own progress, whole once it is achieved; one that was dropped is left out.

Writers come one after the other (`teammcp.core.sql.serialise`), so that two of them cannot put two
goals under each other, nor add up what the other just changed.
"""

# ruff: noqa: S608 - SQL out of constants of this module

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Sum, Value, When
from django.db.models.functions import Cast, Least

from tasks.models import WHOLE, Goal, GoalTask
from tasks.transitions import Status
from teammcp.core import sql

DEEPEST = 10  # levels of goals, so that a change of a task never writes more
OPEN_COUNTS = 90  # percent of an open task, at the most
_TREE = (
    "WITH RECURSIVE tree(id, level) AS (SELECT CAST(%s AS BIGINT), 0 UNION ALL SELECT {step}"
    f" WHERE tree.level <= {2 * DEEPEST}) SELECT id, level FROM tree ORDER BY level"
)
_DOWN = _TREE.format(
    step="g.id, tree.level + 1 FROM tasks_goal g JOIN tree ON g.parent_id = tree.id"
)
_UP = _TREE.format(
    step="g.parent_id, tree.level + 1 FROM tasks_goal g JOIN tree ON g.id = tree.id"
    " AND g.parent_id IS NOT NULL"
)


def below(goal_id: int) -> dict[int, int]:
    """A goal and all that stand under it, with how far below. One statement."""
    return dict(sql.rows(_DOWN, [goal_id]))


def above(goal_id: int) -> dict[int, int]:
    """A goal and all above it, with how far above. One statement."""
    return dict(sql.rows(_UP, [goal_id]))


def counted(task_status: str, progress: int) -> int:
    """What a task counts, in percent."""
    return 100 if task_status == Status.DONE else min(progress, OPEN_COUNTS)


def added_up(goal_ids: Collection[int]) -> dict[int, int]:
    """The progress of these goals out of what counts for them, in hundredths of a percent. Two
    statements, however many goals and parts there are."""
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    tasks = GoalTask.objects.filter(goal__in=goal_ids).exclude(task__status=Status.CANCELLED.value)
    task_share = Case(
        When(task__status=Status.DONE.value, then=Value(100)),
        default=Least(F("task__progress"), Value(OPEN_COUNTS), output_field=BigIntegerField()),
        output_field=BigIntegerField(),
    )
    goals = Goal.objects.filter(parent__in=goal_ids).exclude(status=Goal.Status.DROPPED)
    goal_share = Case(
        When(status=Goal.Status.ACHIEVED, then=Value(WHOLE)),
        default=F("progress"),
        output_field=BigIntegerField(),
    )
    weight = Cast("weight", BigIntegerField())  # small ones would overflow when multiplied
    of_tasks = tasks.order_by().values_list("goal")
    of_goals = goals.order_by().values_list("parent")
    sums: list[Any] = [
        *of_tasks.annotate(part=Sum(weight * task_share * 100), whole=Sum(weight)),
        *of_goals.annotate(part=Sum(weight * goal_share), whole=Sum(weight)),
    ]
    for goal, part, whole in sums:
        totals[goal][0] += part
        totals[goal][1] += whole
    return {pk: totals[pk][0] // totals[pk][1] if totals[pk][1] else 0 for pk in goal_ids}


def open_parts(goal_id: int) -> tuple[int, int]:
    """How many open tasks and open subgoals count for a goal."""
    closed = [Status.DONE.value, Status.CANCELLED.value]
    tasks = GoalTask.objects.filter(goal=goal_id).exclude(task__status__in=closed)
    subgoals = Goal.objects.filter(parent=goal_id, status=Goal.Status.OPEN)
    found = tasks.aggregate(number=Count("pk"))["number"]
    return found, subgoals.count()
