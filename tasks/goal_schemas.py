"""What goals answer, on every face."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class GoalLine(Out):
    """A goal in a list. With a due date it is a milestone."""

    id: str
    """ "G-3": what every call takes as `goal`"""
    title: str
    status: str
    """open, achieved or dropped"""
    percent: float
    """rolled up over all that counts for it, also what you may not see"""
    owner: str | None
    due_at: datetime | None
    overdue: bool | None
    parent: str | None
    weight: int
    """within the parent"""
    home: str | None


class GoalPage(Out):
    """A page of goals."""

    items: list[GoalLine]
    more: bool
    cursor: str | None
    """pass it as `after` for the next page"""


class PartOut(Out):
    """A task that counts for a goal."""

    task: str
    title: str
    status: str
    percent: int
    """what it counts: 100 when it is done, else its progress, up to 90"""
    weight: int
    assignee: str | None
    due_at: datetime | None


class GoalOut(GoalLine):
    """A goal with what counts for it."""

    description: str
    creator: str
    subgoals: list[GoalLine]
    tasks: list[PartOut]
    """those that you may see, the oldest first, at most 50"""
    more_tasks: bool
    """list_goal_tasks shows all"""
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class PartPage(Out):
    """A page of what counts for a goal."""

    items: list[PartOut]
    more: bool
    cursor: str | None


class RiskOut(Out):
    """A task that endangers a goal, and why."""

    task: str
    title: str
    status: str
    goal: str | None
    """the goal or subgoal that it counts for, if you may see it"""
    assignee: str | None
    due_at: datetime | None
    why: list[str]
    """overdue, due after the goal, blocked, unresponsive, unclaimed"""
    waits_for: str | None
    """who has to act, and on what"""


class RiskPage(Out):
    """A page of what endangers a goal."""

    items: list[RiskOut]
    more: bool
    cursor: str | None
