"""Tasks on other pages: in the sidebar, in a message's menu, among what a search finds, and in what
people write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from approvals.presenting import Arguments, presenting
from messaging.elsewhere import Hit, Offer, finding, offering
from messaging.schemas import MessageOut
from messaging.templatetags.markdown import without_links
from orgchart.models import Member
from tasks import selectors
from tasks.access import number_of, visible_tasks
from tasks.schemas import TaskLine, TaskOut
from tasks.views.words import COLUMNS
from teammcp.core.errors import AppError, NotFound
from teammcp.core.web import WebRequest, finishing, shell_part

FOUND = 5


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    icon: str
    name: str


@shell_part
def around(request: WebRequest) -> dict[str, Any]:
    return {"links": [Place("/tasks/", "list-check", "Tasks")]}


@offering
def task_of_message(actor: Member, message: MessageOut) -> Iterator[Offer]:
    if message.task:
        yield Offer(f"/tasks/{message.task[2:]}/", "list-check", f"Its task, {message.task}")
    elif actor.has_scope("tasks:write") and message.deleted_at is None:
        address = f"/tasks/new/?from_message={message.id}"
        yield Offer(address, "list-check", "Make a task of it")


@finding
def tasks_found(actor: Member, words: str) -> Iterator[Hit]:
    """By name, then by what they say."""
    if not actor.has_scope("tasks:read"):
        return
    named = _named(actor, words)
    if named is not None:
        yield _hit(named)
    asked = {"text": words[:200], "which": "all", "limit": FOUND}
    try:
        found = selectors.list_tasks.call(actor, asked).items
    except AppError:
        return
    yield from (_hit(line) for line in found if named is None or line.id != named.id)


def _named(actor: Member, words: str) -> TaskOut | None:
    number = number_of(words) if words[:1] in "tT#" else None
    if number is None:
        return None
    try:
        return selectors.show_task(actor=actor, task=f"T-{number}")
    except NotFound:
        return None


def _hit(task: TaskLine | TaskOut) -> Hit:
    who = f" · @{task.assignee}" if task.assignee else ""
    note = f"{COLUMNS[task.status].lower()}{who}"
    return Hit(f"/tasks/{task.id[2:]}/", "list-check", f"{task.id} {task.title}", note)


@finishing
def without_links_to_hidden(request: WebRequest, html: str) -> str:
    """What a text calls T-12 is a link for who sees that task. For others the hidden and the absent
    are the same: letters."""
    actor: Member = request.user

    def unlink(named: set[int]) -> set[int]:
        if not actor.has_scope("tasks:read"):
            return named
        return named - set(visible_tasks(actor).filter(pk__in=named).values_list("pk", flat=True))

    return without_links(html, unlink)


@presenting("edit_task")
def task_now(viewer: Member, arguments: Arguments) -> Mapping[str, Any]:
    """What a task says at present, for who decides on a change of it."""
    task = selectors.show_task(actor=viewer, task=str(arguments["task"])).model_dump(mode="json")
    task["points"] = [point["text"] for point in task["points"]]
    given = {name for name, value in arguments.items() if value is not None}
    return {name: value for name, value in task.items() if name in given}
