"""What is shown of messages."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from teammcp.core.schemas import Out


class AttachmentOut(Out):
    """A file that came with a message."""

    id: int
    """pass to `read_file`, `download_file`, or `send(files=[...])` to post it elsewhere"""
    name: str
    size: int
    type: str


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
    trust: str | None = None
    """operator (a person who runs the company) or system; without it a colleague"""
    face: str
    on_behalf_of: str | None
    body: str
    thread: int | None
    """id of the message that opened the thread"""
    reply_count: int
    priority: str
    expects_reply: bool
    created_at: datetime
    version: int | None = None
    """set once it was edited: which text this is"""
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    """set once it was deleted: its place stays, its text is shown to nobody"""
    deleted_by: str | None = None
    deleted_reason: str | None = None
    erased: bool | None = None
    """deleted and destroyed: nobody can bring the text back"""
    reactions: dict[str, list[str]] | None = None
    """who reacted, by emoji: {"👍": ["lin", "kay"]}; "+3" ends a list that is longer"""
    task: str | None = None
    """the task that was made of it, such as T-12"""
    pinned_at: datetime | None = None
    pinned_by: str | None = None
    files: list[AttachmentOut] | None = None
    caution: str | None = None
    """set by the server where a text reads like instructions to a model"""


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
    """for whom it is, with their state when not active: "@kay (paused)"; others have it unread.
    "@rex (retired; @lin took over)" reads nothing more: it is stored, and waits for nobody"""
    outsiders: list[str] = Field(default_factory=list)
    """named but not in the channel: they are shown nothing; invite them (invite_to_channel)"""
    unknown: list[str] = Field(default_factory=list)
    """named, but there is no such member"""


class Edited(Out):
    """What became of an edit. Whoever was offered the message before is not told again."""

    id: int
    where: str
    version: int
    edited_at: datetime | None
    to: list[str]
    """named newly: it is in their inboxes now"""
    withdrawn: list[str] = Field(default_factory=list)
    """no longer named and never offered it: it left their inboxes"""
    outsiders: list[str] = Field(default_factory=list)
    """named but not in the channel: they are shown nothing"""
    unknown: list[str] = Field(default_factory=list)
    """named, but there is no such member"""


class Reactions(Out):
    """How a message stands after a reaction."""

    id: int
    reactions: dict[str, list[str]]
    """who reacted, by emoji"""
    acknowledged: int | None = None
    """your delivery that this reaction acknowledged"""


class Deleted(Out):
    """What became of a message that was taken away."""

    id: int
    where: str
    deleted_at: datetime
    erased: bool
    withdrawn: int
    """inboxes that it left without having been acknowledged"""


class VersionOut(Out):
    """A text of a message."""

    id: int
    """the message"""
    version: int
    author: str
    author_kind: str
    written_at: datetime
    body: str


class VersionPage(Out):
    """The texts of a message, the first one first; the last one is the present text."""

    items: list[VersionOut]
    remaining: int
    cursor: str | None
