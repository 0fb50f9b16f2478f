"""What is kept: the pins of a channel, and what a member saved for later."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from messaging import selectors, services
from messaging.responses import Pin, SavedMark
from messaging.views.places import channel_spot, direct_spot, spot_of
from messaging.views.single import menu
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    page_or_part,
    signed_in,
)

SHOWN = 50
REMINDERS = {
    "": "no reminder",
    "20": "in 20 minutes",
    "60": "in an hour",
    "180": "in three hours",
    "1440": "tomorrow at this time",
    "10080": "in a week",
}


@signed_in
def pins(request: WebRequest, *, kind: str, name: str) -> HttpResponse:
    """What is pinned in a channel, with who pinned it and when."""
    where = channel_spot(name).where if kind == "channels" else direct_spot(name).where
    found = selectors.list_pins.call(
        request.user, {"channel": where, "before": request.GET.get("before"), "limit": SHOWN}
    )
    channel = selectors.show_channel(actor=request.user, channel=where)
    context = {"pins": found, "channel": channel, "url": spot_of(found.where).url}
    return page_or_part(request, "messaging/pins.html", context)


@signed_in
def saved(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """What the member keeps for later."""
    found = selectors.list_saved.call(
        request.user, {"after": request.GET.get("after") or 0, "limit": SHOWN}
    )
    context = {
        "found": found,
        "kept_items": [(row, spot_of(row.message.channel)) for row in found.items],
        "topics": f"member-{request.user.pk}",
        "refused": refused,
    }
    return page_or_part(request, "messaging/saved.html", context)


@signed_in
def save_form(
    request: WebRequest, *, message_id: int, refused: Refused | None = None
) -> HttpResponse:
    """The note and the reminder with which a message is saved."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    context = {
        "message": message,
        "reminders": REMINDERS.items(),
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "messaging/save.html", context)


def _id(*, message_id: int) -> dict[str, Any]:
    return {"message_id": message_id}


def _pinned(request: WebRequest, answer: Pin, *, message_id: int) -> HttpResponse:
    return changed(request, f"/messages/{message_id}/", f"message-{message_id}")


def _saved(request: WebRequest, answer: SavedMark, *, message_id: int) -> HttpResponse:
    return changed(request, "/saved/", f"member-{request.user.pk}")


pin = by_method(
    post=action_form(services.pin_message, done=_pinned, again=menu, given=_id),
)
unpin = by_method(
    post=action_form(services.unpin_message, done=_pinned, again=menu, given=_id),
)
save = by_method(
    get=save_form,
    post=action_form(services.save_message, done=_saved, again=save_form, given=_id),
)


def _again(request: WebRequest, *, message_id: int, refused: Refused | None = None) -> HttpResponse:
    return saved(request, refused=refused)


unsave = by_method(
    post=action_form(services.unsave_message, done=_saved, again=_again, given=_id),
)
