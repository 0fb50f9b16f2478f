"""The page of a channel or direct conversation, and what is done on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from messaging import selectors, services
from messaging.schemas import Acknowledgement, ChannelOut, MessagePage, ReadCursor, Receipt
from messaging.views.files import attaching
from messaging.views.places import (
    Spot,
    channel_spot,
    composer_for,
    direct_spot,
    new_key,
    note_on,
    spot_of,
    title_of,
)
from messaging.views.rows import Reader, Rows, rows_of, seq_in, since
from messaging.views.threads import thread_beside
from orgchart.selectors import show_member
from teammcp.core.errors import NotFound
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    page,
    signed_in,
)

PAGE = 50
BEFORE_FOUND = 15  # messages shown before the one that was asked for


def _spot(kind: str, name: str) -> Spot:
    return channel_spot(name) if kind == "channels" else direct_spot(name)


@signed_in
def show(request: WebRequest, *, kind: str, name: str, refused: Refused | None = None) -> Any:
    """The conversation: as a page, or as the part of it that `before` or `after` asks for."""
    spot = _spot(kind, name)
    if request.htmx and request.GET.keys() & {"before", "after"}:
        return fragment(request, "messaging/_messages.html", _part(request, spot))
    channel = _channel(request, spot)
    spot = spot_of(channel.name)
    if request.path != spot.url and request.method == "GET":
        return HttpResponseRedirect(spot.url)
    return page(request, "messaging/channel.html", _context(request, channel, spot, refused))


def _channel(request: WebRequest, spot: Spot) -> ChannelOut:
    try:
        return selectors.show_channel(actor=request.user, channel=spot.where)
    except NotFound:
        if not spot.where.startswith("@"):
            raise
        return _not_begun(request, spot)


def _not_begun(request: WebRequest, spot: Spot) -> ChannelOut:
    """A conversation that nobody has written in: it opens with the first message."""
    handles = [
        show_member(actor=request.user, member=name).handle for name in spot.where.split(",")
    ]
    name = ",".join(sorted(f"@{handle}" for handle in handles))
    return ChannelOut(
        id=0, kind="direct", name=name, purpose="", archived=False, joined=True, unread=0,
        last_seq=0, read_seq=0, notify=None,
    )  # fmt: skip


def _context(
    request: WebRequest, channel: ChannelOut, spot: Spot, refused: Refused | None
) -> dict[str, Any]:
    rows = _opening(request, channel)
    first = rows.rows[0].message.seq if rows.rows else 0
    return {
        "channel": channel,
        "url": spot.url,
        "page": rows,
        "unread_above": bool(channel.joined and channel.unread and first > channel.read_seq + 1),
        "composer": composer_for(request.user, spot),
        "refused": refused,
        "kept": refused.kept if refused else {},
        "thread": thread_beside(request, request.GET.get("thread", "")),
        **title_of(channel),
    }


def _opening(request: WebRequest, channel: ChannelOut) -> Rows:
    """The part that a page opens with: around a message, at the first unread one, or at the end."""
    found = seq_in(request.GET.get("around", ""))
    before, after = request.GET.get("before"), request.GET.get("after")
    if found:
        before, after = None, str(max(0, found - BEFORE_FOUND))
    elif channel.unread > PAGE - 5 and not request.GET.keys() & {"before", "after", "newest"}:
        after = str(max(0, channel.read_seq - 5))
    part = _read(request, channel, before=before, after=after)
    reader = Reader(
        request.user.handle,
        read_seq=channel.read_seq if channel.joined and channel.unread else None,
        found=next((message.id for message in part.items if message.seq == found), None),
    )
    older = str(part.items[0].seq) if part.items and part.items[0].seq > 1 else None
    return rows_of(part, reader, older=older, newer=_newer(channel, part), begins=older is None)


def _part(request: WebRequest, spot: Spot) -> dict[str, Any]:
    """What comes before or after what the page has. Every open page asks for this at every message,
    so it asks for no more than the messages."""
    reader, context = Reader(request.user.handle), {"url": spot.url}
    if "before" in request.GET:
        part = selectors.read(
            actor=request.user, where=spot.where, before=request.GET["before"], limit=PAGE
        )
        begins = part.before is None
        rows = rows_of(part, reader, older=part.before, begins=begins)
        title = title_of(_channel(request, spot)) if begins else {}
        return {"page": rows, **title, **context}
    after = request.GET["after"]
    part = _after(request, spot, after)
    newer = part.after if part.remaining else None
    return {"page": rows_of(part, reader, known=seq_in(after), newer=newer), **context}


def _after(request: WebRequest, spot: Spot, after: str) -> MessagePage:
    try:
        return selectors.read(
            actor=request.user, where=spot.where, after=since(after), limit=PAGE + 1
        )
    except NotFound:
        return _nothing_said(_channel(request, spot))


def _newer(channel: ChannelOut, part: MessagePage) -> str | None:
    last = part.items[-1].seq if part.items else channel.last_seq
    return str(last) if last < channel.last_seq else None


def _read(
    request: WebRequest, channel: ChannelOut, *, before: str | None, after: str | None
) -> MessagePage:
    if not channel.id:
        return _nothing_said(channel)
    return selectors.read(
        actor=request.user, where=channel.name, before=before, after=after, limit=PAGE
    )


def _nothing_said(channel: ChannelOut) -> MessagePage:
    return MessagePage(where=channel.name, items=[], remaining=0, before=None, after=None)


# What is done here


def _where(*, kind: str, name: str) -> dict[str, Any]:
    return {"to": _spot(kind, name).where}


def _in(*, kind: str, name: str) -> dict[str, Any]:
    return {"channel": _spot(kind, name).where}


def _sent(request: WebRequest, receipt: Receipt, *, kind: str, name: str) -> HttpResponse:
    spot = spot_of(receipt.where)
    details = {"client_key": new_key(), "note": note_on(receipt)}
    return changed(request, spot.url, "tail", **details)


def _moved(
    request: WebRequest, answer: ReadCursor | ChannelOut | Acknowledgement, *, kind: str, name: str
) -> HttpResponse:
    return changed(request, _spot(kind, name).url, "places")


def _reloaded(request: WebRequest, answer: ChannelOut, *, kind: str, name: str) -> HttpResponse:
    return HttpResponseRedirect(spot_of(answer.name).url)


conversation = by_method(
    get=show,
    post=attaching(action_form(services.send_message, done=_sent, again=show, given=_where)),
)
read = by_method(post=action_form(services.mark_read, done=_moved, again=show, given=_in))
join = by_method(post=action_form(services.join_channel, done=_reloaded, again=show, given=_in))
