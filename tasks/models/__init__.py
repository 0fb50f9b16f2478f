"""Tasks and what stands around them."""

from tasks.models.blueprints import Blueprint, BlueprintRun
from tasks.models.calendars import WorkingCalendar
from tasks.models.goals import WHOLE, Goal, GoalTask
from tasks.models.leases import Lease
from tasks.models.promises import PROMISE_LIMIT, Promise
from tasks.models.reminders import Reminder
from tasks.models.tasks import TITLE_LIMIT, Dependency, Follower, Label, Task, Touched

__all__ = [
    "PROMISE_LIMIT",
    "TITLE_LIMIT",
    "WHOLE",
    "Blueprint",
    "BlueprintRun",
    "Dependency",
    "Follower",
    "Goal",
    "GoalTask",
    "Label",
    "Lease",
    "Promise",
    "Reminder",
    "Task",
    "Touched",
    "WorkingCalendar",
]
