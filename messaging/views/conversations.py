"""The page of a channel or direct conversation, and what is done on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from messaging import selectors, services
from messaging.schemas import Acknowledgement, ChannelOut, MessagePage, ReadCursor, Receipt
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
from messaging.views.rows import Reader, Rows, lay_out
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
    channel = _channel(request, _spot(kind, name))
    spot = spot_of(channel.name)
    if request.htmx and request.GET.keys() & {"before", "after"}:
        rows = _part(request, channel)
        return fragment(request, "messaging/_messages.html", {"page": rows, "url": spot.url})
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
    found = request.GET.get("around", "")
    rows = _opening(request, channel, int(found) if _is_seq(found) else None)
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


def _opening(request: WebRequest, channel: ChannelOut, found: int | None) -> Rows:
    """The part that a page opens with: around a message, at the first unread one, or at the end."""
    after = before = None
    if found is not None:
        after = max(0, found - BEFORE_FOUND)
    elif channel.unread > PAGE - 5 and "newest" not in request.GET:
        after = max(0, channel.read_seq - 5)
    elif request.GET.keys() & {"before", "after"}:
        before, after = request.GET.get("before"), request.GET.get("after")
    part = _read(request, channel, before=before, after=after)
    read_seq = channel.read_seq if channel.joined and channel.unread else None
    reader = Reader(request.user.handle, read_seq, found=_message_at(part, found))
    return _rows(channel, part, reader)


def _message_at(part: MessagePage, seq: int | None) -> int | None:
    return next((message.id for message in part.items if message.seq == seq), None)


def _part(request: WebRequest, channel: ChannelOut) -> Rows:
    """What comes before or after what the page has. The message before the part is read too, so
    that groups and days go on as if all had been drawn at once."""
    reader = Reader(request.user.handle)
    if "before" in request.GET:
        part = _read(request, channel, before=request.GET["before"])
        return _rows(channel, part, reader, forward=False)
    after = request.GET["after"]
    known = int(after) if _is_seq(after) else 0
    part = _read(request, channel, after=str(known - 1) if known else after, limit=PAGE + 1)
    return _rows(channel, part, reader, known=known, backward=False)


def _is_seq(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _read(
    request: WebRequest,
    channel: ChannelOut,
    *,
    before: str | None = None,
    after: str | int | None = None,
    limit: int = PAGE,
) -> MessagePage:
    if not channel.id:
        return MessagePage(where=channel.name, items=[], remaining=0, before=None, after=None)
    return selectors.read(
        actor=request.user,
        where=channel.name,
        before=before,
        after=None if after is None else str(after),
        limit=limit,
    )


def _rows(
    channel: ChannelOut,
    part: MessagePage,
    reader: Reader,
    *,
    known: int = 0,
    backward: bool = True,
    forward: bool = True,
) -> Rows:
    """`known` is the last message that the page has; `backward` and `forward` say on which sides
    the part must offer to go on."""
    previous = next((message for message in part.items if message.seq <= known), None)
    fresh = [message for message in part.items if message.seq > known]
    last = part.items[-1].seq if part.items else 0
    more = forward and last and last < channel.last_seq
    title = title_of(channel) if backward and not part.before else {}
    return Rows(
        rows=lay_out(fresh, reader, previous),
        older=part.before if backward else None,
        newer=str(last) if more else None,
        beginning=title.get("begins", ""),
        beginning_text=title.get("begins_text", ""),
    )


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
    post=action_form(services.send_message, done=_sent, again=show, given=_where),
)
read = by_method(post=action_form(services.mark_read, done=_moved, again=show, given=_in))
join = by_method(post=action_form(services.join_channel, done=_reloaded, again=show, given=_in))
