"""Asking the table of transitions: who somebody is to a task, what they may do, and why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from orgchart.models import Member
from tasks import authority
from tasks.models import Task
from tasks.relations import (
    open_prerequisites,
    open_subtasks,
    started_dependents,
)
from tasks.times import said
from tasks.transitions import Condition, Role, Status, Transition, from_status, legal
from teammcp.core.errors import AppError, Conflict, Forbidden


def roles_of(actor: Member, task: Task) -> set[Role]:
    """What the actor is to this task."""
    roles = {
        role
        for role, pk in (
            (Role.HOLDER, task.holder_id if task.is_held() else None),
            (Role.ASSIGNEE, task.assignee_id),
            (Role.REVIEWER, task.reviewer_id),
            (Role.AWAITED, task.blocked_on_id),
            (Role.CREATOR, task.creator_id),
        )
        if pk == actor.pk
    }
    if actor.has_scope("admin"):
        roles.add(Role.ADMIN)
    if authority.manages(actor, task.creator) or authority.manages(actor, task.assignee):
        roles.add(Role.MANAGER)
    return roles


def moves_of(actor: Member, task: Task) -> list[str]:
    """The actions that the actor may try now."""
    return legal(task.status, roles_of(actor, task)) if actor.has_scope("tasks:write") else []


def check_move(actor: Member, task: Task, action: str) -> Transition:
    """The move that this action makes. Raises Conflict for an illegal one, naming the legal ones,
    Forbidden for somebody else's, Conflict for a condition that does not hold."""
    roles = roles_of(actor, task)
    move = from_status(action, task.status)
    if move is None:
        raise _illegal(task, action, legal(task.status, roles))
    if not {*roles, Role.ANYBODY} & set(move.who):
        raise _not_theirs(task, move)
    for condition in move.conditions:
        if (error := CHECKS[condition](actor, task)) is not None:
            raise error
    return move


def _illegal(task: Task, action: str, possible: list[str]) -> Conflict:
    now = f"{task.name} is {task.status}"
    if task.status == "blocked" and task.blocked_on:
        now += f" (@{task.blocked_on.handle} has to act: {task.blocked_action})"
    return Conflict(
        f"{now}; it cannot {action} from there.",
        next=f"What you can do now: {', '.join(possible)}."
        if possible
        else "Nothing that you may do is possible now; show_task shows it.",
        status=task.status,
        legal=possible,
    )


def _not_theirs(task: Task, move: Transition) -> Forbidden:
    who = {
        Role.HOLDER: task.holder,
        Role.ASSIGNEE: task.assignee,
        Role.REVIEWER: task.reviewer,
        Role.AWAITED: task.blocked_on,
        Role.CREATOR: task.creator,
    }
    asked = (member for role in move.who if (member := who.get(role)) is not None)
    named = ", ".join(dict.fromkeys(f"@{member.handle}" for member in asked))
    return Forbidden(
        f"{move.action} of {task.name} is for {', '.join(move.who)}.",
        next=f"Ask {named}." if named else f"Claim it first: claim_task(task='{task.name}').",
    )


# Conditions: each gives the refusal, or nothing where it holds


def _not_taken(actor: Member, task: Task) -> AppError | None:
    if task.assignee is None or task.assignee_id == actor.pk:
        return None
    return Conflict(
        f"{task.name} is assigned to @{task.assignee.handle}.",
        next=f"Ask @{task.assignee.handle}, or @{task.creator.handle} to assign it to you; or take"
        " another one: claim_task without a task.",
        assignee=f"@{task.assignee.handle}",
    )


def _not_reviewer(actor: Member, task: Task) -> AppError | None:
    if task.reviewer_id != actor.pk:
        return None
    return Conflict(
        f"You are the reviewer of {task.name}; somebody else has to do it.",
        next=f"Let @{task.creator.handle} name another reviewer first.",
    )


def _begun(actor: Member, task: Task) -> AppError | None:
    if task.start_after is None or task.start_after <= timezone.now():
        return None
    return Conflict(
        f"{task.name} may not begin before {said(task.start_after)}.",
        next="Come back then, or take another one: claim_task without a task.",
        start_after=task.start_after.isoformat(),
    )


def _ready(actor: Member, task: Task) -> AppError | None:
    names, hidden = open_prerequisites(actor, task)
    if not names and not hidden:
        return None
    shown = [*names, *([f"{hidden} that you may not see"] if hidden else [])]
    return Conflict(
        f"{task.name} waits for {', '.join(shown)}.",
        next=f"Finish {names[0]} first." if names else "You will hear when it waits no more.",
        waits_for=shown,
    )


def _whole(actor: Member, task: Task) -> AppError | None:
    names = open_subtasks(task)
    if not names:
        return None
    return Conflict(
        f"{task.name} has open subtasks: {', '.join(names)}.",
        next=f"Finish or cancel {names[0]} first.",
        open_subtasks=names,
    )


def _points(actor: Member, task: Task) -> AppError | None:
    if not task.open_points:
        return None
    if task.status == Status.IN_REVIEW:
        numbers = _unmet(task.points)
        call = f"update_task(task='{task.name}', to='changes', note=..., points={numbers})"
        way = f"Send it back: {call}"
    else:  # this call wrote nothing: what it says is met is to be said again
        numbers = _unmet(Task.objects.values_list("points", flat=True).get(pk=task.pk))
        way = f"Meet them, and pass points={numbers}"
    return Conflict(
        f"{task.name} has acceptance points that are not met: {'; '.join(task.open_points)}.",
        next=f"{way}.",
        open_points=task.open_points,
    )


def _unmet(points: list[dict[str, Any]]) -> list[int]:
    return [place for place, point in enumerate(points, 1) if not point["done"]]


def _no_review(actor: Member, task: Task) -> AppError | None:
    if not task.needs_review:
        return None
    return Conflict(
        f"{task.name} needs a review before it is done.",
        next=f"Submit it: update_task(task='{task.name}', to='review', result=...).",
    )


def _not_author(actor: Member, task: Task) -> AppError | None:
    if actor.pk not in {task.submitted_by_id, task.assignee_id}:
        return None
    return Conflict(
        f"You did the work of {task.name}; somebody else has to review it.",
        next=f"@{task.reviewer.handle} is asked." if task.reviewer else "Name a reviewer.",
    )


def _no_dependent(actor: Member, task: Task) -> AppError | None:
    names, hidden = started_dependents(actor, task)
    if task.parent is not None and not task.parent.is_open:
        names = [task.parent.name, *names]
    if not names and not hidden:
        return None
    shown = [*names, *([f"{hidden} that you may not see"] if hidden else [])]
    return Conflict(
        f"{', '.join(shown)} went on because {task.name} was closed.",
        next="Create a new task for what is left to do.",
    )


CHECKS: dict[Condition, Callable[[Member, Task], AppError | None]] = {
    Condition.NOT_TAKEN: _not_taken,
    Condition.NOT_REVIEWER: _not_reviewer,
    Condition.BEGUN: _begun,
    Condition.READY: _ready,
    Condition.WHOLE: _whole,
    Condition.POINTS: _points,
    Condition.NO_REVIEW: _no_review,
    Condition.NOT_AUTHOR: _not_author,
    Condition.NO_DEPENDENT: _no_dependent,
}
