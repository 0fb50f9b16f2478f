"""When rules run: against a scan of every minute, over the days on which clocks are set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.cron import (
    clean_cron,
    clean_zone,
    first_runs,
    moment_of,
    newest_run,
    next_run,
    words_of,
)
from teammcp.core.errors import InvalidInput

MINUTE = timedelta(minutes=1)
BERLIN = "Europe/Berlin"
ZONES = (
    "UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo",
    "Pacific/Chatham", "America/Santiago", "Europe/Dublin", "Antarctica/Troll", "Asia/Gaza",
)  # fmt: skip


# The rule, written down a second time: no library, every minute looked at


@dataclass(frozen=True)
class Part:
    """One field: what is written, and the numbers that it means."""

    text: str
    means: frozenset[int]


def parts(low: int, high: int, names: str = "") -> st.SearchStrategy[Part]:
    """Stars, numbers, names, ranges and steps, and lists of them."""
    words = names.split()

    def one(number: int, *, named: bool) -> str:
        return words[number - low] if named and number - low < len(words) else str(number)

    numbers = st.integers(low, high)
    single = st.builds(
        lambda n, named: Part(one(n, named=named), frozenset({n})), numbers, st.booleans()
    )
    ranges = st.tuples(numbers, numbers, st.integers(1, 9), st.booleans()).map(
        lambda r: _range(sorted(r[:2]), r[2], lambda n: one(n, named=r[3]))
    )
    stars = st.integers(1, 20).map(
        lambda step: Part(
            "*" if step == 1 else f"*/{step}", frozenset(range(low, high + 1)[::step])
        )
    )
    lists = st.lists(single | ranges, min_size=1, max_size=3).map(
        lambda some: Part(
            ",".join(p.text for p in some), frozenset().union(*(p.means for p in some))
        )
    )
    return stars | lists


def _range(ends: list[int], step: int, one: object) -> Part:
    first, last = ends
    text = f"{one(first)}-{one(last)}"  # type: ignore[operator]
    numbers = frozenset(range(first, last + 1)[::step])
    return Part(text if step == 1 else f"{text}/{step}", numbers)


@dataclass(frozen=True)
class Rule:
    minute: Part
    hour: Part
    day: Part
    month: Part
    weekday: Part

    @property
    def text(self) -> str:
        fields = (self.minute, self.hour, self.day, self.month, self.weekday)
        return " ".join(part.text for part in fields)

    @property
    def certain(self) -> bool:
        return not (self.minute.text.startswith("*") or self.hour.text.startswith("*"))

    def matches(self, wall: datetime) -> bool:
        day = wall.day in self.day.means
        weekday = wall.isoweekday() % 7 in {number % 7 for number in self.weekday.means}
        stars = self.day.text.startswith("*") or self.weekday.text.startswith("*")
        return (
            wall.minute in self.minute.means
            and wall.hour in self.hour.means
            and wall.month in self.month.means
            and ((day and weekday) if stars else (day or weekday))
        )


RULES = st.builds(
    Rule,
    parts(0, 59),
    parts(0, 23),
    parts(1, 31),
    parts(1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
    parts(0, 6, "SUN MON TUE WED THU FRI SAT"),
)


def scan(rule: Rule, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every minute of real time is asked what the clock shows."""
    place = ZoneInfo(zone)
    at = after.replace(second=0, microsecond=0) + MINUTE
    before = (at - MINUTE).astimezone(place)
    while at <= until:
        local = at.astimezone(place)
        skipped = False
        if rule.certain and local.utcoffset() != before.utcoffset():
            wall = before.replace(tzinfo=None) + MINUTE
            while wall < local.replace(tzinfo=None):  # what the clock jumps over
                skipped |= rule.matches(wall)
                wall += MINUTE
        shown_before = rule.certain and local.fold == 1
        if skipped or (rule.matches(local.replace(tzinfo=None)) and not shown_before):
            yield at
        at, before = at + MINUTE, local


