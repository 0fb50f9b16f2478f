"""What actions of tasks speak of: tasks, goals, blueprints, promises, leases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging.access import access_channel, access_message
from messaging.touched import channel_touched
from messaging.walls import COMPANY
from orgchart.touched import members_touched
from tasks.access import access_goal, access_lease, access_task
from tasks.models import Task, WorkingCalendar
from tasks.promises import access_promise
from tasks.selectors.blueprints import access_blueprint
from teammcp.core.touched import Arguments, Touched, state_of, touching

OF_A_TASK = (
    "approve_task", "assign_task", "attach_task", "block_task", "cancel_task", "claim_task",
    "complete_task", "detach_task", "edit_task", "release_task", "remove_dependency",
    "add_dependency", "reopen_task", "report_progress", "request_changes", "set_parent",
    "submit_task", "unblock_task", "update_task",
)  # fmt: skip


BLUEPRINT = (
    "author_id", "title", "template", "home_id", "due_minutes", "skip_if_open", "cron", "zone",
    "state", "hook_digest",
)  # fmt: skip


def task_touched(row: Task) -> Iterator[Touched]:
    """A task as it is now, and the channel that is its home."""
    yield Touched(f"task:{row.pk}", str(row.version), row.name)
    yield from _home(row)


def _home(row: Any) -> Iterator[Touched]:
    if row.home is not None:
        yield channel_touched(row.home)


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


@touching("create_task", "set_parent", "add_dependency", "remove_dependency", "take_lease",
          "promise", "follow_task", "unfollow_task")  # fmt: skip
def other_tasks(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Tasks that are named beside: only that it is they counts, not how they are."""
    needs = arguments.get("needs") or []
    named = [arguments.get("parent"), *(needs if isinstance(needs, list) else [needs])]
    named += [arguments.get("task")]
    for name in named:
        if name:
            row = access_task(actor=actor, task=str(name))
            yield Touched(f"task:{row.pk}", "", row.name)


@touching("create_task", "create_goal", "create_blueprint", "update_blueprint", "edit_task",
          "edit_goal", "take_lease")  # fmt: skip
def the_home(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Who will see it: the channel that is named, or that of a message of which a task is made."""
    named = str(arguments.get("home") or "")
    if named and named.strip().lower() != COMPANY:
        yield channel_touched(access_channel(actor=actor, channel=named).channel)
    if number := arguments.get("from_message"):
        row = access_message(actor=actor, message_id=int(number))
        yield Touched(f"message:{row.pk}", "", f"message:{row.pk}")
        yield channel_touched(row.channel)


@touching("create_task", "create_goal", "create_blueprint", "update_blueprint", "edit_task",
          "edit_goal", "assign_task", "block_task", "submit_task", "promise")  # fmt: skip
def who_is_named(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Members who are to do, judge, own or get something."""
    fields = ["assignee", "reviewer", "owner", "on"]
    if str(arguments.get("to") or "").strip().lower() not in {"none", "nobody", ""}:
        fields.append("to")
    yield from members_touched(actor, arguments, *fields)


@touching("create_goal", "move_goal")
def the_goal_above(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    if named := str(arguments.get("parent") or ""):
        row = access_goal(actor=actor, goal=named)
        yield Touched(f"goal:{row.pk}", "", f"G-{row.pk}")


@touching("set_working_calendar")
def the_calendar(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """The company's, or what is different for one member."""
    whose = next(members_touched(actor, arguments, "member"), None)
    member = int(whose.key.partition(":")[2]) if whose else None
    row = WorkingCalendar.objects.filter(member=member).first()
    version = state_of(row, "zone", "hours", "holidays") if row else "none"
    yield Touched(f"calendar:{member or 'company'}", version, "calendar")
    if whose:
        yield whose


@touching("attach_task", "detach_task", "edit_goal", "move_goal")
def the_goal(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_goal(actor=actor, goal=str(arguments.get("goal") or ""))
    yield Touched(f"goal:{row.pk}", str(row.version), f"G-{row.pk}")
    yield from _home(row)


@touching("update_blueprint", "end_blueprint", "run_blueprint", "fire_blueprint",
          "make_blueprint_hook", "remove_blueprint_hook")  # fmt: skip
def the_blueprint(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_blueprint(actor=actor, blueprint_id=int(arguments.get("blueprint_id") or 0))
    version = state_of(row, *BLUEPRINT)
    yield Touched(f"blueprint:{row.pk}", version, f"blueprint:{row.pk}")
    yield from _home(row)


@touching("keep_promise", "break_promise", "release_promise")
def the_promise(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_promise(actor=actor, promise_id=int(arguments.get("promise_id") or 0))
    version = state_of(row, "text", "due_at", "state")
    yield Touched(f"promise:{row.pk}", version, f"promise:{row.pk}")


@touching("extend_lease", "release_lease", "break_lease")
def the_lease(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_lease(actor=actor, lease=str(arguments.get("lease") or ""))
    version = state_of(row, "holder_id", "names", "state")
    yield Touched(f"lease:{row.pk}", version, f"L-{row.pk}")
