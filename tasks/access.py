"""Which tasks a member may see, and how a task is named: one rule for every face."""

from __future__ import annotations

import re
from typing import Annotated

from annotated_types import MaxLen, MinLen
from django.db.models import Q, QuerySet

from messaging.access import at_home, board_topic, visible_places
from messaging.models import Channel
from orgchart.models import Member
from tasks.models import Goal, Lease, Task
from teammcp.core.cursors import number_in
from teammcp.core.errors import NotFound

Ref = Annotated[str, MinLen(1), MaxLen(20)]
"""The name of a task: "T-12", or its number."""

_SIGN = re.compile(r"#?t-(?=\d)", re.IGNORECASE)
MEMBERS = ("creator", "assignee", "reviewer", "submitted_by", "holder", "blocked_on")


def visible_tasks(actor: Member) -> QuerySet[Task]:
    """Those without a home, and those whose home the actor sees. Admins see no more than others."""
    return Task.objects.filter(at_home(actor))


def whole(rows: QuerySet[Task]) -> QuerySet[Task]:
    """With all that a rule asks of a task and an answer shows of it."""
    return rows.select_related(*MEMBERS, "home", "discussion", "parent")


def access_task(*, actor: Member, task: str) -> Task:
    """A task that the actor may see. Raises NotFound."""
    number = number_of(task)
    found = whole(visible_tasks(actor)).filter(pk=number).first() if number else None
    if found is None:
        raise no_task(task)
    return found


def no_task(named: str) -> NotFound:
    """The one answer for a task that is absent or hidden."""
    number = number_of(named)
    name = f"T-{number}" if number else named[:20]
    return NotFound(f"There is no task {name}.", next="list_tasks shows those that you may see.")


def number_of(named: str) -> int | None:
    """The number in the name of a task; None where it is none."""
    return number_in(_SIGN.sub("", named.strip(), count=1))


def sees(member: Member, task: Task) -> bool:
    """Whether this member may see the task."""
    return sees_home(member, task.home)


def sees_home(member: Member, home: Channel | None) -> bool:
    """Whether this member may see what has this home."""
    return home is None or visible_places(member).filter(pk=home.pk).exists()


def topics_of(task: Task) -> list[str]:
    """The topics of an event about a task: its own, and the one that says who may read it."""
    return [f"task-{task.pk}", board_topic(task.home_id)]


# Leases on names

LeaseRef = Annotated[str, MinLen(1), MaxLen(20)]
"""The name of a lease: "L-7", or its number."""

_LEASE_SIGN = re.compile(r"l-(?=\d)", re.IGNORECASE)


def visible_leases(actor: Member) -> QuerySet[Lease]:
    """One's own, and those without a home or whose home the actor sees."""
    return Lease.objects.filter(Q(holder=actor) | at_home(actor))


def access_lease(*, actor: Member, lease: str) -> Lease:
    """A lease that the actor may see. Raises NotFound."""
    number = number_in(_LEASE_SIGN.sub("", lease.strip(), count=1))
    rows = visible_leases(actor).select_related("holder", "home", "task")
    found = rows.filter(pk=number).first() if number else None
    if found is None:
        name = f"L-{number}" if number else lease[:20]
        raise NotFound(
            f"There is no lease {name}.", next="list_leases shows those that you may see."
        )
    return found


def lease_topics(lease: Lease) -> list[str]:
    """As `topics_of`, for a lease."""
    return [f"lease-{lease.pk}", board_topic(lease.home_id)]


# Goals

GoalRef = Annotated[str, MinLen(1), MaxLen(20)]
"""The name of a goal: "G-3", or its number."""

_GOAL_SIGN = re.compile(r"g-(?=\d)", re.IGNORECASE)


def visible_goals(actor: Member) -> QuerySet[Goal]:
    """Those without a home, and those whose home the actor sees."""
    return Goal.objects.filter(at_home(actor))


def access_goal(*, actor: Member, goal: str) -> Goal:
    """A goal that the actor may see. Raises NotFound."""
    number = number_in(_GOAL_SIGN.sub("", goal.strip(), count=1))
    rows = visible_goals(actor).select_related("creator", "owner", "home", "parent")
    found = rows.filter(pk=number).first() if number else None
    if found is None:
        name = f"G-{number}" if number else goal[:20]
        raise NotFound(f"There is no goal {name}.", next="list_goals shows those that you may see.")
    return found


def goal_topics(goal: Goal) -> list[str]:
    """As `topics_of`, for a goal."""
    return [f"goal-{goal.pk}", board_topic(goal.home_id)]
