"""What is said about a task: the conversation of its channel, open from the first message on."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from messaging import selectors as messages
from messaging.schemas import ChannelOut, MessagePage
from messaging.views.places import Composer, Spot, composer_for
from messaging.views.rows import Reader, Rows, rows_of, seq_in, since
from orgchart.models import Member
from tasks import selectors
from teammcp.core.errors import NotFound
from teammcp.core.web import WebRequest, fragment, signed_in

PAGE = 50
EMPTY = MessagePage(where="", items=[], remaining=0, before=None, after=None)


@dataclass(frozen=True, slots=True)
class Discussion:
    """As it is drawn beside its task."""

    url: str
    page: Rows
    composer: Composer
    channel: ChannelOut | None

    @property
    def topics(self) -> str:
        """Before it is open, nobody knows its own topic."""
        return f"channel-{self.channel.id} tail" if self.channel else "board* tail"


def discussion_of(actor: Member, number: int) -> Discussion:
    """The newest of what is said about a task that this member sees."""
    where, url = f"#t-{number}", f"/tasks/{number}/said/"
    try:
        channel = messages.show_channel(actor=actor, channel=where)
        part = messages.read(actor=actor, where=where, limit=PAGE)
    except NotFound:
        channel, part = None, EMPTY
    unread = channel.read_seq if channel and channel.joined and channel.unread else None
    first = part.items[0].seq if part.items else 0
    older = str(first) if first > 1 else None
    rows = rows_of(part, Reader(actor.handle, read_seq=unread), older=older)
    composer = composer_for(actor, Spot(where, f"/tasks/{number}/say/"))
    return Discussion(url, rows, composer, channel)


@signed_in
def said(request: WebRequest, *, number: int) -> HttpResponse:
    """What comes before or after what the page has."""
    selectors.show_task(actor=request.user, task=f"T-{number}")
    try:
        rows = _part(request, f"#t-{number}")
    except NotFound:  # nobody has said anything yet
        rows = Rows([])
    context = {"page": rows, "url": f"/tasks/{number}/said/"}
    return fragment(request, "messaging/_messages.html", context)


def _part(request: WebRequest, where: str) -> Rows:
    actor, reader = request.user, Reader(request.user.handle)
    if (before := request.GET.get("before")) is not None:
        part = messages.read(actor=actor, where=where, before=before, limit=PAGE)
        return rows_of(part, reader, older=part.before)
    after = request.GET.get("after", "")
    part = messages.read(actor=actor, where=where, after=since(after) or "0", limit=PAGE + 1)
    newer = part.after if part.remaining else None
    return rows_of(part, reader, known=seq_in(after), newer=newer)
