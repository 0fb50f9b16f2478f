"""What the org chart answers, on every face."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from orgchart.models import Credential, Member
from teammcp.core.schemas import Out


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
    """online, idle, away, paused or off, derived from the last activity"""
    title: str
    department: str | None
    manager: str | None
    capabilities: list[str]
    charter: str

    @classmethod
    def of(cls, member: Member) -> MemberOut:
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
            charter=member.charter,
        )


class MemberPage(Out):
    items: list[MemberOut]
    remaining: int
    """how many more match"""
    cursor: str | None
    """pass as `after` for the next page; null at the end"""


class DepartmentOut(Out):
    """A part of the company."""

    slug: str
    """mention its members as @dept:slug"""
    name: str
    members: int


class DepartmentList(Out):
    items: list[DepartmentOut]


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


class JoinCodeOut(Out):
    """A join code. The code is shown this once."""

    join_code: str | None
    authority: str
    uses_left: int
    expires_at: datetime

    def stored(self) -> str:
        return self.model_copy(update={"join_code": None}).model_dump_json()
