"""Tasks against what the ledger says of them: how each stood after the newest event about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit import kinds
from audit.comparing import FactsAsRecorded, RowsAsRecorded, compared, content_digest
from audit.entries import Entry
from tasks import blueprints, events, promises, time_events
from tasks.models import Blueprint, Goal, GoalTask, Lease, Promise, Task


def facts_of(task: Task) -> dict[str, Any]:
    """What every event about a task says of it: enough to find a row that was changed unseen."""
    content = [
        task.title, task.description, task.result, task.evidence, task.points, task.priority,
        task.needs_review, task.metadata,
    ]  # fmt: skip
    return {
        "status": task.status,
        "assignee": task.assignee_id,
        "holder": task.holder_id,
        "token": task.token,
        "version": task.version,
        "home": task.home_id,
        "sha256": content_digest(content),
    }


def facts_of_lease(lease: Lease) -> dict[str, Any]:
    """The same of a lease."""
    return {
        "state": lease.state,
        "holder": lease.holder_id,
        "token": lease.token,
        "home": lease.home_id,
        "ends_at": lease.ends_at.isoformat() if lease.ends_at else None,
        "sha256": content_digest(
            [lease.names, lease.why, lease.minutes, lease.task_id, lease.taken_up]
        ),
    }


def facts_of_goal(goal: Goal) -> dict[str, Any]:
    """The same of a goal."""
    return {
        "status": goal.status,
        "owner": goal.owner_id,
        "weight": goal.weight,
        "progress": goal.progress,
        "version": goal.version,
        "home": goal.home_id,
        "sha256": content_digest([goal.title, goal.description, goal.parent_id]),
    }


def _kinds_of(prefix: str) -> frozenset[str]:
    named = {**vars(events), **vars(time_events)}
    own = (name for key, name in named.items() if key.isupper() and name in kinds.registry)
    return frozenset(name for name in own if name.startswith(prefix))


@compared
class TaskRows(FactsAsRecorded):
    kinds = _kinds_of("task.")
    model, key, one, many = Task, "task", "task {pk}", "tasks"
    created = frozenset({events.CREATED})

    def facts(self, row: Task) -> dict[str, Any]:
        return facts_of(row)


@compared
class LeaseRows(FactsAsRecorded):
    kinds = _kinds_of("lease.")
    model, key, one, many = Lease, "lease", "lease {pk}", "leases"
    created = frozenset({events.LEASE_TAKEN, events.LEASE_QUEUED})

    def facts(self, row: Lease) -> dict[str, Any]:
        return facts_of_lease(row)


@compared
class PromiseRows(FactsAsRecorded):
    kinds = _kinds_of("promise.")
    model, key, one, many = Promise, "promise", "promise {pk}", "promises"
    created = frozenset({time_events.PROMISED})

    def facts(self, row: Promise) -> dict[str, Any]:
        return promises.facts_of(row)


@compared
class BlueprintRows(FactsAsRecorded):
    kinds = _kinds_of("blueprint.")
    model, key, one, many = Blueprint, "blueprint", "blueprint {pk}", "blueprints"
    created = frozenset({time_events.BLUEPRINT_CREATED})

    def facts(self, row: Blueprint) -> dict[str, Any]:
        return blueprints.facts_of(row)


@compared
class GoalRows(FactsAsRecorded):
    kinds = _kinds_of("goal.")
    model, key, one, many = Goal, "goal", "goal {pk}", "goals"
    created = frozenset({events.GOAL_CREATED})

    def facts(self, row: Goal) -> dict[str, Any]:
        return facts_of_goal(row)


@compared
class LinkRows(RowsAsRecorded):
    """What counts for which goal, and how much. Which task that is, is compared where the event may
    name it: to who sees the goal, but not the task, it is "a task"."""

    model, one, many = GoalTask, "link {pk} of a goal", "links of goals"
    kinds = frozenset({events.GOAL_ATTACHED, events.GOAL_DETACHED})

    def look(self, events_: Sequence[Entry]) -> None:
        rows = GoalTask.objects.in_bulk({entry.data["link"] for entry in events_})
        for entry in events_:
            pk = entry.data["link"]
            before, after = entry.data["changed"]["weight"]
            self.count((after is not None) - (before is not None))
            as_recorded = _says(entry, after, rows.get(pk))
            self.judge(pk, entry.seq, as_recorded=as_recorded)


def _says(entry: Entry, weight: int | None, row: GoalTask | None) -> bool:
    """Whether this is the row that the event leaves behind."""
    if row is None or weight is None:
        return row is None and weight is None
    named = entry.data["what"] in {f"T-{row.task_id}", "a task"}
    return named and (row.goal_id, row.weight) == (entry.data["goal"], weight)
