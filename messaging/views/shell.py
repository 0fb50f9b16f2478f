"""What messaging puts around every page: the inbox count, channels, conversations, colleagues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from audit.selectors import head_seq
from messaging import hot, selectors
from messaging.schemas import ChannelOut
from messaging.views.places import Place, spot_of
from orgchart.directory import colleagues
from orgchart.models import Member
from teammcp.core.web import WebRequest, fragment, shell_of, shell_part, signed_in

CHANNELS, DIRECTS, PEOPLE = 200, 15, 15


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the sidebar."""

    url: str
    label: str
    kind: str
    unread: int


@shell_part
def around(request: WebRequest) -> dict[str, Any]:
    """Queries stay the same however much there is."""
    actor: Member = request.user
    head = head_seq()  # read first: what commits later reaches the page over its socket
    mine = selectors.list_channels(actor=actor, joined=True, limit=CHANNELS).items
    people, more_people = colleagues(actor, PEOPLE)
    return {
        "head": head,
        "waiting": hot.open_counts(actor.pk)[0],
        "channels": _links(channel for channel in mine if channel.kind != "direct"),
        "directs": _directs([channel for channel in mine if channel.kind == "direct"]),
        "people": people,
        "links": [
            Place("/saved/", "bookmark", "Saved"),
            Place("/schedules/", "clock", "Scheduled"),
        ],
        "more_people": more_people,
    }


def _links(channels: Any) -> list[Link]:
    return sorted((_link(channel) for channel in channels), key=lambda link: link.label)


def _link(channel: ChannelOut) -> Link:
    label = channel.name.replace("#", "").replace("@", "").replace(",", ", ")
    unread = 0 if channel.notify == "mute" else channel.unread
    return Link(spot_of(channel.name).url, label, channel.kind, unread)


def _directs(channels: list[ChannelOut]) -> list[Link]:
    """Those with news first, then the newest conversations."""
    ranked = sorted(channels, key=lambda channel: (channel.unread == 0, -channel.id))
    return [_link(channel) for channel in ranked[:DIRECTS]]


@signed_in
def places(request: WebRequest) -> HttpResponse:
    """The sidebar's lists anew."""
    context = {"shell": shell_of(request), "here": request.GET.get("here", "")}
    return fragment(request, "_places.html", context)
