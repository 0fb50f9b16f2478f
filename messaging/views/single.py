"""One message: drawn again where it stands, its menu, its texts, and what its author does to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from messaging import selectors, services
from messaging.elsewhere import offers
from messaging.schemas import Deleted, Edited, MessageOut, Reactions
from messaging.views.rows import Row
from orgchart.models import Member
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    page,
    page_or_part,
    signed_in,
)

AT_HAND = ["👍", "✅", "👀", "🎉", "❤️", "😄", "🙏", "🚀", "💡", "🤔", "❓", "👎"]


@signed_in
def row(request: WebRequest, *, message_id: int) -> HttpResponse:
    """The message as a line of a list."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    if not request.htmx:
        return HttpResponseRedirect(f"/messages/{message_id}/")
    return _line(request, message)


def _line(request: WebRequest, message: MessageOut, *, editing: bool = False) -> HttpResponse:
    line = Row(
        message=message,
        day=None,
        opens="opens" in request.GET,
        mine=message.author == request.user.handle,
        in_thread="in_thread" in request.GET,
        editing=editing,
    )
    return fragment(request, "messaging/_message.html", {"row": line, "message": message})


@signed_in
def menu(request: WebRequest, *, message_id: int, refused: Refused | None = None) -> HttpResponse:
    """What this member can do with the message."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    context = {"message": message, "may": _may(request.user, message), "shape": _shape(request)}
    context["refused"] = refused
    context["offers"] = offers(request.user, message)
    return page_or_part(request, "messaging/menu.html", context)


def _may(actor: Member, message: MessageOut) -> dict[str, bool]:
    """What is worth offering; the actions decide."""
    mine = message.author == actor.handle
    writes = actor.has_scope("messages:write") and not message.erased
    there = message.deleted_at is None
    return {
        "edit": writes and mine and there,
        "pin": writes and there,
        "delete": writes and (mine or actor.has_scope("admin")),
    }


def _shape(request: WebRequest) -> str:
    return "&".join(name for name in ("opens", "in_thread") if name in request.GET)


@signed_in
def versions(request: WebRequest, *, message_id: int) -> HttpResponse:
    """The texts that the message had."""
    after = request.GET.get("after", "")
    message = selectors.show_message(actor=request.user, message_id=message_id)
    texts = selectors.list_versions.call(
        request.user, {"message_id": message_id, "after": after or 0, "max_tokens": 20_000}
    )
    context = {"message": message, "texts": texts}
    return page_or_part(request, "messaging/versions.html", context)


@signed_in
def edit_form(
    request: WebRequest, *, message_id: int, refused: Refused | None = None
) -> HttpResponse:
    """The form in place of the text, or on a page of its own."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    if request.htmx and refused is None:
        return _line(request, message, editing=True)
    context = {"message": message, "refused": refused, "kept": refused.kept if refused else {}}
    return page(request, "messaging/edit.html", context)


@signed_in
def delete_form(
    request: WebRequest, *, message_id: int, refused: Refused | None = None
) -> HttpResponse:
    """What deleting means, before it is done."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    context = {
        "message": message,
        "mine": message.author == request.user.handle,
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "messaging/delete.html", context)


@signed_in
def picker(request: WebRequest, *, message_id: int, refused: Refused | None = None) -> HttpResponse:
    """The emoji that are at hand, and a field for any other."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    mine = _mine(request.user, message)
    context = {"message": message, "at_hand": [(one, one in mine) for one in AT_HAND]}
    context["refused"] = refused
    return page_or_part(request, "messaging/picker.html", context)


def _mine(actor: Member, message: MessageOut) -> set[str]:
    groups = message.reactions or {}
    return {emoji for emoji, names in groups.items() if actor.handle in names}


def _id(*, message_id: int) -> dict[str, Any]:
    return {"message_id": message_id}


def _redrawn(
    request: WebRequest, answer: Edited | Deleted | Reactions, *, message_id: int
) -> HttpResponse:
    return changed(request, f"/messages/{message_id}/", f"message-{message_id}")


edit = by_method(
    get=edit_form,
    post=action_form(services.edit_message, done=_redrawn, again=edit_form, given=_id),
)
delete = by_method(
    get=delete_form,
    post=action_form(services.delete_message, done=_redrawn, again=delete_form, given=_id),
)
react = by_method(
    get=picker,
    post=action_form(services.add_reaction, done=_redrawn, again=picker, given=_id),
)
unreact = by_method(
    post=action_form(services.remove_reaction, done=_redrawn, again=picker, given=_id)
)
