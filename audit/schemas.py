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
    """what happened, for programs: docs/events.md lists them"""
    sentence: str
    """what happened, for people"""
    actor: str
    """the handle of who did it"""
    on_behalf_of: str | None
    """the handle of whom it was done for, where that is another"""
    face: str
    """mcp, rest, dashboard, admin, cli, job, schedule or system"""
    request_id: str
    """the same for everything that one call did"""
    target: str
    """what it was done to: "message:91", or nothing"""
    topics: list[str]
    """whom it concerns"""
    data: dict[str, Any]
    """ids, and what changed; never a message's text, never a secret"""


class EventPage(Out):
    items: list[EventOut]
    cursor: int
    """pass as `after`"""
    head: int
    """the newest event of the ledger"""
    more: bool
    """whether the ledger goes on after the cursor"""
