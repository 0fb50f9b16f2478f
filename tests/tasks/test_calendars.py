"""Working hours: whose, on which clock, and what the clock's changes do to them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from messaging.models import Channel
from orgchart.models import Member
from tasks.calendars import WorkingHours, clean_hours, hours_of, spans_of
from tasks.selectors import show_task, show_working_calendar
from tasks.services import edit_task, set_working_calendar
from teammcp.core.errors import Forbidden, InvalidInput
from tests.clocks import frozen
from tests.tasks.conftest import make

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = ["MON-FRI 09:00-12:00", "MON-THU 13:00-17:00"]


def works(*lines: str, holidays: tuple[str, ...] = ()) -> WorkingHours:
    return WorkingHours("Europe/Berlin", spans_of(clean_hours([*lines])), frozenset(holidays))


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "open_at"),
    [
        ("2026-11-23T08:00", "2026-11-23T09:00"),  # a Monday, before it begins
        ("2026-11-23T10:30", "2026-11-23T10:30"),
        ("2026-11-23T12:00", "2026-11-23T13:00"),  # the end of a span is no more within
        ("2026-11-23T17:00", "2026-11-24T09:00"),
        ("2026-11-27T12:30", "2026-11-30T09:00"),  # a Friday has no afternoon
        ("2026-12-24T18:00", "2026-12-28T09:00"),  # Christmas on a Friday, then a weekend
    ],
)
def test_what_is_not_urgent_waits_for_the_next_working_hour(asked: str, open_at: str) -> None:
    calendar = works(*OFFICE, holidays=("2026-12-25",))
    assert calendar.next_open(berlin(asked)) == berlin(open_at)


def test_the_day_begins_at_nine_on_the_wall_before_and_after_the_clock_is_set() -> None:
    calendar = works("MON-SUN 09:00-17:00")
    saturday, sunday = berlin("2026-03-28T20:00"), berlin("2026-03-29T20:00")
    assert calendar.next_open(saturday) == datetime(2026, 3, 29, 7, tzinfo=UTC)  # +02:00
    assert calendar.next_open(sunday) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert calendar.next_open(berlin("2026-10-24T20:00")) == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_hours_in_the_gap_begin_when_the_clock_goes_on() -> None:
    night = works("SUN 02:15-06:00")
    assert night.next_open(berlin("2026-03-29T01:59")) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    gone = works("SUN 02:00-03:00")  # that Sunday has none of it
    assert gone.next_open(berlin("2026-03-29T01:00")) == berlin("2026-04-05T02:00")


def test_hours_that_come_back_last_through_both() -> None:
    night = works("SUN 02:00-03:00")
    for fold in (0, 1):
        within = berlin("2026-10-25T02:30", fold)
        assert night.next_open(within) == within
    assert night.next_open(berlin("2026-10-25T03:00")) == berlin("2026-11-01T02:00")


def test_a_calendar_without_a_working_day_keeps_nothing_back() -> None:
    at = berlin("2026-11-23T08:00")
    assert works().next_open(at) == at
    days = tuple(f"2026-11-{day:02}" for day in range(23, 31))
    assert works("MON 09:00-10:00", holidays=days).next_open(at) == berlin("2026-12-07T09:00")


def test_people_have_the_hours_of_the_company_and_agents_none(ada: Member, lin: Member) -> None:
    assert hours_of(ada).spans == {}
    set_working_calendar(actor=ada, zone="europe/berlin", hours=["mon-fri  09:00-17:00"])
    shown = show_working_calendar(actor=lin)
    assert (shown.zone, shown.hours) == ("Europe/Berlin", ["MON-FRI 09:00-17:00"])
    assert hours_of(ada).zone == "Europe/Berlin"
    assert show_working_calendar(actor=lin, member="me").always
    with frozen(berlin("2026-11-28T10:00")):  # a Saturday
        mine = show_working_calendar(actor=lin, member="ada")
        assert mine.at_work_from == berlin("2026-11-30T09:00")
    set_working_calendar(actor=ada, member="me", zone="America/New_York", holidays=["2026-11-30"])
    with frozen(berlin("2026-11-28T10:00")):
        mine = show_working_calendar(actor=lin, member="ada")
    assert mine.at_work_from == datetime(2026, 12, 1, 14, tzinfo=UTC)
    set_working_calendar(actor=ada, member="ada", zone="")
    assert hours_of(ada).zone == "Europe/Berlin"


def test_only_admins_set_the_company_s_and_only_managers_another_s(
    ada: Member, lin: Member, kay: Member
) -> None:
    with pytest.raises(Forbidden):
        set_working_calendar(actor=lin, zone="Europe/Berlin")
    with pytest.raises(Forbidden):
        set_working_calendar(actor=lin, member="kay", zone="Europe/Berlin")
    assert set_working_calendar(actor=ada, member="kay", zone="Asia/Tokyo").zone == "Asia/Tokyo"
    assert set_working_calendar(actor=lin, member="me", zone="Asia/Tokyo").always


@pytest.mark.parametrize(
    ("given", "spot"),
    [
        ({"zone": "Berlin"}, "Europe/Berlin"),
        ({"hours": ["MON-FRI 9-17"]}, "MON-FRI 9-17"),
        ({"hours": ["FRI-MON 09:00-17:00"]}, "FRI-MON"),
        ({"hours": ["MON 17:00-09:00"]}, "17:00-09:00"),
        ({"hours": ["MON 09:60-17:00"]}, "09:60"),
        ({"holidays": ["25.12.2026"]}, "25.12.2026"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_spot(
    ada: Member, given: dict[str, object], spot: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        set_working_calendar.call(ada, given)
    assert spot in refused.value.message + refused.value.next


def test_a_time_without_an_offset_is_on_the_clock_of_who_writes_it(
    ada: Member, lin: Member, kay: Member
) -> None:
    set_working_calendar(actor=ada, zone="Europe/Berlin")
    set_working_calendar(actor=kay, member="me", zone="Asia/Tokyo")
    name = make(lin, due_at=datetime.fromisoformat("2026-12-01T09:00"))
    assert show_task(actor=lin, task=name).due_at == berlin("2026-12-01T09:00")
    edit_task(actor=lin, task=name, due_at=datetime.fromisoformat("2026-12-01T09:00+00:00"))
    assert show_task(actor=lin, task=name).due_at == datetime(2026, 12, 1, 9, tzinfo=UTC)
    other = make(kay, due_at=datetime.fromisoformat("2026-12-01T09:00"))
    assert show_task(actor=lin, task=other).due_at == datetime(2026, 12, 1, 0, tzinfo=UTC)


def test_a_time_that_the_clock_skips_or_no_calendar_holds_is_refused(
    ada: Member, lin: Member
) -> None:
    set_working_calendar(actor=ada, zone="Europe/Berlin")
    name = make(lin)
    for wrong, why in (("2027-03-28T02:30", "skip"), ("0001-01-01T00:00+14:00", "reach")):
        with pytest.raises(InvalidInput, match=why):
            edit_task(actor=lin, task=name, due_at=datetime.fromisoformat(wrong))
    with pytest.raises(InvalidInput, match="due before"):
        edit_task(
            actor=lin,
            task=name,
            start_after=datetime.fromisoformat("2027-03-28T09:00"),
            due_at=datetime.fromisoformat("2027-03-28T06:59+00:00"),
        )


def test_times_are_taken_with_a_zone_over_rest_too(lin: Member, vault: Channel) -> None:
    done = edit_task.call(lin, {"task": make(lin), "due_at": "2026-12-01T09:00:00+01:00"})
    assert done.due_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
