"""What a task waits for, and what it is a part of."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.utils import timezone

from orgchart.models import Member
from tasks import events
from tasks.access import Ref, access_task
from tasks.loops import check_no_loop
from tasks.models import Dependency, Task
from tasks.relations import has_open_prerequisites
from tasks.rules import roles_of
from tasks.schemas import TaskOut
from tasks.selectors.showing import task_out
from tasks.services.recording import store
from tasks.services.telling import called, tell_about
from tasks.transitions import STEWARDS, Role, Status
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

PLANNERS = {*STEWARDS, Role.ASSIGNEE, Role.HOLDER}


@action(scope="tasks:write")
def add_dependency(*, actor: Member, task: Ref, needs: Ref) -> TaskOut:
    """Let a task wait for another one, `needs`: it can neither start nor finish before that one."""
    waiting, awaited = _pair(actor, task, needs)
    _check_planner(actor, waiting)
    if waiting.status in {Status.DONE, Status.IN_REVIEW, Status.CANCELLED} and awaited.is_open:
        raise Conflict(
            f"{waiting.name} is {waiting.status}; it can wait for nothing that is open.",
            next=f"Reopen {waiting.name} first, or create a task for what is left.",
            status=waiting.status,
        )
    check_no_loop(waiting, awaited, said=f"{waiting.name} needing {awaited.name}")
    _, new = Dependency.objects.get_or_create(
        task=waiting, prerequisite=awaited, defaults={"created_at": timezone.now()}
    )
    if new:
        _note(actor, waiting, events.NEEDS, awaited, [None, awaited.pk])
    return task_out(actor, waiting)


@action(scope="tasks:write")
def remove_dependency(*, actor: Member, task: Ref, needs: Ref) -> TaskOut:
    """Let a task wait for another one no longer."""
    waiting, awaited = _pair(actor, task, needs)
    _check_planner(actor, waiting)
    deleted, _ = Dependency.objects.filter(task=waiting, prerequisite=awaited).delete()
    if not deleted:
        raise Conflict(
            f"{waiting.name} does not need {awaited.name}.",
            next=f"show_task(task='{waiting.name}') shows what it needs.",
        )
    _note(actor, waiting, events.NEEDS_NOT, awaited, [awaited.pk, None])
    if waiting.status == Status.TODO and awaited.is_open and not has_open_prerequisites(waiting):
        begin = f"claim_task(task='{waiting.name}') begins it."
        said = f"{called(waiting)} waits for nothing any more. {begin}"
        tell_about(waiting, [waiting.assignee], said, without=actor)
    return task_out(actor, waiting)


def _pair(actor: Member, task: str, needs: str) -> tuple[Task, Task]:
    return access_task(actor=actor, task=task), access_task(actor=actor, task=needs)


def _note(actor: Member, task: Task, kind: str, other: Task, pair: list[int | None]) -> None:
    store(actor, task, kind, {}, also={"needs": pair}, needs=other.name)


@action(scope="tasks:write")
def set_parent(*, actor: Member, task: Ref, parent: Annotated[str, MaxLen(20)] = "") -> TaskOut:
    """Make a task a subtask of another one, or without `parent` of none. Both have one home."""
    part = access_task(actor=actor, task=task)
    _check_planner(actor, part)
    above = access_task(actor=actor, task=parent) if parent else None
    if above is not None:
        _check_parent(actor, part, above)
    if above != part.parent:
        name = above.name if above else "nothing"
        store(actor, part, events.MOVED_UNDER, {"parent": above}, parent=name)
    return task_out(actor, part)


def _check_parent(actor: Member, part: Task, above: Task) -> None:
    _check_planner(actor, above)
    if part.home_id != above.home_id:
        raise Conflict(
            f"{part.name} and {above.name} are seen by different members.",
            next=f"Give {part.name} the home of {above.name} first: edit_task(home=...).",
        )
    if part.is_open and above.status in {Status.DONE, Status.CANCELLED, Status.IN_REVIEW}:
        raise Conflict(
            f"{above.name} is {above.status}; it takes no more open subtasks.",
            next=f"Reopen {above.name} first.",
            status=above.status,
        )
    check_no_loop(above, part, said=f"{part.name} as a part of {above.name}")


def _check_planner(actor: Member, task: Task) -> None:
    if not roles_of(actor, task) & PLANNERS:
        raise Forbidden(
            f"Only those who created {task.name} or do it, their managers, and admins can change"
            " what it waits for or belongs to.",
            next=f"Ask @{(task.assignee or task.creator).handle}.",
        )
