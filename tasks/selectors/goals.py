"""Goals: lists, one with what counts for it, and what endangers it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from orgchart.models import Member
from orgchart.presence import AWAY_FOR
from orgchart.selectors import access_member
from tasks.access import GoalRef, access_goal, access_task, visible_goals, visible_tasks
from tasks.goal_schemas import (
    GoalLine,
    GoalOut,
    GoalPage,
    PartOut,
    PartPage,
    RiskOut,
    RiskPage,
)
from tasks.goal_tree import below, counted
from tasks.models import Goal, Task
from tasks.selectors.showing import homes_of, is_unresponsive
from tasks.transitions import OPEN, Status
from teammcp.core.actions import query
from teammcp.core.cursors import cursor_in

SHOWN = 50
SOON = timedelta(hours=24)
Which = Literal["open", "milestones", "achieved", "dropped", "all"]
Limit = Annotated[int, Ge(1), Le(200)]
After = Annotated[str, MaxLen(20)]
ADVICE = "Pass the cursor of the page before."


@query(scope="tasks:read")
def list_goals(
    *,
    actor: Member,
    which: Which = "open",
    owner: Annotated[str, MaxLen(60)] = "",
    parent: Annotated[str, MaxLen(20)] = "",
    task: Annotated[str, MaxLen(20)] = "",
    limit: Limit = 20,
    after: After = "",
) -> GoalPage:
    """Goals that you may see, the oldest first, with how far each is.

    `which`: "milestones" are open goals with a due date. `owner` is a member, or "none"; `parent`
    the goal that they stand under; `task` the one that counts for it.
    """
    rows = visible_goals(actor)
    if which == "milestones":
        rows = rows.filter(status=Goal.Status.OPEN, due_at__isnull=False)
    elif which != "all":
        rows = rows.filter(status=which)
    if owner:
        member = actor if owner == "me" else None
        if owner != "none" and member is None:
            member = access_member(actor=actor, handle=owner)
        rows = rows.filter(owner=member)
    if parent:
        rows = rows.filter(parent=access_goal(actor=actor, goal=parent))
    if task:
        rows = rows.filter(links__task=access_task(actor=actor, task=task))
    page, more, cursor = _page(rows, limit, after)
    return GoalPage(items=lines_of(actor, page), more=more, cursor=cursor)


def _page(rows: QuerySet[Any], limit: int, after: str) -> tuple[list[Any], bool, str | None]:
    begin = cursor_in(after, "after", advice=ADVICE) if after else 0
    found = list(rows.filter(pk__gt=begin).order_by("pk")[: limit + 1])
    more = len(found) > limit
    page = found[:limit]
    return page, more, str(page[-1].pk) if more else None


def lines_of(actor: Member, goals: Iterable[Goal]) -> list[GoalLine]:
    """Goals of a list: up to three further queries for all."""
    goals = list(goals)
    if not goals:
        return []
    whole = Goal.objects.filter(pk__in=[goal.pk for goal in goals]).select_related("owner", "home")
    rows = {goal.pk: goal for goal in whole}
    homes = homes_of(actor, rows.values())
    over = {goal.parent_id for goal in goals if goal.parent_id}
    seen = visible_goals(actor).filter(pk__in=over) if over else Goal.objects.none()
    parents = set(seen.values_list("pk", flat=True))
    now = timezone.now()
    return [GoalLine(**_line(rows[goal.pk], homes, parents, now)) for goal in goals]


def _line(goal: Goal, homes: dict[int, str], parents: set[int], now: datetime) -> dict[str, Any]:
    late = goal.is_open and goal.due_at is not None and goal.due_at < now
    return {
        "id": goal.name,
        "title": goal.title,
        "status": goal.status,
        "percent": goal.percent,
        "owner": goal.owner.handle if goal.owner else None,
        "due_at": goal.due_at,
        "overdue": late or None,
        "parent": f"G-{goal.parent_id}" if goal.parent_id in parents else None,
        "weight": goal.weight,
        "home": homes.get(goal.home_id or 0),
    }


@query(scope="tasks:read")
def show_goal(*, actor: Member, goal: GoalRef) -> GoalOut:
    """One goal with what counts for it. The percentage is over all of that; named is only what you
    may see."""
    return goal_out(actor, access_goal(actor=actor, goal=goal))


def goal_out(actor: Member, goal: Goal) -> GoalOut:
    """A goal as this reader sees it."""
    subgoals = list(visible_goals(actor).filter(parent=goal).order_by("pk")[:SHOWN])
    own, *others = lines_of(actor, [goal, *subgoals])
    parts, more, _ = _page(_parts(actor, goal), SHOWN, "")
    return GoalOut(
        **own.model_dump(),
        description=goal.description,
        creator=goal.creator.handle,
        subgoals=others,
        tasks=[_part(task) for task in parts],
        more_tasks=more,
        version=goal.version,
        created_at=goal.created_at,
        updated_at=goal.updated_at,
        closed_at=goal.closed_at,
    )


@query(scope="tasks:read")
def list_goal_tasks(
    *, actor: Member, goal: GoalRef, limit: Limit = 50, after: After = ""
) -> PartPage:
    """The tasks that count for a goal and that you may see, with their weights."""
    found = access_goal(actor=actor, goal=goal)
    page, more, cursor = _page(_parts(actor, found), limit, after)
    return PartPage(items=[_part(task) for task in page], more=more, cursor=cursor)


def _parts(actor: Member, goal: Goal) -> QuerySet[Task]:
    rows = visible_tasks(actor).filter(goal_link__goal=goal)
    return rows.select_related("assignee", "goal_link")


def _part(task: Task) -> PartOut:
    return PartOut(
        task=task.name,
        title=task.title,
        status=task.status,
        percent=counted(task.status, task.progress),
        weight=task.goal_link.weight,
        assignee=task.assignee.handle if task.assignee else None,
        due_at=task.due_at,
    )


@query(scope="tasks:read")
def list_goal_risks(
    *, actor: Member, goal: GoalRef, limit: Limit = 20, after: After = ""
) -> RiskPage:
    """What endangers a goal: open tasks that count for it, or for a goal below it, and that are
    overdue, due after the goal, blocked, held by an agent who shows no sign of life, or unclaimed
    with a day left or less. Only what you may see."""
    found = access_goal(actor=actor, goal=goal)
    now = timezone.now()
    goals = visible_goals(actor).filter(pk__in=below(found.pk))
    rows = visible_tasks(actor).filter(goal_link__goal__in=goals, status__in=sorted(OPEN))
    rows = rows.filter(_endangered(now)).select_related("assignee", "blocked_on", "goal_link__goal")
    page, more, cursor = _page(rows, limit, after)
    risks = [(task, list(_reasons(task, now))) for task in page]
    # Who was seen just now is known in this process only: such tasks fall out of their page here.
    items = [_risk(task, why) for task, why in risks if why]
    return RiskPage(items=items, more=more, cursor=cursor)


def _endangered(now: datetime) -> Q:
    """As `_reasons` says it, in SQL; and more where only the process knows of a sign of life."""
    late = Q(due_at__lt=now) | Q(due_at__gt=F("goal_link__goal__due_at"))
    soon = Q(due_at__lt=now + SOON) | Q(goal_link__goal__due_at__lt=now + SOON)
    silent = Q(assignee__last_active_at=None) | Q(assignee__last_active_at__lt=now - AWAY_FOR)
    silent &= Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - AWAY_FOR)
    silent |= ~Q(assignee__status=Member.Status.ACTIVE)
    return (
        late
        | Q(status=Status.BLOCKED.value)
        | (Q(status=Status.TODO.value, assignee=None) & soon)
        | (Q(assignee__kind=Member.Kind.AGENT) & silent)
    )


def _reasons(task: Task, now: datetime) -> Iterator[str]:
    due = task.goal_link.goal.due_at
    if task.due_at is not None and task.due_at < now:
        yield "overdue"
    if task.due_at is not None and due is not None and task.due_at > due:
        yield "due after the goal"
    if task.status == Status.BLOCKED:
        yield "blocked"
    if is_unresponsive(task):
        yield "unresponsive"
    ends = min((at for at in (task.due_at, due) if at is not None), default=None)
    unclaimed = task.status == Status.TODO and task.assignee_id is None
    if unclaimed and ends is not None and ends < now + SOON:
        yield "unclaimed"


def _risk(task: Task, why: list[str]) -> RiskOut:
    owner = task.blocked_on
    return RiskOut(
        task=task.name,
        title=task.title,
        status=task.status,
        goal=task.goal_link.goal.name,
        assignee=task.assignee.handle if task.assignee else None,
        due_at=task.due_at,
        why=why,
        waits_for=f"@{owner.handle}: {task.blocked_action}" if owner else None,
    )
