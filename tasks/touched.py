"""What actions of tasks speak of: tasks, goals, blueprints, promises, leases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasks.access import access_goal, access_lease, access_task
from tasks.models import Promise, Task
from tasks.promises import visible_promises
from tasks.selectors.blueprints import visible_blueprints
from teammcp.core.touched import Arguments, Touched, state_of, touching

OF_A_TASK = (
    "approve_task", "assign_task", "attach_task", "block_task", "cancel_task", "claim_task",
    "complete_task", "detach_task", "edit_task", "release_task", "remove_dependency",
    "add_dependency", "reopen_task", "report_progress", "request_changes", "set_parent",
    "submit_task", "unblock_task", "update_task",
)  # fmt: skip


def task_touched(row: Task) -> Iterator[Touched]:
    """A task as it is now, and the channel that is its home."""
    yield Touched(f"task:{row.pk}", str(row.version), row.name)
    yield from _home(row)


def _home(row: Any) -> Iterator[Touched]:
    if row.home is not None:
        yield Touched(f"channel:{row.home_id}", "", f"#{row.home.name}")


@touching(*OF_A_TASK)
def the_task(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    if named := str(arguments.get("task") or ""):
        yield from task_touched(access_task(actor=actor, task=named))


@touching("send_message", "schedule_message", "update_schedule")
def discussed(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Who sees the home of a task reads its discussion, also one that opens with the first word."""
    to = str(arguments.get("to") or "").strip().lower()
    if to.startswith("#t-"):
        row = access_task(actor=actor, task=to)
        yield Touched(f"task:{row.pk}", "", row.name)
        yield from _home(row)


@touching("create_task", "set_parent", "add_dependency", "remove_dependency", "take_lease")
def other_tasks(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Tasks that are named beside: only that it is they counts, not how they are."""
    needs = arguments.get("needs") or []
    named = [arguments.get("parent"), *(needs if isinstance(needs, list) else [needs])]
    for name in named:
        if name:
            row = access_task(actor=actor, task=str(name))
            yield Touched(f"task:{row.pk}", "", row.name)


@touching("attach_task", "detach_task", "edit_goal", "move_goal")
def the_goal(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_goal(actor=actor, goal=str(arguments.get("goal") or ""))
    yield Touched(f"goal:{row.pk}", str(row.version), f"G-{row.pk}")
    yield from _home(row)


@touching("update_blueprint", "end_blueprint", "run_blueprint", "make_blueprint_hook",
          "remove_blueprint_hook")  # fmt: skip
def the_blueprint(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    for row in visible_blueprints(actor).filter(pk=int(arguments.get("blueprint_id") or 0)):
        version = state_of(row, "title", "template", "cron", "zone", "state", "hook_hint")
        yield Touched(f"blueprint:{row.pk}", version, f"blueprint:{row.pk}")


@touching("keep_promise", "break_promise", "release_promise")
def the_promise(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    rows = visible_promises(actor).filter(pk=int(arguments.get("promise_id") or 0))
    for row in rows:
        assert isinstance(row, Promise)
        version = state_of(row, "text", "due_at", "state")
        yield Touched(f"promise:{row.pk}", version, f"promise:{row.pk}")


@touching("extend_lease", "release_lease", "break_lease")
def the_lease(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_lease(actor=actor, lease=str(arguments.get("lease") or ""))
    version = state_of(row, "holder_id", "names", "state")
    yield Touched(f"lease:{row.pk}", version, f"L-{row.pk}")
