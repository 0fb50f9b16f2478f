"""When a schedule runs: cron expressions, time zones, and what the clock's changes do to them.

CronSim reads the expression and finds the matching wall-clock times; which moments those are is
decided here, because a wall clock skips an hour once a year and shows another one twice:

- A rule for certain times (neither minute nor hour begins with `*`) runs once for each of them: at
  the end of the gap if the clock skips it, and the first time if the clock shows it twice.
- A rule with a `*` in front of minute or hour follows the clock as it goes: nothing in the gap, and
  both times in the hour that comes back.

That is what Debian's cron does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from teammcp.core.errors import InvalidInput

FIELDS = (
    ("minute", Field.MINUTE, "0-59"),
    ("hour", Field.HOUR, "0-23"),
    ("day", Field.DAY, "1-31, L for the last one"),
    ("month", Field.MONTH, "1-12 or JAN-DEC"),
    ("weekday", Field.DOW, "0-7 or SUN-SAT, 0 and 7 being Sunday"),
)
LONGEST_CHANGE = timedelta(hours=3)  # clocks are set by less than that
BACKWARDS = tuple(timedelta(hours=hours) for hours in (1, 24, 31 * 24, 366 * 24))
UNREADABLE = "By a rule that cannot be read"
_TO_SUNDAY = re.compile(r"-SUN\b", re.IGNORECASE)
_OF_ONE = re.compile(r"\b(\w+)-\1\b(?:/\d+)?", re.IGNORECASE | re.ASCII)


def clean_cron(text: str) -> str:
    """An expression that can be run. Raises InvalidInput, showing the spot that is wrong."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise InvalidInput(
            f"cron has {len(parts)} fields instead of five.",
            fields={"cron": "not five fields"},
            next="Give minute, hour, day, month and weekday, such as '0 9 * * MON-FRI'.",
        )
    place = 1
    for part, (name, field, range_) in zip(parts, FIELDS, strict=True):
        for term in part.split(","):
            _check_term(term, name, field, range_, place)
            place += len(term) + 1
    clean = " ".join(parts)
    try:
        _simulated(clean, datetime(2000, 1, 1))  # noqa: DTZ001 - only read, not run
    except CronSimError:
        raise never_runs(clean) from None
    return clean


def _check_term(term: str, name: str, field: Field, range_: str, place: int) -> None:
    try:
        field.parse(_for_library(term))
    except CronSimError:
        raise InvalidInput(
            f"cron: {term!r}, at character {place}, is no {name}.",
            fields={"cron": f"character {place}: wrong {name}"},
            next=f"A {name} is {range_}, *, a range such as 1-5 that runs upwards, a step such as"
            " */2, or several of them with commas.",
        ) from None


def never_runs(cron: str) -> InvalidInput:
    return InvalidInput(
        f"{cron!r} never runs: there is no such day.",
        fields={"cron": "never runs"},
        next="Check day and month: preview_schedule shows the next runs.",
    )


def words_of(cron: str) -> str:
    """The expression as a sentence part: "At 09:00 on Monday through Friday"."""
    try:
        return _simulated(cron, datetime(2000, 1, 1)).explain()  # noqa: DTZ001 - only read, not run
    except CronSimError:  # somebody changed the row by hand
        return UNREADABLE


def clean_zone(name: str) -> str:
    """The name of a time zone. Raises InvalidInput with names that are near."""
    wanted = name.strip()
    known = _zones()
    if wanted.lower() in known:
        return known[wanted.lower()]
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    close = get_close_matches(wanted.lower(), known, n=2, cutoff=0.75)
    city = wanted.lower().rpartition("/")[2].replace(" ", "_")
    close += [cities[match] for match in get_close_matches(city, cities, n=2, cutoff=0.75)]
    near = [known[match] for match in dict.fromkeys(close)][:3]
    raise InvalidInput(
        f"There is no time zone {wanted[:40]!r}.",
        fields={"zone": "not a time zone"},
        next=f"Did you mean {' or '.join(near)}?"
        if near
        else "Give an IANA name, such as 'Europe/Berlin' or 'UTC'.",
        near=near,
    )


def readable(cron: str, zone: str) -> bool:
    """Whether a rule that is kept can be run: false only for a row that was changed by hand."""
    return zone.lower() in _zones() and (not cron or words_of(cron) != UNREADABLE)


def zone_of(name: str) -> ZoneInfo:
    """A zone that is kept; UTC where this machine does not know it."""
    return ZoneInfo(name if name.lower() in _zones() else "UTC")


