"""A month of a calendar, in its reader's time zone."""

from __future__ import annotations

import calendar
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from tasks.views.words import Card

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
YEARS = range(1971, 9_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """A task on a day: due then, or free to begin from then on."""

    card: Card
    at: datetime
    begins: bool

    @property
    def content(self) -> Hashable:
        """As of a card."""
        return (self.card.content, self.at, self.begins)


@dataclass(slots=True)
class Day:
    day: date
    inside: bool
    today: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks, from Monday on."""

    first: date
    weeks: tuple[tuple[Day, ...], ...] = ()

    @property
    def days(self) -> list[date]:
        return list(calendar.Calendar().itermonthdates(self.first.year, self.first.month))

    @property
    def since(self) -> datetime:
        return _begin(self.days[0])

    @property
    def until(self) -> datetime:
        return _begin(self.days[-1] + timedelta(days=1))

    @property
    def before(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        return f"{self.first + timedelta(days=31):%Y-%m}"

    @property
    def empty(self) -> bool:
        return not any(day.entries for week in self.weeks for day in week)

    def filled(self, cards: Iterable[Card]) -> Month:
        """The same month with its tasks on their days."""
        today = timezone.localdate()
        days = {
            day: Day(day, inside=day.month == self.first.month, today=day == today)
            for day in self.days
        }
        for card in cards:
            for at, begins in ((card.task.start_after, True), (card.task.due_at, False)):
                if at is not None and (day := days.get(timezone.localdate(at))):
                    day.entries.append(Entry(card, at, begins))
        row = list(days.values())
        weeks = tuple(tuple(row[at : at + 7]) for at in range(0, len(row), 7))
        return replace(self, weeks=weeks)


def month_of(text: str) -> Month:
    """The month that "2026-11" names, else the present one."""
    try:
        named = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a day of a calendar
    except ValueError:
        named = timezone.localdate()
    if named.year not in YEARS:
        named = timezone.localdate()
    return Month(named.replace(day=1))


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
