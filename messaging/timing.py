"""When a schedule runs, read from what its author wrote: once, or by a rule, until an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated
from zoneinfo import ZoneInfo

from annotated_types import MaxLen

from messaging.cron import (
    clean_cron,
    clean_zone,
    first_runs,
    moment_of,
    never_runs,
    newest_run,
    next_run,
    runs_after,
    words_of,
    zone_of,
)
from messaging.models import Schedule
from teammcp.core.errors import InvalidInput

Moment = Annotated[str, MaxLen(40)]
CronText = Annotated[str, MaxLen(200)]
ZoneText = Annotated[str, MaxLen(60)]
FARTHEST = timedelta(days=3660)
MOST_COUNTED = 100  # due times that an outage left out, as far as they are told
_DATE = len("2030-01-31")


@dataclass(frozen=True, slots=True)
class Timing:
    """A rule, its first run from now on, and its end."""

    cron: str
    zone: str
    first: datetime
    until: datetime | None = None

    def runs(self, count: int) -> list[datetime]:
        """The first runs, on the clock of the zone."""
        return upcoming(self.cron, self.zone, self.first, self.until, count)


def timing_of(*, at: str, cron: str, zone: str, until: str, now: datetime) -> Timing:
    """What these words mean now. Raises InvalidInput, showing what is wrong with them."""
    zone = clean_zone(zone)
    if bool(at.strip()) == bool(cron.strip()):
        raise InvalidInput(
            "Give at or cron: one of them." if not at.strip() else "Give at or cron, not both.",
            fields={"at": "one of two", "cron": "one of two"},
            next="at='2030-01-31T09:00' sends once, cron='0 9 * * MON-FRI' again and again.",
        )
    if at.strip():
        return Timing("", zone, _once(at, zone, until, now))
    end = _end(until, zone, now) if until.strip() else None
    cron = clean_cron(cron)
    first = next_run(cron, zone, now)
    if first is None:
        raise never_runs(cron)
    if end is not None and first > end:
        raise InvalidInput(
            f"It would never run: its first time, {said(first, zone)}, is after its end.",
            fields={"until": "before the first run"},
            next="Give a later end, or none.",
        )
    return Timing(cron, zone, first, end)


def _once(at: str, zone: str, until: str, now: datetime) -> datetime:
    if until.strip():
        raise InvalidInput(
            "A message that is sent once has no end.",
            fields={"until": "only with cron"},
            next="Leave until out; expires_minutes drops a message that nobody has read.",
        )
    moment = moment_of("at", at, zone)
    _check_ahead("at", moment, zone, now)
    return moment


def _end(until: str, zone: str, now: datetime) -> datetime:
    """A date alone means the whole day."""
    text = until.strip()
    end = moment_of("until", f"{text}T23:59:59" if len(text) == _DATE else text, zone)
    _check_ahead("until", end, zone, now)
    return end


def _check_ahead(field: str, moment: datetime, zone: str, now: datetime) -> None:
    if moment <= now:
        raise InvalidInput(
            f"{field}: {said(moment, zone)} has passed; it is {said(now, zone)} in {zone} now.",
            fields={field: "has passed"},
            next="Give a time to come.",
        )
    if moment > now + FARTHEST:
        raise InvalidInput(
            f"{field}: {moment.year} is more than ten years ahead.",
            fields={field: "too far ahead"},
            next="Give a nearer time.",
        )


def upcoming(
    cron: str, zone: str, first: datetime, until: datetime | None, count: int
) -> list[datetime]:
    """A first run and those that follow it, up to the end, on the clock of the zone."""
    runs = [first]
    if cron and count > 1:
        runs += first_runs(cron, zone, first, count - 1)
    place = ZoneInfo(zone)
    return [run.astimezone(place) for run in runs[:count] if until is None or run <= until]


def said(moment: datetime, zone: str) -> str:
    """A moment on the clock of a zone, for people."""
    local = moment.astimezone(zone_of(zone))
    return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M}"


def sentence_of(cron: str, zone: str, planned_at: datetime | None) -> str:
    """When, as a sentence."""
    if cron:
        return words_of(cron)
    return f"Once, on {said(planned_at, zone)}" if planned_at else "Once"


def following(schedule: Schedule, now: datetime) -> datetime | None:
    """The next run after now; None at the end of the rule."""
    if not schedule.cron:
        return None
    found = next_run(schedule.cron, schedule.zone, now)
    past_end = found and schedule.until and found > schedule.until
    return None if past_end else found


def due_now(schedule: Schedule, now: datetime) -> tuple[datetime, int]:
    """The newest due time that has come, and how many earlier ones passed unseen, up to
    MOST_COUNTED."""
    first = schedule.planned_at
    assert first is not None
    if not schedule.cron:
        return first, 0
    last = min(now, schedule.until) if schedule.until else now
    newest = newest_run(schedule.cron, schedule.zone, first, max(first, last))
    if newest == first:
        return first, 0
    later = takewhile(lambda run: run < newest, runs_after(schedule.cron, schedule.zone, first))
    return newest, 1 + len(list(islice(later, MOST_COUNTED - 1)))
