"""What is answered about scheduled messages, on every face."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class RunOut(Out):
    """What became of one due time."""

    planned_at: datetime
    ran_at: datetime
    outcome: str
    """sent, skipped or failed"""
    reason: str
    message_id: int | None
    dropped: list[str]
    """who had not read the message when it expired: it left their inbox"""


class ScheduleOut(Out):
    """A message that is sent later. Times are on the clock of `zone`."""

    id: int
    author: str
    author_kind: str
    to: str
    body: str
    priority: str
    expects_reply: bool
    cron: str
    """empty for a message that is sent once"""
    words: str
    """when, as a sentence"""
    zone: str
    next_run: datetime | None
    until: datetime | None
    max_runs: int | None
    late: str
    condition: str
    expires_minutes: int | None
    state: str
    """active, paused, finished or cancelled"""
    reason: str
    """why it is in this state: "cancelled: answered in 91 by @kay" """
    sent: int
    last: RunOut | None


class ScheduleDetail(ScheduleOut):
    """One schedule, with what comes and what became of it."""

    next_runs: list[datetime]
    history: list[RunOut]
    """the newest first"""


class SchedulePage(Out):
    items: list[ScheduleOut]
    remaining: int
    cursor: str | None


class SchedulePreview(Out):
    """When a rule would run, if it were saved now."""

    words: str
    zone: str
    next_runs: list[datetime]
    """on the clock of `zone`; fewer than asked for where it ends"""
