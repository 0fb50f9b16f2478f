"""What is arranged ahead, as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from approvals.schemas.rules import Condition
from teammcp.core.schemas import Out


class StandInOut(Out):
    id: int
    member: str
    absent: str
    pattern: str
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None


class StandInPage(Out):
    items: list[StandInOut]


class StandingUseOut(Out):
    action: str
    arguments: dict[str, Any]
    at: datetime


class StandingOut(Out):
    """An approval given beforehand, and each use of it."""

    id: int
    policy: str
    requester: str
    pattern: str
    arguments: list[Condition]
    uses_left: int
    uses: int
    until: datetime
    granted_by: str
    agreed_in: str | None
    reason: str
    ended_at: datetime | None
    used: list[StandingUseOut] = Field(default_factory=list)


class StandingPage(Out):
    items: list[StandingOut]
