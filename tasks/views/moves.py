"""What people do with a task: a form for each action, and moving a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from messaging.schemas import Receipt
from messaging.services import send_message
from messaging.views.files import attaching
from messaging.views.places import new_key, note_on
from tasks import selectors, services
from tasks.transitions import Status
from tasks.views.forms import task_values
from tasks.views.task import show
from tasks.views.words import column_after, moves_in_words
from teammcp.core.actions import Action
from teammcp.core.errors import AppError, Conflict, InvalidInput
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    page_or_part,
    refused_by,
    signed_in,
)

ACTIONS: Mapping[str, Action[Any, Any]] = {
    "claim": services.claim_task,
    "progress": services.report_progress,
    "release": services.release_task,
    "block": services.block_task,
    "unblock": services.unblock_task,
    "submit": services.submit_task,
    "approve": services.approve_task,
    "request_changes": services.request_changes,
    "complete": services.complete_task,
    "assign": services.assign_task,
    "reopen": services.reopen_task,
    "cancel": services.cancel_task,
}


def _task(*, number: int) -> dict[str, Any]:
    return {"task": f"T-{number}"}


def _done(request: WebRequest, answer: Any, *, number: int) -> HttpResponse:
    return changed(request, f"/tasks/{number}/", f"task-{number}", f"moved-{number}")


def form(action: Action[Any, Any]) -> View:
    """A form that does one thing with a task."""
    posted = action_form(action, done=_done, again=show, given=_task, read=task_values)
    return by_method(post=posted)


move_forms: dict[str, View] = {name.replace("_", "-"): form(a) for name, a in ACTIONS.items()}
follow = form(services.follow_task)
unfollow = form(services.unfollow_task)
need = form(services.add_dependency)
need_no_more = form(services.remove_dependency)
set_parent = form(services.set_parent)


def _where(*, number: int) -> dict[str, Any]:
    return {"to": f"#t-{number}"}


def _sent(request: WebRequest, receipt: Receipt, *, number: int) -> HttpResponse:
    details = {"client_key": new_key(), "note": note_on(receipt)}
    return changed(request, f"/tasks/{number}/#discussion", "tail", **details)


say = by_method(post=attaching(action_form(send_message, done=_sent, again=show, given=_where)))


# Moving a card


@signed_in
def menu(request: WebRequest, *, number: int) -> HttpResponse:
    """What this member can do with the task now; without script a page of its own."""
    task = selectors.show_task(actor=request.user, task=f"T-{number}")
    context = {"task": task, "number": number, "moves": moves_in_words(task.moves)}
    return page_or_part(request, "tasks/menu.html", context)


@signed_in
def moved(request: WebRequest, *, number: int) -> HttpResponse:
    """A card that was put into another column: the action that this means, or why it cannot be."""
    task = selectors.show_task(actor=request.user, task=f"T-{number}")
    form = request.POST.copy()
    target = form.pop("to", [""])[-1]
    try:
        name = _meant(task.id, task.status, target)
    except AppError as error:
        return _refusal(request, number, error)
    action = ACTIONS[name]
    try:
        action.call(request.user, {**task_values(action, form), "task": task.id})
    except AppError as error:
        return _refusal(request, number, error)
    return _done(request, task, number=number)


def _meant(name: str, source: str, target: str) -> str:
    if target not in list(Status):
        raise InvalidInput(
            f"{target[:20]!r} is no status of a task.",
            fields={"to": "unknown"},
            next=f"Pass one of {', '.join(Status)}.",
        )
    if source == target:
        raise Conflict(f"{name} is {target.replace('_', ' ')} already.", next="Nothing is to do.")
    return column_after(source, target)


def _refusal(request: WebRequest, number: int, error: AppError) -> HttpResponse:
    refused: Refused = refused_by(error, request.POST.dict())
    status = 422 if isinstance(error, InvalidInput) else error.status
    if request.htmx:
        answer = fragment(request, "_refused.html", {"refused": refused})
    else:
        answer = show(request, number=number, refused=refused)
    answer.status_code = status
    return answer


move = by_method(get=menu, post=moved)
