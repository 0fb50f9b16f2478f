"""What is shown of bridges between projects."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class BridgeOut(Out):
    """One channel of a project, opened to the members of another until a time."""

    id: int
    channel: str
    project: str | None
    """to whose members it is open, where you belong to that project or run the company"""
    reason: str
    opened_by: str
    opened_at: datetime
    until: datetime
    open: bool
    ended_at: datetime | None
    ended_by: str | None


class BridgePage(Out):
    """Bridges, the newest first."""

    items: list[BridgeOut]
    more: bool
    cursor: int | None