def zone_names() -> list[str]:
    """All time zones."""
    return list(_zones().values())


@cache
def _zones() -> dict[str, str]:
    """Names of time zones by themselves in small letters."""
    names = available_timezones() - {"Factory", "localtime"}
    return {name.lower(): name for name in sorted(names)}


def runs_after(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The moments, in UTC, at which a rule runs after this one; ends where it never does again."""
    while (found := next_run(cron, zone, after)) is not None:
        yield found
        after = found


def first_runs(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    return list(islice(runs_after(cron, zone, after), count))


def newest_run(cron: str, zone: str, known: datetime, now: datetime) -> datetime:
    """The last run up to now, if `known` is one: looked for from now backwards, in growing steps,
    because a rule may have missed a great many."""
    for back in BACKWARDS:
        start = max(known, now - back)
        passed = list(takewhile(lambda run: run <= now, runs_after(cron, zone, start)))
        if passed or start == known:
            return passed[-1] if passed else known
    passed = list(takewhile(lambda run: run <= now, runs_after(cron, zone, known)))
    return passed[-1] if passed else known


def next_run(cron: str, zone: str, after: datetime) -> datetime | None:
    """The first moment after this one at which the rule runs; None if it never does."""
    place = ZoneInfo(zone)
    local = after.astimezone(place)
    start = local.replace(tzinfo=None)
    start -= _set_back_near(local)  # an hour that comes back lies behind us on the wall
    certain = not any(part.startswith("*") for part in cron.split()[:2])
    best: datetime | None = None
    for wall in _simulated(cron, start):
        moments = _moments(wall, place)
        if certain:
            moments = moments[:1] or [_end_of_gap(wall, place)]
        for moment in moments:
            if moment > after and (best is None or moment < best):
                best = moment
        if moments and moments[0] > after:
            return best
    return best


def _simulated(cron: str, start: datetime) -> CronSim:
    """On the bare wall clock, without a time zone."""
    return CronSim(_for_library(cron), start)


def _for_library(cron: str) -> str:
    """A weekday range may end on Sunday, and 5-5/2 is 5 alone: CronSim takes it for 5/2."""
    return _TO_SUNDAY.sub("-7", _OF_ONE.sub(r"\1", cron)).upper()


def _set_back_near(local: datetime) -> timedelta:
    """By how much the clock may be set back about now; mostly nothing."""
    moment = local.astimezone(UTC)
    around = (moment - LONGEST_CHANGE, moment, moment + LONGEST_CHANGE)
    offsets = [at.astimezone(local.tzinfo).utcoffset() or timedelta() for at in around]
    return max(offsets) - min(offsets)


def _moments(wall: datetime, place: ZoneInfo) -> list[datetime]:
    """When a clock there shows this time: once, twice, or never."""
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    if first == second:
        return [first]
    return [first, second] if first < second else []


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """The first moment that a clock shows after the times that it skips."""
    while not (moments := _moments(wall, place)):
        wall += timedelta(minutes=1)
    return moments[0]


def first_moment(wall: datetime, place: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which a clock there shows this time; when it goes on, where it
    skips it."""
    moments = _moments(wall, place)
    return moments[0] if moments else _end_of_gap(wall, place)


def end_of(wall: datetime, place: ZoneInfo) -> datetime:
    """The same for what ends at this time: the second time, where the clock shows it twice."""
    moments = _moments(wall, place)
    return moments[-1] if moments else _end_of_gap(wall, place)


def moment_of(field: str, text: str, zone: str) -> datetime:
    """A moment, in UTC, from an ISO time: with an offset, or else on the clock of `zone`.

    Raises InvalidInput, also for a time that the clock skips there.
    """
    try:
        given = datetime.fromisoformat(text.strip())
        if not 1971 <= given.year <= 9000:
            raise ValueError(given)
    except ValueError:
        raise InvalidInput(
            f"{field}: {text[:40]!r} is no time.",
            fields={field: "not a time"},
            next="Give a time such as '2030-01-31T09:00', on the clock of `zone`, or with an"
            " offset: '2030-01-31T09:00+01:00'.",
        ) from None
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    moments = _moments(given, ZoneInfo(zone))
    if not moments:
        end = _end_of_gap(given, ZoneInfo(zone)).astimezone(ZoneInfo(zone))
        raise InvalidInput(
            f"{field}: clocks in {zone} skip {given:%H:%M} on {given:%Y-%m-%d}.",
            fields={field: "skipped by the clock"},
            next=f"Take {end:%H:%M}, when the clock goes on.",
        )
    return moments[0]
