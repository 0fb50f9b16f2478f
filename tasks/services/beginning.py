"""What every move begins and ends with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orgchart.models import Member
from tasks import texts
from tasks.access import access_task
from tasks.models import Task
from tasks.rules import check_move, moves_of
from tasks.schemas import Moved
from tasks.services.leases import check_fence
from teammcp.core.errors import InvalidInput

WORK = frozenset({"progress", "submit", "complete"})  # what only a holder does


def begun(actor: Member, task: str, action: str, token: int | None = None) -> Task:
    """The task, if the actor may do this with it now. Raises NotFound, Conflict, Forbidden."""
    found = access_task(actor=actor, task=task)
    check_fence(actor, found, token, working=action in WORK)
    check_move(actor, found, action)
    return found


def reported(task: Task, result: str, evidence: list[str], points: Iterable[int]) -> dict[str, Any]:
    """The fields that a report changes: what is left out stays as it is."""
    changes: dict[str, Any] = {}
    if result:
        changes["result"] = texts.long_text("result", result)
    if evidence:
        changes["evidence"] = list(
            dict.fromkeys([*task.evidence, *texts.lines("evidence", evidence)])
        )
    if points:
        changes["points"] = marked(task, points, done=True)
    return changes


def marked(task: Task, numbers: Iterable[int], *, done: bool) -> list[dict[str, Any]]:
    """The acceptance points with these, counted from 1, met or not. Raises InvalidInput."""
    wanted, known = set(numbers), len(task.points)
    wrong = sorted(number for number in wanted if not 1 <= number <= known)
    if wrong:
        raise InvalidInput(
            f"{task.name} has {known} acceptance points; there is no point {wrong[0]}.",
            fields={"points": "no such point"},
            next=f"Count from 1 to {known}; show_task(task='{task.name}') shows them."
            if known
            else "Leave points out.",
        )
    return [
        {**point, "done": done} if number in wanted else point
        for number, point in enumerate(task.points, 1)
    ]


def moved(actor: Member, task: Task, *, note: str | None = None) -> Moved:
    """How the task stands now."""
    mine = task.holder_id == actor.pk and task.is_held()
    return Moved(
        id=task.name,
        status=task.status,
        assignee=task.assignee.handle if task.assignee else None,
        until=task.expires_at if mine else None,
        progress=task.progress,
        version=task.version,
        moves=moves_of(actor, task),
        note=note,
    )
