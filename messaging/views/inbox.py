"""The inbox, and the names that a composer completes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from messaging import selectors, services
from messaging.schemas import Acknowledgement, InboxItem
from messaging.views.places import spot_of
from orgchart.directory import find_people
from orgchart.schemas import MemberHit
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    page_or_part,
    signed_in,
)

SHOWN = 30
SUGGESTED = 8
REASONS = {
    "direct": "wrote to you",
    "mention": "mentioned you",
    "reply": "answered in a thread of yours",
    "watching": "wrote where you hear everything",
    "reminder": "wrote what you wanted to be reminded of",
}


@signed_in
def home(request: WebRequest) -> HttpResponse:
    return HttpResponseRedirect("/inbox/")


@signed_in
def show(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """What needs the member. Showing it is written down as an offer, as for agents."""
    inbox = services.check_inbox(actor=request.user, limit=SHOWN, max_tokens=20_000)
    context = {
        "inbox": inbox,
        "letters": [{"item": item, **_about(item)} for item in inbox.items],
        "topics": f"inbox member-{request.user.pk}",
        "refused": refused,
    }
    return page_or_part(request, "messaging/inbox.html", context)


def _about(item: InboxItem) -> dict[str, Any]:
    return {"reason": REASONS.get(item.reason, ""), "place": spot_of(item.message.channel)}


def _acknowledged(request: WebRequest, answer: Acknowledgement) -> HttpResponse:
    return changed(request, "/inbox/", "inbox")


acknowledge = by_method(post=action_form(services.ack, done=_acknowledged, again=show))


@signed_in
def complete(request: WebRequest) -> HttpResponse:
    """Names that begin or contain what stands after @ or # in a composer."""
    text = request.GET.get("q", "")[:40]
    sign, name = text[:1], text[1:]
    options: list[dict[str, str]] = []
    if sign == "@":
        options = [
            {"insert": f"@{member.handle}", "words": member.name, "kind": member.kind}
            for member in _called(request, name.lower())[:SUGGESTED]
        ]
    elif sign == "#":
        channels = selectors.list_channels(actor=request.user, query=name, limit=50).items
        named = [channel for channel in channels if channel.kind != "direct"][:SUGGESTED]
        options = [{"insert": c.name, "words": c.purpose, "kind": ""} for c in named]
    return fragment(request, "messaging/_completions.html", {"options": options})


def _called(request: WebRequest, name: str) -> list[MemberHit]:
    """Colleagues whose handle or name has these letters, beginnings first: whoever only mentions
    them in a charter is not meant."""
    found = find_people(actor=request.user, query=name, limit=100).items
    meant = [member for member in found if name in f"{member.handle} {member.name.lower()}"]
    return sorted(meant, key=lambda member: not member.handle.startswith(name))
