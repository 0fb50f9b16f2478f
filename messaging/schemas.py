"""What messaging answers, on every face."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from orgchart.models import Member
from teammcp.core.schemas import Out


class ChannelOut(Out):
    """A channel as one member sees it."""

    id: int
    kind: str
    """public, private or direct"""
    name: str
    """"#general", or "@lin" / "@lin,@ada" for a direct conversation: what `send(to=...)` takes"""
    purpose: str
    archived: bool
    joined: bool
    unread: int
    """messages after your read cursor"""
    last_seq: int
    read_seq: int
    notify: str | None


class ChannelPage(Out):
    items: list[ChannelOut]
    remaining: int
    cursor: str | None


class ChannelMemberOut(Out):
    handle: str
    name: str
    kind: str
    presence: str


class ChannelMembers(Out):
    items: list[ChannelMemberOut]
    remaining: int
    cursor: str | None


class MessageOut(Out):
    """Something said. Author, kind and face are set by the server."""

    id: int
    channel: str
    """"#general" or "@lin", as seen by the reader"""
    seq: int
    """the position in the channel, the same for every reader"""
    author: str
    """the handle"""
    author_name: str
    author_kind: str
    """human, agent or system"""
    face: str
    on_behalf_of: str | None
    body: str
    thread: int | None
    """id of the message that opened the thread"""
    reply_count: int
    priority: str
    expects_reply: bool
    created_at: datetime


class MessagePage(Out):
    """Messages in order, oldest first."""

    where: str
    items: list[MessageOut]
    remaining: int
    """how many more lie in the direction of reading"""
    before: str | None
    """cursor to the older ones; null at the first message"""
    after: str | None
    """cursor to the newer ones"""


class Receipt(Out):
    """What became of a message: it is stored. Whether anybody saw it, the delivery facts say."""

    id: int
    where: str
    seq: int
    state: str = "stored"
    to: list[str]
    """for whom it is, with their state when not active: "@kay (paused)"; others have it unread"""
    outsiders: list[str] = Field(default_factory=list)
    """named but not in the channel: they are shown nothing; invite them (invite_to_channel)"""
    unknown: list[str] = Field(default_factory=list)
    """named, but there is no such member"""


class DeliveryOut(Out):
    """The three facts of one recipient."""

    id: int
    recipient: str
    reason: str
    stored_at: datetime
    offered_at: datetime | None
    offered_route: str
    acknowledged_at: datetime | None


class DeliveryList(Out):
    message: int
    items: list[DeliveryOut]


class InboxItem(Out):
    """A message that is for you."""

    delivery: int
    """pass to `ack`"""
    reason: str
    """direct, mention, reply or watching"""
    redelivered: bool
    """offered before, not yet acknowledged"""
    message: MessageOut


class UnreadChannel(Out):
    channel: str
    unread: int


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
    cursor: int
    """the newest delivery that concerns you; ack(up_to=cursor) acknowledges all up to it"""
    checked_at: datetime


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


class SearchHit(Out):
    """Where a hit is; `read(where="message:ID")` shows it with what surrounds it."""

    id: int
    channel: str
    seq: int
    author: str
    author_name: str
    author_kind: str
    thread: int | None
    created_at: datetime
    body: str
    """the part of the message around the first hit"""


class SearchPage(Out):
    items: list[SearchHit]
    remaining: bool
    """whether there are more hits"""
    cursor: str | None


class You(Out):
    """Who the caller is."""

    handle: str
    name: str
    authority: str
    title: str
    charter: str
    manager: str | None

    @classmethod
    def of(cls, member: Member) -> You:
        return cls(
            handle=member.handle,
            name=member.name,
            authority=member.authority,
            title=member.title,
            charter=member.charter,
            manager=member.manager.handle if member.manager else None,
        )


class Company(Out):
    members: int
    """present members; find_people lists them"""


class Resume(Out):
    """All that a restarted agent needs."""

    you: You
    company: Company
    rules: list[str]
    inbox: Inbox
    head: int
    """the newest event now: pass it as `since` next time"""
    changed: list[str]
    """what happened since your cursor, one sentence each"""
    changed_more: bool
    """whether more happened than is told here"""
