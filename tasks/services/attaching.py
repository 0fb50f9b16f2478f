"""Which tasks count for which goal."""

from __future__ import annotations

from orgchart.models import Member
from tasks import events
from tasks.access import GoalRef, Ref, access_goal, access_task, visible_goals
from tasks.goal_schemas import GoalOut
from tasks.models import Goal, GoalTask, Task
from tasks.selectors.goals import goal_out
from tasks.services.goals import Weight, check_goal_editor
from tasks.services.rolling_up import note_goal, roll_up
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(scope="tasks:write")
def attach_task(*, actor: Member, goal: GoalRef, task: Ref, weight: Weight = 1) -> GoalOut:
    """Let a task count for a goal, with a weight; the same call changes the weight.

    For those who may change the goal and see the task. A task counts for one goal.
    """
    part, found = access_task(actor=actor, task=task), access_goal(actor=actor, goal=goal)
    check_goal_editor(actor, found)
    if not found.is_open:
        raise Conflict(
            f"{found.name} is {found.status}; nothing more counts for it.",
            next=f"Open it again first: edit_goal(goal='{found.name}', status='open').",
        )
    link = GoalTask.objects.filter(task=part).select_related("goal").first()
    if link is not None and link.goal_id != found.pk:
        raise _elsewhere(actor, part, link.goal)
    before = link.weight if link else None
    if before != weight:
        link = link or GoalTask(task=part, goal=found)
        link.weight = weight
        link.save()
        _note(actor, found, part, events.GOAL_ATTACHED, link.pk, [before, weight])
        roll_up([found.pk])
    return goal_out(actor, access_goal(actor=actor, goal=goal))


@action(scope="tasks:write")
def detach_task(*, actor: Member, goal: GoalRef, task: Ref) -> GoalOut:
    """Let a task count for a goal no longer."""
    part, found = access_task(actor=actor, task=task), access_goal(actor=actor, goal=goal)
    check_goal_editor(actor, found)
    link = GoalTask.objects.filter(task=part, goal=found).first()
    if link is None:
        raise Conflict(
            f"{part.name} does not count for {found.name}.",
            next=f"list_goal_tasks(goal='{found.name}') shows what does.",
        )
    number, weight = link.pk, link.weight
    link.delete()
    _note(actor, found, part, events.GOAL_DETACHED, number, [weight, None])
    roll_up([found.pk])
    return goal_out(actor, access_goal(actor=actor, goal=goal))


def _elsewhere(actor: Member, task: Task, goal: Goal) -> Conflict:
    seen = visible_goals(actor).filter(pk=goal.pk).exists()
    where = goal.name if seen else "another goal, which you may not see"
    return Conflict(
        f"{task.name} counts for {where} already.",
        next=f"Detach it there first: detach_task(goal='{goal.name}', task='{task.name}')."
        if seen
        else f"Ask @{task.creator.handle}, or let a subtask of it count.",
    )


def _note(
    actor: Member, goal: Goal, task: Task, kind: str, link: int, weights: list[int | None]
) -> None:
    """The task is named only if whoever sees the goal sees it too."""
    named = task.name if task.home_id in {None, goal.home_id} else "a task"
    goal_now = Goal.objects.select_related("home").get(pk=goal.pk)
    note_goal(actor, goal_now, kind, {"weight": weights}, what=named, link=link)
