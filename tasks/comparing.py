"""Tasks against what the ledger says of them: how each stood after the newest event about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import orjson
from django.db.models import Model

from audit import kinds
from audit.comparing import Comparison, Damage, compared
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
        "sha256": _digest(content),
    }


def facts_of_lease(lease: Lease) -> dict[str, Any]:
    """The same of a lease."""
    return {
        "state": lease.state,
        "holder": lease.holder_id,
        "token": lease.token,
        "home": lease.home_id,
        "ends_at": lease.ends_at.isoformat() if lease.ends_at else None,
        "sha256": _digest([lease.names, lease.why, lease.minutes, lease.task_id, lease.taken_up]),
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
        "sha256": _digest([goal.title, goal.description, goal.parent_id]),
    }


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


class _LastFacts(Comparison):
    """Rows of which each event says how they stand after it. Keeps between chunks only those of
    which an event still to come tells the last state."""

    model: ClassVar[type[Model]]
    noun: ClassVar[str]
    """what the events call the row: the key of its number"""
    created: ClassVar[frozenset[str]]
    """the kinds with which a row begins"""

    def __init__(self) -> None:
        self._unproved: dict[int, int] = {}
        self._created = 0

    def facts(self, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def look(self, events_: Sequence[Entry]) -> None:
        rows = self.model._default_manager.in_bulk({entry.data[self.noun] for entry in events_})
        for entry in events_:
            pk = entry.data[self.noun]
            row = rows.get(pk)
            if row is None:
                raise Damage(entry.seq, f"{self.noun} {pk} is missing")
            self._created += entry.kind in self.created
            if entry.data["is"] == self.facts(row):
                self._unproved.pop(pk, None)
            else:
                self._unproved[pk] = entry.seq

    def end(self) -> None:
        if self._unproved:
            pk, seq = min(self._unproved.items(), key=lambda item: item[1])
            raise Damage(seq, f"{self.noun} {pk} is not what was last recorded of it")
        stored = self.model._default_manager.count()
        if stored != self._created:
            raise Damage(None, f"{stored - self._created} {self.noun}s were never recorded")


def _kinds_of(prefix: str) -> frozenset[str]:
    named = {**vars(events), **vars(time_events)}
    own = (name for key, name in named.items() if key.isupper() and name in kinds.registry)
    return frozenset(name for name in own if name.startswith(prefix))


@compared
class TaskRows(_LastFacts):
    kinds = _kinds_of("task.")
    model, noun, created = Task, "task", frozenset({events.CREATED})

    def facts(self, row: Task) -> dict[str, Any]:
        return facts_of(row)


@compared
class LeaseRows(_LastFacts):
    kinds = _kinds_of("lease.")
    model, noun = Lease, "lease"
    created = frozenset({events.LEASE_TAKEN, events.LEASE_QUEUED})

    def facts(self, row: Lease) -> dict[str, Any]:
        return facts_of_lease(row)


@compared
class PromiseRows(_LastFacts):
    kinds = _kinds_of("promise.")
    model, noun, created = Promise, "promise", frozenset({time_events.PROMISED})

    def facts(self, row: Promise) -> dict[str, Any]:
        return promises.facts_of(row)


@compared
class BlueprintRows(_LastFacts):
    kinds = _kinds_of("blueprint.")
    model, noun = Blueprint, "blueprint"
    created = frozenset({time_events.BLUEPRINT_CREATED})

    def facts(self, row: Blueprint) -> dict[str, Any]:
        return blueprints.facts_of(row)


@compared
class GoalRows(_LastFacts):
    kinds = _kinds_of("goal.")
    model, noun, created = Goal, "goal", frozenset({events.GOAL_CREATED})

    def facts(self, row: Goal) -> dict[str, Any]:
        return facts_of_goal(row)


@compared
class LinkRows(Comparison):
    """What counts for which goal, and how much. Which task that is, is compared where the event may
    name it: to who sees the goal, but not the task, it is "a task"."""

    kinds = frozenset({events.GOAL_ATTACHED, events.GOAL_DETACHED})

    def __init__(self) -> None:
        self._unproved: dict[int, int] = {}
        self._standing = 0

    def look(self, events_: Sequence[Entry]) -> None:
        rows = GoalTask.objects.in_bulk({entry.data["link"] for entry in events_})
        for entry in events_:
            pk = entry.data["link"]
            before, after = entry.data["changed"]["weight"]
            self._standing += (after is not None) - (before is not None)
            if _says(entry, after, rows.get(pk)):
                self._unproved.pop(pk, None)
            else:
                self._unproved[pk] = entry.seq

    def end(self) -> None:
        if self._unproved:
            pk, seq = min(self._unproved.items(), key=lambda item: item[1])
            raise Damage(seq, f"link {pk} of a goal is not what was last recorded of it")
        stored = GoalTask.objects.count()
        if stored != self._standing:
            raise Damage(None, f"{stored - self._standing} links of goals were never recorded")


def _says(entry: Entry, weight: int | None, row: GoalTask | None) -> bool:
    """Whether this is the row that the event leaves behind."""
    if row is None or weight is None:
        return row is None and weight is None
    named = entry.data["what"] in {f"T-{row.task_id}", "a task"}
    return named and (row.goal_id, row.weight) == (entry.data["goal"], weight)
