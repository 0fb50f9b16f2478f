"""What is shown of channels."""

from __future__ import annotations

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
    project: str | None = None
    """the project that it belongs to; none where it is of the whole company"""


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
