"""What is shown of deliveries and the inbox."""

from __future__ import annotations

from datetime import datetime

from messaging.schemas.messages import MessageOut
from teammcp.core.schemas import Out


class DeliveryOut(Out):
    """The three facts of one recipient."""

    id: int
    recipient: str
    reason: str
    stored_at: datetime
    offered_at: datetime | None
    offered_route: str
    offers: int
    """how often it was offered, minutes apart each time"""
    last_offered_at: datetime | None
    acknowledged_at: datetime | None
    dead: str
    """why it is a dead letter; empty where it is none"""
    withdrawn_at: datetime | None = None
    """it left the inbox unacknowledged"""
    withdrawn_reason: str | None = None
    """left (the recipient left the channel), edited (no longer named), deleted, expired or dead"""


class DeliveryList(Out):
    message: int
    items: list[DeliveryOut]


class Parked(Out):
    where: str
    parked: bool


class QuestionOut(Out):
    """What was asked and is not answered yet."""

    message: int
    asked_by: str
    of: list[str]
    channel: str
    due_at: datetime
    """when it climbs the reporting line next"""
    steps: int
    """how often it climbed already"""


class QuestionPage(Out):
    items: list[QuestionOut]
    more: bool


class DeadLetter(Out):
    """A delivery that nobody acknowledged."""

    delivery: int
    """pass to `redeliver`, or as its recipient to `ack`"""
    message: int
    channel: str
    author: str
    recipient: str
    stored_at: datetime
    offers: int
    last_offered_at: datetime | None
    dead_at: datetime | None
    """null after a redelivery: it is in the inbox again"""
    reason: str


class DeadLetterPage(Out):
    items: list[DeadLetter]
    more: bool
    cursor: int | None
    """pass as `before` for the older ones"""


class InboxItem(Out):
    """A message that is for you."""

    delivery: int
    """pass to `ack`"""
    reason: str
    """direct, mention, reply, watching, or reminder (you saved it)"""
    redelivered: bool
    """offered before, not yet acknowledged"""
    note: str | None = None
    """your own, of a reminder"""
    message: MessageOut


class UnreadChannel(Out):
    channel: str
    unread: int


class Waiting(Out):
    unread: int
    """open deliveries"""
    urgent: int
    """those of them with priority now"""


class Inbox(Out):
    """What needs you. An empty one proves itself by head, cursor and time."""

    items: list[InboxItem]
    remaining: int
    """open deliveries beyond these"""
    urgent: int
    """open deliveries with priority now"""
    channels: list[UnreadChannel]
    """channels with messages after your read cursor"""
    channels_remaining: int
    """further such channels"""
    head: int
    """the newest event of the ledger when this was read"""
    cursor: int | None
    """`ack(up_to=cursor)` acknowledges all of these; null while more wait than are shown here,
    because it would acknowledge those too: then acknowledge by id"""
    checked_at: datetime
    questions: list[QuestionOut] | None = None
    """asked of you or by you and still open, the oldest ones; list_questions has them all"""


class Acknowledgement(Out):
    acknowledged: list[int]
    """deliveries that this call acknowledged"""
    already: dict[str, datetime]
    """deliveries that you had handled before, and when"""
    open: int
    """deliveries still waiting for you"""


class ReadCursor(Out):
    channel: str
    read_seq: int
    unread: int
