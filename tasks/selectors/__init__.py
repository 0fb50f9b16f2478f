"""What can be read of tasks."""

from tasks.selectors.blueprints import list_blueprints, show_blueprint
from tasks.selectors.calendars import show_working_calendar
from tasks.selectors.goals import list_goal_risks, list_goal_tasks, list_goals, show_goal
from tasks.selectors.history import list_task_history
from tasks.selectors.leases import check_files, list_leases, show_lease
from tasks.selectors.listing import list_dated_tasks, list_tasks, show_board
from tasks.selectors.promises import list_promises, show_promise
from tasks.selectors.showing import show_task
from tasks.selectors.work import show_work

__all__ = [
    "check_files",
    "list_blueprints",
    "list_dated_tasks",
    "list_goal_risks",
    "list_goal_tasks",
    "list_goals",
    "list_leases",
    "list_promises",
    "list_task_history",
    "list_tasks",
    "show_blueprint",
    "show_board",
    "show_goal",
    "show_lease",
    "show_promise",
    "show_task",
    "show_work",
    "show_working_calendar",
]
