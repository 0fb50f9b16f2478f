"""Whether tasks would wait for each other in a circle.

A task cannot finish before its prerequisites, nor a parent before its subtasks: both relations are
edges of one graph, in which a circle would be a deadlock. Writers come one after the other
(`teammcp.core.sql.serialise`), so two of them cannot close a circle together.
"""

# ruff: noqa: S608 - SQL out of constants of this module

from __future__ import annotations

from tasks.models import Task
from teammcp.core import sql
from teammcp.core.errors import Conflict

_NEEDS = "SELECT d.prerequisite_id FROM reached r JOIN tasks_dependency d ON d.task_id = r.id"
_PARTS = "SELECT t.id FROM reached r JOIN tasks_task t ON t.parent_id = r.id"
_EDGES = (
    "SELECT task_id AS source, prerequisite_id AS target FROM tasks_dependency"
    " UNION ALL SELECT parent_id, id FROM tasks_task WHERE parent_id IS NOT NULL"
)
_STEP = {
    "sqlite": f"{_NEEDS} UNION {_PARTS}",
    # Only one reference to the recursion is allowed here, and its planner needs no more.
    "postgresql": f"SELECT e.target FROM reached r JOIN ({_EDGES}) e ON e.source = r.id",
}


def waits_for(task_id: int, other_id: int) -> bool:
    """Whether a task cannot finish before another one, over any number of steps, or is it."""
    beginning = f"SELECT CAST(%s AS BIGINT) UNION {_STEP[sql.vendor()]}"
    reached = f"WITH RECURSIVE reached(id) AS ({beginning})"
    row = sql.one(f"{reached} SELECT 1 FROM reached WHERE id = %s LIMIT 1", [task_id, other_id])
    return row is not None


def check_no_loop(waiting: Task, awaited: Task, *, said: str) -> None:
    """Raises Conflict if `awaited` waits for `waiting` already, or is it."""
    if waits_for(awaited.pk, waiting.pk):
        raise Conflict(
            f"{said} would be a circle: {awaited.name} cannot finish before {waiting.name}."
            if awaited != waiting
            else f"{said} would be a circle: it would wait for itself.",
            next="Take a dependency away first (remove_dependency), or leave this one out.",
            loop=[waiting.name, awaited.name],
        )
