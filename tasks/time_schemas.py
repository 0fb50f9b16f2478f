"""What calendars, blueprints and promises answer, on every face."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from teammcp.core.schemas import Out


class CalendarOut(Out):
    """When somebody works."""

    member: str | None
    """none: the company"""
    zone: str
    """times that this member writes without an offset are on this clock"""
    hours: list[str]
    holidays: list[str]
    always: bool
    """at work at any time, as every agent is"""
    at_work_from: datetime | None
    """the next moment at which reminders that are not urgent reach this member"""


class BlueprintRunOut(Out):
    """What became of one time, call or delivery."""

    planned_at: datetime
    ran_at: datetime
    trigger: str
    """rule, call or webhook"""
    outcome: str
    """made, skipped or failed"""
    reason: str
    task: str | None


class BlueprintOut(Out):
    """Recurring work. Times are on the clock of `zone`."""

    id: int
    author: str
    title: str
    home: str | None
    """the channel whose members see it and its tasks; none: the whole company"""
    template: dict[str, Any]
    """what else its tasks begin with"""
    due_minutes: int | None
    skip_if_open: bool
    cron: str
    words: str
    """when, as a sentence"""
    zone: str
    next_run: datetime | None
    state: str
    """active, paused or ended"""
    reason: str
    made: int
    """how many tasks"""
    hook: str | None
    """the first characters of its webhook's secret, if it has one"""
    last: BlueprintRunOut | None


class BlueprintDetail(BlueprintOut):
    """One blueprint, with what comes and what became of it."""

    next_runs: list[datetime]
    history: list[BlueprintRunOut]
    """the newest first"""


class BlueprintPage(Out):
    items: list[BlueprintOut]
    more: bool
    cursor: str | None
    """pass as `after` for the next ones"""


class BlueprintMade(Out):
    """What a call or a delivery came to."""

    outcome: str
    """made or skipped"""
    reason: str
    task: str | None
    repeated: bool
    """it was taken before: this is the first answer again"""


class HookOut(Out):
    """The address of a webhook. It is shown this once."""

    blueprint_id: int
    url: str | None
    """POST to it; null when a repeated call gets the first answer again"""
    hint: str

    def stored(self) -> str:
        return self.model_copy(update={"url": None}).model_dump_json()


class PromiseOut(Out):
    """Something that a member said they would do by a time."""

    id: int
    by: str
    """who owes it"""
    made_by: str
    to: str | None
    text: str
    due_at: datetime
    state: str
    """open, kept, broken or released"""
    overdue: bool
    late: bool | None
    """of a kept one: whether it was kept after its time"""
    task: str | None
    """if you may see it"""
    message: int | None
    """if you may see it"""
    note: str
    made_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    may: list[str]
    """what you may do with it now: keep, break, release"""


class PromisePage(Out):
    items: list[PromiseOut]
    more: bool
    cursor: str | None
    """pass as `after` for the next ones"""
