"""A thread: as a page of its own and beside its channel. And single messages: their address, their
count of replies, and whom they reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from messaging import selectors, services
from messaging.responses import Following
from messaging.schemas import ChannelOut, MessageOut, Receipt
from messaging.selectors.threads import follows
from messaging.views.files import attaching
from messaging.views.places import Composer, composer_for, new_key, note_on, spot_of
from messaging.views.rows import Reader, Rows, rows_of, seq_in, since
from orgchart.models import Member
from teammcp.core.errors import AppError
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

PAGE = 50


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as it is drawn."""

    root: MessageOut
    channel: ChannelOut
    page: Rows
    composer: Composer
    following: bool

    @property
    def url(self) -> str:
        return f"/threads/{self.root.id}/"

    @property
    def channel_url(self) -> str:
        return spot_of(self.channel.name).url


@signed_in
def show(request: WebRequest, *, message_id: int, refused: Refused | None = None) -> Any:
    """The thread that this message opened or belongs to."""
    root = _root(request.user, message_id)
    if root.id != message_id and not request.htmx:
        return HttpResponseRedirect(f"/threads/{root.id}/")
    if request.htmx and request.GET.keys() & {"before", "after"}:
        rows = _part(request, root)
        context = {"page": rows, "url": f"/threads/{root.id}/"}
        return fragment(request, "messaging/_messages.html", context)
    context = {"thread": _thread(request.user, root), "refused": refused}
    context["kept"] = refused.kept if refused else {}
    if request.htmx:
        return fragment(request, "messaging/_thread.html", context)
    return page(request, "messaging/thread.html", context)


def _root(actor: Member, message_id: int) -> MessageOut:
    message = selectors.show_message(actor=actor, message_id=message_id)
    if message.thread is None:
        return message
    return selectors.show_message(actor=actor, message_id=message.thread)


def _thread(actor: Member, root: MessageOut) -> Thread:
    part = selectors.read(actor=actor, where=f"thread:{root.id}", limit=PAGE)
    return Thread(
        root=root,
        channel=selectors.show_channel(actor=actor, channel=root.channel),
        page=rows_of(part, _reader(actor), older=part.before),
        composer=composer_for(actor, spot_of(root.channel), thread=root.id),
        following=follows(actor, root.id),
    )


def thread_beside(request: WebRequest, message_id: str) -> Thread | None:
    """The thread that a channel's page shows at its side, if it was asked for one that exists."""
    if not seq_in(message_id):
        return None
    try:
        return _thread(request.user, _root(request.user, int(message_id)))
    except AppError:
        return None


def _part(request: WebRequest, root: MessageOut) -> Rows:
    where, reader = f"thread:{root.id}", _reader(request.user)
    if "before" in request.GET:
        before = request.GET["before"]
        part = selectors.read(actor=request.user, where=where, before=before, limit=PAGE)
        return rows_of(part, reader, older=part.before)
    after = request.GET["after"]
    part = selectors.read(actor=request.user, where=where, after=since(after), limit=PAGE + 1)
    newer = part.after if part.remaining else None
    return rows_of(part, reader, known=seq_in(after), newer=newer)


def _reader(actor: Member) -> Reader:
    return Reader(actor.handle, in_thread=True)


def _to(*, message_id: int) -> dict[str, Any]:
    return {"to": f"thread:{message_id}"}


def _sent(request: WebRequest, receipt: Receipt, *, message_id: int) -> HttpResponse:
    details = {"client_key": new_key(), "note": note_on(receipt)}
    return changed(request, f"/threads/{message_id}/", "tail", **details)


thread = by_method(
    get=show,
    post=attaching(action_form(services.send_message, done=_sent, again=show, given=_to)),
)


@signed_in
def summary(request: WebRequest, *, message_id: int) -> HttpResponse:
    """The thread as an extract."""
    found = selectors.summarise_thread(actor=request.user, thread=message_id)
    parts = {
        "Opening": [found.opening],
        "Decisions": found.decisions,
        "Open questions": found.open_questions,
        "Latest": found.latest,
    }
    context = {"found": found, "parts": parts.items(), "url": spot_of(found.channel).url}
    return page_or_part(request, "messaging/summary.html", context)


def _id(*, message_id: int) -> dict[str, Any]:
    return {"thread": message_id}


def _followed(request: WebRequest, answer: Following, *, message_id: int) -> HttpResponse:
    if not request.htmx:
        return HttpResponseRedirect(f"/threads/{answer.thread}/")
    context = {"id": answer.thread, "following": answer.following}
    return fragment(request, "messaging/_follow.html", context)


follow = by_method(post=action_form(services.follow_thread, done=_followed, again=show, given=_id))
unfollow = by_method(
    post=action_form(services.unfollow_thread, done=_followed, again=show, given=_id)
)


# Single messages


@signed_in
def permalink(request: WebRequest, *, message_id: int) -> HttpResponse:
    """Where the message stands, pointed out among its neighbours."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    spot = spot_of(message.channel)
    return HttpResponseRedirect(f"{spot.url}?around={message.seq}#m{message.id}")


@signed_in
def replies(request: WebRequest, *, message_id: int) -> HttpResponse:
    """The line under a message that leads to its thread."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    return fragment(request, "messaging/_replies.html", {"message": message})


@signed_in
def deliveries(request: WebRequest, *, message_id: int) -> HttpResponse:
    """Whom a message reached: stored, offered, acknowledged."""
    message = selectors.show_message(actor=request.user, message_id=message_id)
    facts = selectors.list_deliveries(actor=request.user, message_id=message_id)
    context = {"message": message, "facts": facts}
    return page_or_part(request, "messaging/deliveries.html", context)
