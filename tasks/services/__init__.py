"""What can be done with tasks: all writes."""

from tasks.services.assigning import assign_task
from tasks.services.attaching import attach_task, detach_task
from tasks.services.blocking import block_task, unblock_task
from tasks.services.blueprints import (
    create_blueprint,
    end_blueprint,
    make_blueprint_hook,
    remove_blueprint_hook,
    update_blueprint,
)
from tasks.services.calendars import set_working_calendar
from tasks.services.claiming import claim_task
from tasks.services.creating import create_task
from tasks.services.discussing import follow_task, unfollow_task
from tasks.services.editing import edit_task
from tasks.services.finishing import cancel_task, complete_task, reopen_task
from tasks.services.firing import fire_blueprint
from tasks.services.goals import create_goal, edit_goal, move_goal
from tasks.services.holding import break_lease, extend_lease, release_lease
from tasks.services.linking import add_dependency, remove_dependency, set_parent
from tasks.services.moving import update_task
from tasks.services.promising import break_promise, keep_promise, promise, release_promise
from tasks.services.recurring import run_blueprint, take_hook
from tasks.services.reviewing import approve_task, request_changes, submit_task
from tasks.services.taking import take_lease
from tasks.services.working import release_task, report_progress

__all__ = [
    "add_dependency",
    "approve_task",
    "assign_task",
    "attach_task",
    "block_task",
    "break_lease",
    "break_promise",
    "cancel_task",
    "claim_task",
    "complete_task",
    "create_blueprint",
    "create_goal",
    "create_task",
    "detach_task",
    "edit_goal",
    "edit_task",
    "end_blueprint",
    "extend_lease",
    "fire_blueprint",
    "follow_task",
    "keep_promise",
    "make_blueprint_hook",
    "move_goal",
    "promise",
    "release_lease",
    "release_promise",
    "release_task",
    "remove_blueprint_hook",
    "remove_dependency",
    "reopen_task",
    "report_progress",
    "request_changes",
    "run_blueprint",
    "set_parent",
    "set_working_calendar",
    "submit_task",
    "take_hook",
    "take_lease",
    "unblock_task",
    "unfollow_task",
    "update_blueprint",
    "update_task",
]
