"""What the org chart answers, on every face."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from orgchart.chart import successor_of
from orgchart.models import Credential, Department, Member
from orgchart.presence import presence_of
from teammcp.core.schemas import Out


class PauseOut(Out):
    """Who stopped a member, and why."""

    by: str | None
    reason: str
    since: datetime | None

    @classmethod
    def of(cls, member: Member) -> PauseOut | None:
        if member.status != Member.Status.PAUSED:
            return None
        return cls(
            by=member.paused_by.handle if member.paused_by else None,
            reason=member.paused_reason,
            since=member.paused_at,
        )


class MemberOut(Out):
    """A colleague."""

    id: int
    handle: str
    name: str
    kind: str
    """human, agent or system"""
    authority: str
    status: str
    presence: str
    """in a turn, online, idle (connected and quiet), away (neither connected nor heard of), off or
    paused: derived from activity and connections"""
    seen: str
    """how one knows: "connected by stream, did something 12 min ago" """
    title: str
    department: str | None
    manager: str | None
    capabilities: list[str]
    tools: list[str]
    languages: list[str]
    model: str
    charter: str
    paused: PauseOut | None = None
    successor: str | None = None
    """of a retired member: who holds now what it held"""

    @classmethod
    def of(cls, member: Member) -> MemberOut:
        there = presence_of(member)
        return cls(
            id=member.pk,
            handle=member.handle,
            name=member.name,
            kind=member.kind,
            authority=member.authority,
            status=member.status,
            presence=there.word,
            seen=there.why,
            title=member.title,
            department=member.department.slug if member.department else None,
            manager=member.manager.handle if member.manager else None,
            capabilities=member.capabilities,
            tools=member.tools,
            languages=member.languages,
            model=member.model,
            charter=member.charter,
            paused=PauseOut.of(member),
            successor=_successor(member),
        )

    def named(self) -> dict[str, str | None]:
        """The colleagues whom this names, by field."""
        return {"manager": self.manager, "successor": self.successor}


def _successor(member: Member) -> str | None:
    if member.status != Member.Status.RETIRED or member.successor_id is None:
        return None
    found = successor_of(member)
    return found.handle if found else None


class Retirement(MemberOut):
    """A member that has retired, and what passed on."""

    handed_over: list[str]
    """how much of each kind the successor holds now, such as "2 tasks" """
    notes: list[str]
    """what could not pass on as it was, and what became of it"""


class HoldingOut(Out):
    """One thing that a member holds or owes."""

    kind: str
    id: str
    """as the calls of its kind take it"""
    text: str
    link: str
    due: datetime | None


class HeldOut(Out):
    """What a member has of one kind."""

    kind: str
    words: str
    """how much, such as "3 questions" """
    total: int
    owes: bool
    """whether others wait for it"""
    items: list[HoldingOut]
    """the most pressing ones, of those that you may see"""


class HandOverPreview(Out):
    """What would pass on if a member retired now."""

    member: str
    successor: str | None
    holds: list[HeldOut]
    problem: str | None
    """why it would be refused"""


CHARTER_SHOWN = 160  # characters of it in a list


class MemberHit(Out):
    """A colleague as the directory lists them; show_member tells all."""

    id: int
    handle: str
    name: str
    kind: str
    """human or agent"""
    authority: str
    status: str
    presence: str
    """in a turn, online, idle (connected and quiet), away (neither connected nor heard of), off or
    paused"""
    title: str
    department: str | None
    manager: str | None
    capabilities: list[str]
    charter: str
    """how it begins"""
    model: str | None
    load: dict[str, int] | None
    """what they have in hand, by kind"""

    @classmethod
    def of(cls, member: Member, load: dict[str, int]) -> MemberHit:
        charter = member.charter
        if len(charter) > CHARTER_SHOWN:
            charter = f"{charter[:CHARTER_SHOWN].rstrip()}…"
        return cls(
            id=member.pk,
            handle=member.handle,
            name=member.name,
            kind=member.kind,
            authority=member.authority,
            status=member.status,
            presence=member.presence,
            title=member.title,
            department=member.department.slug if member.department else None,
            manager=member.manager.handle if member.manager else None,
            capabilities=member.capabilities,
            charter=charter,
            model=member.model or None,
            load=load or None,
        )

    def named(self) -> dict[str, str | None]:
        """The colleagues whom this names, by field."""
        return {"manager": self.manager}


class MemberPage(Out):
    items: list[MemberHit]
    remaining: int
    """how many more match"""
    cursor: str | None
    """pass as `after` for the next page; null at the end"""


class ChartNode(Out):
    """A member at their place in the chart."""

    handle: str
    name: str
    title: str
    department: str | None
    manager: str | None
    level: int
    """0 at the top"""
    reports: int
    """who report to them directly"""
    presence: str


class ChartPage(Out):
    """A part of the chart, managers before those who report to them."""

    items: list[ChartNode]
    remaining: int
    cursor: str | None
    """pass as `after` for the next page"""


class DepartmentOut(Out):
    """A part of the company."""

    id: int
    slug: str
    """mention its members as @dept:slug"""
    name: str
    parent: str | None
    """the department that it lies within"""
    head: str | None
    members: int

    @classmethod
    def of(cls, department: Department, *, members: int) -> DepartmentOut:
        return cls(
            id=department.pk,
            slug=department.slug,
            name=department.name,
            parent=department.parent.slug if department.parent else None,
            head=department.head.handle if department.head else None,
            members=members,
        )


class DepartmentList(Out):
    items: list[DepartmentOut]


class MailOut(Out):
    """Where a member gets mail; empty: nowhere."""

    member: str
    address: str


class CredentialOut(Out):
    """A credential, without its secret."""

    id: int
    label: str
    hint: str
    """the first characters of the token"""
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, credential: Credential) -> CredentialOut:
        return cls.model_validate(credential)


class CredentialList(Out):
    items: list[CredentialOut]


class NewCredential(Out):
    """A fresh credential. The token is shown this once."""

    credential: CredentialOut
    token: str | None
    """shown once; null when a repeated call gets the first answer again"""

    def stored(self) -> str:
        return self.model_copy(update={"token": None}).model_dump_json()


class Registration(Out):
    """A new colleague, its token, and how to connect."""

    member: MemberOut
    token: str | None
    """shown once; null when a repeated call gets the first answer again"""
    connect: dict[str, Any] = Field(default_factory=dict)
    """ready-to-paste configuration per client"""

    def stored(self) -> str:
        return self.model_copy(update={"token": None, "connect": {}}).model_dump_json()


class Invitation(Out):
    """A person who was invited, and their way in."""

    member: MemberOut
    sign_in_url: str | None
    """works once; shown once; null when a repeated call gets the first answer again"""
    expires_at: datetime

    def stored(self) -> str:
        return self.model_copy(update={"sign_in_url": None}).model_dump_json()


class JoinCodeOut(Out):
    """A join code. The code is shown this once."""

    join_code: str | None
    authority: str
    uses_left: int
    expires_at: datetime

    def stored(self) -> str:
        return self.model_copy(update={"join_code": None}).model_dump_json()
