"""Reminders that climb: first who has to act, then up the reporting line, each step once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model

from messaging.services.notes import tell
from orgchart import chart
from orgchart.models import Member
from tasks.calendars import hours_of, zone_for
from tasks.models import Reminder
from tasks.reminders import Occasion


@dataclass(frozen=True, slots=True)
class Step:
    """One reminder that goes out now."""

    occasion: Occasion
    number: int
    """0 to who has to act; then up the line"""
    member: Member
    """who is told"""
    zone: str
    """on whose clock times are said"""


@dataclass(frozen=True, slots=True)
class Climb:
    """All that one row wants reminders of, and what went out already. For jobs only."""

    row: Mapping[str, Model]
    """{"task": task}: what the reminders are about"""
    occasions: list[Occasion]
    interval: timedelta
    waits: bool
    """for the working hours of who is told"""
    last: Member | None
    """who hears of it where nobody stands above who has to act"""
    may_know: Callable[[Member], bool]
    words: Callable[[Step], str]
    note: Callable[[Step], None]
    """writes the step into the ledger"""

    def advance(self, now: datetime) -> datetime | None:
        """Take the steps that are due; when to look again, if ever."""
        taken: dict[tuple[str, str], list[Reminder]] = {}
        keys = [occasion.key for occasion in self.occasions]
        for row in Reminder.objects.filter(**self.row, occasion__in=keys).order_by("step"):
            taken.setdefault((row.kind, row.occasion), []).append(row)
        times = [self._go_on(each, taken.get((each.kind, each.key), []), now)
                 for each in self.occasions]  # fmt: skip
        return min(filter(None, times), default=None)

    def _go_on(self, occasion: Occasion, taken: list[Reminder], now: datetime) -> datetime | None:
        at = taken[-1].sent_at + self.interval if taken else occasion.at
        if taken and not occasion.climbs:
            return None
        if at > now:
            return at
        left = self._left(occasion, {row.member_id for row in taken})
        if not left:
            return None
        at = hours_of(left[0]).next_open(now) if self.waits else now
        if at > now:
            return at
        self._remind(Step(occasion, len(taken), left[0], zone_for(left[0])), now)
        return now + self.interval if occasion.climbs and left[1:] else None

    def _left(self, occasion: Occasion, told: set[int]) -> list[Member]:
        """Whom nobody has told yet, from who has to act upwards: those who are at work and may
        know of it."""
        above = chart.escalation_line(occasion.member)
        if not above and self.last is not None:
            above = [self.last]
        line = {member.pk: member for member in (occasion.member, *above)}
        return [
            member
            for pk, member in line.items()
            if pk not in told and member.status == Member.Status.ACTIVE and self.may_know(member)
        ]

    def _remind(self, step: Step, now: datetime) -> None:
        Reminder.objects.create(
            **self.row,
            kind=step.occasion.kind,
            occasion=step.occasion.key,
            step=step.number,
            member=step.member,
            sent_at=now,
        )
        self.note(step)
        tell(step.member, self.words(step))