def changes(zone: str, year: int) -> list[datetime]:
    """The moments at which the clock is set in a year."""
    place = ZoneInfo(zone)
    start = datetime(year, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [hour.astimezone(place).utcoffset() for hour in hours]
    return [hours[i] for i in range(1, len(hours)) if offsets[i] != offsets[i - 1]]


STARTS = {zone: [*changes(zone, 2027), datetime(2028, 2, 28, 12, tzinfo=UTC)] for zone in ZONES}


@pytest.mark.no_cover
@settings(max_examples=150, deadline=None)
@given(rule=RULES, zone=st.sampled_from(ZONES), data=st.data())
def test_a_rule_runs_when_a_scan_of_every_minute_says_so(
    rule: Rule, zone: str, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from(STARTS[zone]))
    after = near + timedelta(minutes=data.draw(st.integers(-300, 120)), seconds=17)
    until = after + timedelta(hours=30)
    expected = list(scan(rule, zone, after, until))
    found = []
    at = after
    while (run := next_run(rule.text, zone, at) or until + MINUTE) <= until:
        found.append(run)
        at = run
    assert found == expected


@settings(max_examples=60, deadline=None)
@given(rule=RULES, zone=st.sampled_from(ZONES), minutes=st.integers(0, 60 * 24 * 3))
def test_the_newest_run_is_the_last_of_all_that_have_passed(
    rule: Rule, zone: str, minutes: int
) -> None:
    known = next_run(rule.text, zone, STARTS[zone][0] - timedelta(days=1))
    if known is None:
        return
    now = known + timedelta(minutes=minutes)
    passed = [known, *scan(rule, zone, known, now)]
    assert newest_run(rule.text, zone, known, now) == passed[-1]


def test_the_newest_run_of_a_rare_rule_is_found_years_back() -> None:
    known = datetime(2028, 2, 29, tzinfo=UTC)
    now = datetime(2035, 5, 5, tzinfo=UTC)
    assert newest_run("0 0 29 2 *", "UTC", known, now) == datetime(2032, 2, 29, tzinfo=UTC)
    assert newest_run("0 0 29 2 *", "UTC", known, known + timedelta(days=900)) == known


def shown(cron: str, zone: str, after: datetime, count: int) -> list[str]:
    runs = first_runs(cron, zone, after, count)
    return [run.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %z") for run in runs]


def test_half_past_two_in_berlin_when_the_clock_is_set_forward() -> None:
    """It shows no 02:30 on 28 March 2027: the run is at 03:00, when the clock goes on."""
    before = datetime(2027, 3, 26, 12, tzinfo=UTC)
    assert shown("30 2 * * *", BERLIN, before, 3) == [
        "27 02:30 +0100", "28 03:00 +0200", "29 02:30 +0200",
    ]  # fmt: skip
    assert shown("0,30 2,3 * * *", BERLIN, before + timedelta(days=1), 3) == [
        "28 03:00 +0200", "28 03:30 +0200", "29 02:00 +0200",
    ]  # fmt: skip
    assert shown("*/30 * 28 3 *", BERLIN, datetime(2027, 3, 28, 0, 29, tzinfo=UTC), 2) == [
        "28 01:30 +0100", "28 03:00 +0200",
    ]  # fmt: skip


def test_half_past_two_in_berlin_when_the_clock_is_set_back() -> None:
    """It shows 02:30 twice on 31 October 2027: the run is at the first."""
    before = datetime(2027, 10, 29, 12, tzinfo=UTC)
    assert shown("30 2 * * *", BERLIN, before, 3) == [
        "30 02:30 +0200", "31 02:30 +0200", "01 02:30 +0100",
    ]  # fmt: skip
    between = datetime(2027, 10, 31, 0, 45, tzinfo=UTC)  # 02:45, the first time
    assert shown("30 2 * * *", BERLIN, between, 1) == ["01 02:30 +0100"]
    assert shown("*/30 * * * *", BERLIN, between, 3) == [
        "31 02:00 +0100", "31 02:30 +0100", "31 03:00 +0100",
    ]  # fmt: skip


def test_weekdays_are_five_days_and_every_minute_is_every_minute() -> None:
    sunday = datetime(2026, 11, 22, tzinfo=UTC)
    week = first_runs("0 9 * * MON-FRI", "UTC", sunday, 6)
    assert [run.isoweekday() for run in week] == [1, 2, 3, 4, 5, 1]
    minutes = first_runs("* * * * *", BERLIN, sunday, 60)
    assert minutes == [sunday + MINUTE * number for number in range(1, 61)]


@pytest.mark.parametrize(
    ("cron", "character"),
    [
        ("61 * * * *", 1), ("0,99 9 * * *", 3), ("0 24 * * *", 3), ("0 9 0 * *", 5),
        ("0 9 * 13 *", 7), ("0 9 * * FRX", 9), ("0 9 * * 1,5-1", 11), ("*/0 * * * *", 1),
        ("0 9 * * \u0661", 9), ("0 9 * * MON#6", 9), ("0 9 * * \u00b2L", 9), ("1- 9 * * *", 1),
    ],
)  # fmt: skip
def test_a_bad_expression_is_refused_with_the_spot(cron: str, character: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_cron(cron)
    assert f"character {character}" in refused.value.message
    assert refused.value.state["fields"]["cron"].startswith(f"character {character}")


@pytest.mark.parametrize("cron", ["", "* * * *", "0 * * * * *", "@daily", "0 9 * * MON FRI"])
def test_an_expression_has_five_fields(cron: str) -> None:
    """Six would mean seconds: nothing runs more often than every minute."""
    with pytest.raises(InvalidInput, match="instead of five"):
        clean_cron(cron)


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 FEB */2"])
def test_a_day_that_never_comes_is_refused(cron: str) -> None:
    with pytest.raises(InvalidInput, match="never runs"):
        clean_cron(cron)


def test_a_range_of_weekdays_may_end_on_sunday() -> None:
    assert words_of(clean_cron(" 0 9 * *  fri-SUN ")) == "At 09:00 on Friday through Sunday"
    friday = datetime(2026, 11, 27, tzinfo=UTC)
    assert [run.day for run in first_runs("0 9 * * FRI-SUN", "UTC", friday, 4)] == [27, 28, 29, 4]
    assert [run.day for run in first_runs("0 9 * * SUN-SUN", "UTC", friday, 2)] == [29, 6]
    assert [run.day for run in first_runs("0 9 5-5/9 * *", "UTC", friday, 2)] == [5, 5]
    assert [run.day for run in first_runs("0 9 1-11/5 * *", "UTC", friday, 3)] == [1, 6, 11]


def test_zones_are_known_by_name_and_near_ones_are_suggested() -> None:
    assert clean_zone(" europe/berlin ") == BERLIN
    for wrong, near in (("Europe/Brelin", BERLIN), ("berlin", BERLIN), ("new york", "New_York")):
        with pytest.raises(InvalidInput) as refused:
            clean_zone(wrong)
        assert near in refused.value.next
    with pytest.raises(InvalidInput, match="no time zone"):
        clean_zone("../etc/passwd")


def test_a_time_is_read_on_the_clock_of_its_zone() -> None:
    nine = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert moment_of("at", "2026-11-24T09:00", BERLIN) == nine
    assert moment_of("at", "2026-11-24 13:30+05:30", BERLIN) == nine
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # of the two 02:30
    assert moment_of("at", "2027-10-31T02:30", BERLIN) == first
    with pytest.raises(InvalidInput) as refused:
        moment_of("at", "2027-03-28T02:30", BERLIN)
    assert "skip 02:30 on 2027-03-28" in refused.value.message
    assert "03:00" in refused.value.next


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01", "9999-12-31T23:59-12:00", "24:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no time"):
        moment_of("at", text, BERLIN)
