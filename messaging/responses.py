"""What messaging answers about pins, saved messages and threads."""

from __future__ import annotations

from datetime import datetime

from messaging.schemas import MessageOut
from teammcp.core.schemas import Out


class Pin(Out):
    """How a message stands after pinning or unpinning."""

    id: int
    where: str
    pinned_at: datetime | None
    pinned_by: str | None


class PinPage(Out):
    """The pinned messages of a channel, the newest message first; each says who pinned it."""

    where: str
    items: list[MessageOut]
    remaining: int
    before: str | None
    """cursor to the older ones"""


class SavedMark(Out):
    """A message that you keep for later."""

    id: int
    """the message"""
    saved: bool
    remind_at: datetime | None = None


class SavedOut(Out):
    """A message that you keep for later, with what you noted. Nobody else sees this."""

    note: str
    saved_at: datetime
    remind_at: datetime | None
    reminded_at: datetime | None
    message: MessageOut


class SavedPage(Out):
    items: list[SavedOut]
    remaining: int
    cursor: str | None


class Following(Out):
    """Whether the replies of a thread come into your inbox."""

    thread: int
    following: bool


class Cited(Out):
    """A message of a thread, shortened where it is long."""

    id: int
    seq: int
    author: str
    author_kind: str
    created_at: datetime
    body: str
    cut: bool | None = None
    """set where there is more of it: read "message:ID" """


class ThreadSummary(Out):
    """An extract of a thread, in its own words; every part names the message that it is from."""

    thread: int
    channel: str
    replies: int
    people: list[str]
    """who wrote in it, the most active first"""
    opening: Cited
    decisions: list[Cited]
    """pinned, marked with ✅, or beginning with "Decision:" """
    open_questions: list[Cited]
    """wants an answer, and nobody who was asked has written since"""
    latest: list[Cited]
    """of the last messages those that do not stand above"""
    left_out: int
    """messages of the thread that are not shown here: read "thread:ID" has them all"""
