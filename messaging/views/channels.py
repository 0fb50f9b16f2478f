"""Browsing, opening and changing channels."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from messaging import selectors, services
from messaging.schemas import ChannelOut
from messaging.views.places import channel_spot, spot_of
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    go,
    page,
    page_or_part,
    signed_in,
)


@signed_in
def browse(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """All channels that the member may see, and the form that opens one."""
    query = request.GET.get("q", "")[:80]
    after = request.GET.get("after", "")
    found = selectors.list_channels.call(
        request.user,
        {"query": query, "archived": "archived" in request.GET, "limit": 100, "after": after or 0},
    )
    named = [channel for channel in found.items if channel.kind != "direct"]
    context = {
        "channels": [{"channel": channel, "url": spot_of(channel.name).url} for channel in named],
        "found": found,
        "name": query,
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page(request, "messaging/channels.html", context)


@signed_in
def about(request: WebRequest, *, name: str, refused: Refused | None = None) -> HttpResponse:
    """Who is in a channel, what it is for, and how to change that."""
    where = channel_spot(name).where
    channel = selectors.show_channel(actor=request.user, channel=where)
    context: dict[str, Any] = {
        "channel": channel,
        "members": selectors.list_channel_members(actor=request.user, channel=where),
        "url": spot_of(channel.name).url,
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "messaging/about.html", context)


def _opened(request: WebRequest, answer: ChannelOut, **kwargs: Any) -> HttpResponse:
    return go(request, spot_of(answer.name).url)


def _left(request: WebRequest, answer: ChannelOut, **kwargs: Any) -> HttpResponse:
    return go(request, "/channels/")


def _in(*, name: str) -> dict[str, Any]:
    return {"channel": channel_spot(name).where}


def _form(action: Any, done: Any = _opened) -> View:
    return by_method(post=action_form(action, done=done, again=about, given=_in))


channels = by_method(
    get=browse, post=action_form(services.create_channel, done=_opened, again=browse)
)
change = _form(services.update_channel)
leave = _form(services.leave_channel, _left)
invite = _form(services.invite_to_channel)
remove = _form(services.remove_from_channel)
notify = _form(services.set_notify)
