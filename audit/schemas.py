"""What the ledger answers, on every face."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from teammcp.core.schemas import Out


class EventOut(Out):
    """Something that happened."""

    seq: int
    """position in the ledger: no gaps, in commit order"""
    at: datetime
    kind: str
    sentence: str
    """what happened, for people"""
    actor: str
    on_behalf_of: str | None
    face: str
    """mcp, rest, dashboard, admin, cli, job or system"""
    request_id: str
    """the same for everything that one call did"""
    target: str
    topics: list[str]
    data: dict[str, Any]


class EventPage(Out):
    items: list[EventOut]
    cursor: int
    """pass as `after`"""
    head: int
    """the newest event of the ledger"""
    more: bool
    """whether the ledger goes on after the cursor"""
