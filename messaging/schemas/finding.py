"""What a search, and a beginning, answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from messaging.schemas.inbox import Inbox
from orgchart.models import Member
from orgchart.schemas import PauseOut
from teammcp.core.schemas import Out


class SearchHit(Out):
    """Where a hit is; `read(where="message:ID")` shows it with what surrounds it."""

    kind: Literal["message"]
    id: int
    link: str
    """its page on the dashboard"""
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
    department: str | None
    manager: str | None
    paused: PauseOut | None

    @classmethod
    def of(cls, member: Member) -> You:
        return cls(
            handle=member.handle,
            name=member.name,
            authority=member.authority,
            title=member.title,
            charter=member.charter,
            department=member.department.slug if member.department else None,
            manager=member.manager.handle if member.manager else None,
            paused=PauseOut.of(member),
        )


class Company(Out):
    members: int
    """present members; find_people lists them"""


class Item(Out):
    """One thing that you hold or owe."""

    id: str
    text: str
    due: datetime | None


class Part(Out):
    """What you have of one kind: the most pressing ones."""

    words: str
    """how much, such as "3 tasks" """
    items: list[Item]


class Resume(Out):
    """All that a restarted agent needs."""

    you: You
    company: Company
    rules: list[str]
    holds: list[Part] | None
    """what is yours: tasks, scheduled messages, reports, departments"""
    owes: list[Part] | None
    """what others wait for from you: answers, decisions"""
    inbox: Inbox
    head: int
    """the newest event now: pass it as `since` next time"""
    changed: list[str]
    """what happened since your cursor, one sentence each; without one, what others did lately that
    concerns you, the newest last"""
    changed_more: bool
    """whether more happened than is told here"""
