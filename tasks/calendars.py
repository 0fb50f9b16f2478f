"""Working hours: when a person can be expected to look at what is not urgent.

The company has one calendar (zone, hours, holidays), a member may have a zone, hours and holidays
of their own. Only people have working hours: an agent is always at work. Without hours everybody
is. A wall clock skips an hour once a year and shows another one twice: a span that begins in the
gap begins when the clock goes on, and one in the hour that comes back lasts through both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from messaging.cron import end_of, first_moment, zone_of
from orgchart.hours import knows_hours
from orgchart.models import Member
from tasks.models import WorkingCalendar
from teammcp.core.errors import InvalidInput

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
HORIZON = 400  # days; a calendar without a working day in them keeps nothing back
MOST_HOLIDAYS = 400
_LINE = re.compile(r"([A-Z,-]+) (\d\d):(\d\d)-(\d\d):(\d\d)")
Span = tuple[int, int]  # minutes of a day


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When somebody works, on the clock of their zone."""

    zone: str = "UTC"
    spans: Mapping[int, list[Span]] = field(default_factory=dict)
    """by weekday, Monday being 0"""
    holidays: frozenset[str] = frozenset()

    def next_open(self, at: datetime) -> datetime:
        """This moment if it is within working hours, else the next one that is, in UTC."""
        if not self.spans:
            return at
        place = zone_of(self.zone)
        today = at.astimezone(place).date()
        for ahead in range(HORIZON):
            for begin, end in self._of(today + timedelta(days=ahead), place):
                if at < end and begin < end:
                    return max(at, begin)
        return at

    def _of(self, day: date, place: ZoneInfo) -> Iterable[tuple[datetime, datetime]]:
        """The spans of a day as moments."""
        if day.isoformat() in self.holidays:
            return
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - on the wall
        for begin, end in self.spans.get(day.weekday(), ()):
            walls = [midnight + timedelta(minutes=minutes) for minutes in (begin, end)]
            yield first_moment(walls[0], place), end_of(walls[1], place)


ALWAYS = WorkingHours()


def hours_of(member: Member) -> WorkingHours:
    """When this member works: always, for an agent. One query for a person."""
    if member.kind != Member.Kind.HUMAN:
        return ALWAYS
    company, own = _rows(member)
    if company is None and own is None:
        return ALWAYS
    lines = (own.hours if own else []) or (company.hours if company else [])
    days = [*(own.holidays if own else []), *(company.holidays if company else [])]
    return WorkingHours(_zone(own, company), spans_of(lines), frozenset(days))


def zone_for(member: Member) -> str:
    """On which clock this member reads and writes times: their own, else the company's, else UTC.
    One query."""
    company, own = _rows(member)
    return _zone(own, company)


def _rows(member: Member) -> tuple[WorkingCalendar | None, WorkingCalendar | None]:
    rows = WorkingCalendar.objects.filter(Q(member=None) | Q(member=member))
    found = {row.member_id: row for row in rows}
    return found.get(None), found.get(member.pk)


def _zone(*rows: WorkingCalendar | None) -> str:
    return next((row.zone for row in rows if row is not None and row.zone), "UTC")


# Reading what somebody wrote


def clean_hours(lines: list[str]) -> list[str]:
    """Lines such as "MON-FRI 09:00-17:00", "SAT 10:00-14:00". Raises InvalidInput, naming the line
    that is none."""
    clean = [" ".join(line.upper().split()) for line in lines]
    spans_of(clean)
    return clean


def spans_of(lines: Iterable[str]) -> dict[int, list[Span]]:
    """What these lines say, by weekday. Raises InvalidInput."""
    found: dict[int, list[Span]] = {}
    for line in lines:
        days, span = _read(line)
        for day in days:
            found.setdefault(day, []).append(span)
    return {day: sorted(spans) for day, spans in found.items()}


def _read(line: str) -> tuple[list[int], Span]:
    read = _LINE.fullmatch(line)
    if read is not None:
        numbers = [int(read[place]) for place in (2, 3, 4, 5)]
        begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        days = _weekdays(read[1])
        if days and max(numbers[1], numbers[3]) < 60 and begin < end <= 24 * 60:
            return days, (begin, end)
    raise InvalidInput(
        f"hours: {line[:60]!r} are no working hours.",
        fields={"hours": f"{line[:40]!r}"},
        next="Write lines like 'MON-FRI 09:00-17:00' or 'SAT,SUN 10:00-14:00'.",
    )


def _weekdays(text: str) -> list[int]:
    """ "MON-WED,FRI"; empty for what is none."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            return []
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        if begin > end:
            return []
        found += range(begin, end + 1)
    return found


def clean_holidays(days: list[str]) -> list[str]:
    """Days such as "2026-12-25", in order. Raises InvalidInput."""
    if len(days) > MOST_HOLIDAYS:
        raise InvalidInput(
            f"holidays takes at most {MOST_HOLIDAYS} days.",
            fields={"holidays": "too many"},
            next="Leave out those that have passed.",
        )
    return sorted({_day(text) for text in days})


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise InvalidInput(
            f"holidays: {text[:40]!r} is no day.",
            fields={"holidays": f"{text[:40]!r}"},
            next="Write days like '2026-12-25'.",
        ) from None


def on_clock(at: datetime, zone: str) -> datetime:
    """A moment on the clock of a zone."""
    return at.astimezone(zone_of(zone) if zone != "UTC" else UTC)


@knows_hours
def next_open_for(member: Member, at: datetime) -> datetime:
    """When this member is at work from: for apps below, which know no calendars."""
    return hours_of(member).next_open(at)
