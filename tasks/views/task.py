"""The page of a task: all that is known of it, what one can do with it, what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orgchart.faces import faces_of
from tasks import selectors
from tasks.schemas import Change, Changes, NeedOut, TaskOut
from tasks.selectors.similar import similar_to_shown
from tasks.transitions import CLOSED
from tasks.views.discussion import discussion_of
from tasks.views.words import COLUMNS, PRIORITIES, late, left_of, moves_in_words
from teammcp.core.web import Refused, WebRequest, fragment, page, page_or_part, signed_in

HISTORY = 12
FIELDS = {
    "due_at": "due", "start_after": "may begin", "blocked_on": "blocked by",
    "blocked_action": "what has to be done", "needs_review": "needs a review",
    "expires_at": "lease until", "closed_at": "closed", "submitted_by": "submitted by",
    "read_only": "changes nothing", "priority": "priority",
}  # fmt: skip
NOT_TOLD = {"token", "heartbeat_at", "claimed_at", "blocked_at", "expires_at", "closed_at"}


@dataclass(frozen=True, slots=True)
class Step:
    """An event of a task as a line of its history."""

    change: Change
    about: list[tuple[str, str, str]]
    """a field, before and after, in words"""


@signed_in
def show(request: WebRequest, *, number: int, refused: Refused | None = None) -> HttpResponse:
    """The page; for htmx the part of it that follows the task."""
    context = task_context(request, number)
    context |= {"refused": refused, "kept": refused.kept if refused else {}}
    if request.htmx and refused is None:
        return fragment(request, "tasks/_task.html", context)
    context["discussion"] = discussion_of(request.user, number)
    return page(request, "tasks/task.html", context)


def task_context(request: WebRequest, number: int) -> dict[str, Any]:
    """What the part that follows the task is drawn of."""
    task = selectors.show_task(actor=request.user, task=f"T-{number}")
    names = [task.creator, task.assignee, task.reviewer, task.blocked.on if task.blocked else None]
    now = timezone.now()
    return {
        "task": task,
        "number": number,
        "faces": faces_of(names),
        "moves": moves_in_words(task.moves),
        "asked": request.GET.get("do", ""),
        "column": COLUMNS[task.status],
        "columns": COLUMNS,
        "met": sum(point.done for point in task.points),
        "parts_done": _closed(task.subtasks),
        "needs_open": len(task.needs) - _closed(task.needs),
        "overdue": task.status not in CLOSED and late(task.due_at, now),
        "left": left_of(task.lease.until, now) if task.lease else "",
        "may_write": request.user.has_scope("tasks:write"),
        "similar": similar_to_shown(request.user, task) if task.status not in CLOSED else [],
        "history": _history(request, number),
        "topics": " ".join(dict.fromkeys(f"task-{name[2:]}" for name in _related(task))),
    }


def _closed(tasks: Iterable[NeedOut]) -> int:
    return sum(task.status in CLOSED for task in tasks)


def _related(task: TaskOut) -> list[str]:
    parent = [task.parent] if task.parent else []
    return [task.id, *(one.id for one in (*task.needs, *task.needed_by, *task.subtasks)), *parent]


# History


@signed_in
def history(request: WebRequest, *, number: int) -> HttpResponse:
    """Older events."""
    context = {"history": _history(request, number), "number": number}
    return page_or_part(request, "tasks/history.html", context)


def _history(request: WebRequest, number: int) -> dict[str, Any]:
    asked: dict[str, Any] = {"task": f"T-{number}", "limit": HISTORY}
    if before := request.GET.get("before", ""):
        asked["before"] = before
    found: Changes = selectors.list_task_history.call(request.user, asked)
    return {"steps": [_step(change) for change in found.items], "cursor": found.cursor}


def _step(change: Change) -> Step:
    about = [
        (FIELDS.get(name, name.replace("_", " ")), _said(name, pair[0]), _said(name, pair[1]))
        for name, pair in change.changed.items()
        if name not in NOT_TOLD and isinstance(pair, list) and len(pair) == 2
    ]
    return Step(change, about)


def _said(name: str, value: Any) -> str:
    """A value as the ledger keeps it, in words."""
    if value is None or value in ("", []):
        return "nothing"
    if name in WORDS:
        return WORDS[name](value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "a text" if "sha256" in value else "…"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _points(points: list[dict[str, Any]]) -> str:
    return ", ".join(f"{'☑' if point['done'] else '☐'} {point['text']}" for point in points)


def _moment(text: str) -> str:
    at = parse_datetime(text)
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else text


WORDS: dict[str, Callable[[Any], str]] = {
    "status": lambda status: COLUMNS.get(status, status).lower(),
    "priority": lambda priority: PRIORITIES[priority],
    "points": _points,
    "due_at": _moment,
    "start_after": _moment,
}
