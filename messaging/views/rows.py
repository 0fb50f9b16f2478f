"""How a list of messages is laid out: days, groups of one author, where the news begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from messaging.schemas import MessageOut, MessagePage
from teammcp.core.cursors import number_in

SCHEDULED = "schedule"  # the face of what its author wrote before
GROUP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Row:
    """One message as a line of a list."""

    message: MessageOut
    day: date | None
    """set where a new day begins"""
    opens: bool
    """shows its author; others continue the one above"""
    mine: bool
    first_unread: bool = False
    found: bool = False
    in_thread: bool = False
    editing: bool = False
    """shows a form in place of the text"""

    @property
    def anchor(self) -> str:
        """The element's id. A reply stands in the channel and in the thread beside it."""
        return f"{'t' if self.in_thread else 'm'}{self.message.id}"

    @property
    def shape(self) -> str:
        """How to draw it again alone, as a query."""
        return "&".join(name for name in ("opens", "in_thread") if getattr(self, name))

    @property
    def root(self) -> int:
        """The thread that an answer to this message belongs to."""
        return self.message.thread or self.message.id


@dataclass(frozen=True, slots=True)
class Rows:
    """A part of a conversation, and where it goes on."""

    rows: Sequence[Row]
    older: str | None = None
    newer: str | None = None
    begins: bool = False
    """nothing comes before it"""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom rows are laid out."""

    handle: str
    read_seq: int | None = None
    """messages after it are new; None draws no line"""
    found: int | None = None
    """the message to point out"""
    in_thread: bool = False


def lay_out(
    messages: Iterable[MessageOut], reader: Reader, previous: MessageOut | None = None
) -> list[Row]:
    """The rows of messages that follow `previous`, which is on the page already."""
    rows: list[Row] = []
    line_drawn = reader.read_seq is None
    for message in messages:
        new = not line_drawn and message.seq > (reader.read_seq or 0)
        first_unread = new and message.author != reader.handle
        line_drawn = line_drawn or first_unread
        day = _new_day(message, previous)
        rows.append(
            Row(
                message=message,
                day=None if reader.in_thread else day,
                opens=first_unread or day is not None or _opens(message, previous),
                mine=message.author == reader.handle,
                first_unread=first_unread,
                found=message.id == reader.found,
                in_thread=reader.in_thread,
            )
        )
        previous = message
    return rows


def _new_day(message: MessageOut, previous: MessageOut | None) -> date | None:
    day = timezone.localdate(message.created_at)
    same = previous is not None and timezone.localdate(previous.created_at) == day
    return None if same else day


def _opens(message: MessageOut, previous: MessageOut | None) -> bool:
    """Whether the author is named again: what is marked must not hide in a group."""
    if previous is None or message.priority == "now" or message.expects_reply:
        return True
    same_voice = (
        message.author == previous.author
        and message.on_behalf_of == previous.on_behalf_of
        and message.thread == previous.thread
        and message.priority == previous.priority
        and (message.face == SCHEDULED) == (previous.face == SCHEDULED)
    )
    return not same_voice or message.created_at - previous.created_at > GROUP


def rows_of(
    part: MessagePage,
    reader: Reader,
    *,
    known: int = 0,
    older: str | None = None,
    newer: str | None = None,
    begins: bool = False,
) -> Rows:
    """A part as rows. What the page has up to `known` is not drawn again: it only says whether the
    first new row continues a group or a day."""
    previous = next((message for message in part.items if message.seq <= known), None)
    fresh = [message for message in part.items if message.seq > known]
    return Rows(lay_out(fresh, reader, previous), older, newer, begins)


def seq_in(text: str) -> int:
    """The seq in a query parameter; 0, which no message has, for anything else."""
    return number_in(text) or 0


def since(after: str) -> str:
    """The cursor that reads from the message `after` itself on, as `rows_of` wants it."""
    known = seq_in(after)
    return str(known - 1) if known else after
