"""The forms that write a task down: a new one, and one that is changed without losing what others
changed meanwhile."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from messaging.selectors import show_message
from messaging.views.places import new_key
from tasks import selectors, services
from tasks.schemas import Created, TaskOut
from tasks.views.words import PRIORITIES
from teammcp.core.actions import Action
from teammcp.core.cursors import number_in
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    form_values,
    go,
    page,
    signed_in,
)

TIMES = ("due_at", "start_after")
LINES = ("points", "evidence", "touches")
FILLED = (
    "title", "description", "priority", "assignee", "reviewer", "home", "parent", "labels",
    "points", "needs", "skills", "touches", "due_at", "start_after", "from_message",
)  # fmt: skip


def task_values(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """`form_values`, where these lists have a line for each, and times are the reader's own."""
    values = form_values(action, form)
    for name in set(LINES) & values.keys():
        if not all(text.isdecimal() for text in values[name]):  # numbers of points stay as they are
            lines = (line.strip() for text in form.getlist(name) for line in text.splitlines())
            values[name] = [line for line in lines if line]
    for name in set(TIMES) & values.keys():
        values[name] = _aware(values[name])
    if "clear" in action.input.model_fields:
        values |= _emptied(values, form)
    return values


def _aware(text: str) -> str:
    try:
        at = parse_datetime(text)
    except ValueError:
        return text
    return timezone.make_aware(at).isoformat() if at and timezone.is_naive(at) else text


def _emptied(values: dict[str, Any], form: QueryDict) -> dict[str, Any]:
    """An empty box of a form that changes something means that it shall be empty."""
    empty = [name for name in (*TIMES, "reviewer") if form.get(name) == ""]
    if "reviewer" in empty:
        values.pop("reviewer", None)
    return {"clear": empty} if empty else {}


# A new task


@signed_in
def new(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """The form, filled in with what its address says."""
    services.create_task.check_scope(request.user)
    given = {name: request.GET.get(name, "")[:400] for name in FILLED}
    origin = number_in(request.GET.get("from_message", ""))
    message = show_message(actor=request.user, message_id=origin) if origin else None
    values: dict[str, Any] = {**given, "priority": given["priority"] or "normal"}
    if message is not None:
        values["title"] = given["title"] or _first_line(message.body)
    context = {
        "values": {**values, **(refused.kept if refused else {})},
        "message": message,
        "priorities": PRIORITIES,
        "client_key": new_key(),
        "refused": refused,
    }
    return page(request, "tasks/new.html", context)


def _first_line(text: str) -> str:
    lines = (line.strip("#*-> \t") for line in text.splitlines())
    return next((line[:200] for line in lines if line), "")


def _made(request: WebRequest, answer: Created) -> HttpResponse:
    return go(request, f"/tasks/{answer.task.id[2:]}/")


create: View = action_form(services.create_task, done=_made, again=new, read=task_values)


# Changing one


def present(task: TaskOut) -> dict[str, str]:
    """A task in the words of the form."""
    return {
        "title": task.title,
        "description": task.description,
        "priority": task.priority,
        "reviewer": task.reviewer or "",
        "home": task.home or "",
        "labels": ", ".join(task.labels),
        "skills": ", ".join(task.skills),
        "points": "\n".join(point.text for point in task.points),
        "touches": "\n".join(task.touches),
        **{name: _local(getattr(task, name)) for name in TIMES},
    }


def _local(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M") if at else ""


@signed_in
def edit_form(request: WebRequest, *, number: int, refused: Refused | None = None) -> HttpResponse:
    """The form; after a refusal with what was typed, and beside it what the task says now."""
    task = selectors.show_task(actor=request.user, task=f"T-{number}")
    now = present(task)
    kept = {name: refused.kept[name] for name in now if name in refused.kept} if refused else {}
    context = {
        "task": task,
        "number": number,
        "values": {**now, **kept},
        "now": {name: now[name] for name in kept if not same(kept[name], now[name])},
        "priorities": PRIORITIES,
        "refused": refused,
    }
    return page(request, "tasks/edit.html", context)


def same(one: str, other: str) -> bool:
    return one.split() == other.split()


def _changed_only(post: View) -> View:
    """A form sends all its boxes. Who may change one thing and not another is asked about what
    changed, and a save that changes nothing is none."""

    @signed_in
    def posted(request: WebRequest, *, number: int) -> HttpResponse:
        task = selectors.show_task(actor=request.user, task=f"T-{number}")
        form = request.POST.copy()
        for name, now in present(task).items():
            if name in form and same(str(form[name]).removeprefix("@"), now):
                del form[name]
        if not form.keys() - {"version", "csrfmiddlewaretoken"}:
            return HttpResponseRedirect(f"/tasks/{number}/")
        request.typed, request.POST = request.POST, form  # type: ignore[attr-defined,assignment]
        return post(request, number=number)

    return posted


def _again(request: WebRequest, *, number: int, refused: Refused) -> HttpResponse:
    typed = Refused(refused.message, refused.next, request.typed.dict())  # type: ignore[attr-defined]
    return edit_form(request, number=number, refused=typed)


def _saved(request: WebRequest, answer: TaskOut, *, number: int) -> HttpResponse:
    return go(request, f"/tasks/{number}/")


def _task(*, number: int) -> dict[str, Any]:
    return {"task": f"T-{number}"}


edit = by_method(
    get=edit_form,
    post=_changed_only(
        action_form(services.edit_task, done=_saved, again=_again, given=_task, read=task_values)
    ),
)
