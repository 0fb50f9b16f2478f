"""Reminders that climb: to whom, when, each step once, and what ends or restarts them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from audit.models import Event
from messaging.models import Channel
from messaging.services import check_inbox
from orgchart.models import Member
from orgchart.services import pause_member, set_manager
from tasks.models import Reminder, Task
from tasks.services import (
    approve_task,
    assign_task,
    block_task,
    cancel_task,
    claim_task,
    complete_task,
    edit_task,
    report_progress,
    set_working_calendar,
    submit_task,
    unblock_task,
)
from tasks.services.reminding import remind_of_tasks
from tests.clocks import frozen
from tests.databases import change
from tests.tasks.conftest import make, row, told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with frozen(NOON):
        yield


@pytest.fixture
def line(owner: Member, ada: Member, kay: Member, sam: Member, lin: Member) -> None:
    """Kay reports to Sam, Sam to Ada."""
    set_manager(actor=owner, member="sam", manager="ada")
    set_manager(actor=owner, member="kay", manager="sam")


def at(moment: datetime) -> int:
    with frozen(moment):
        return remind_of_tasks(moment)


def steps(name: str, kind: str = "") -> list[tuple[str, int, str]]:
    rows = Reminder.objects.filter(task=row(name)).order_by("pk").select_related("member")
    return [(r.kind, r.step, r.member.handle) for r in rows if kind in r.kind]


def due_at_two(lin: Member, **more: Any) -> str:
    return make(lin, assignee="kay", due_at=NOON + 2 * HOUR, **more)


def test_who_has_it_hears_before_it_is_due_and_then_those_above_step_by_step(
    line: None, lin: Member, kay: Member
) -> None:
    name = due_at_two(lin)
    assert at(NOON + 89 * MINUTE) == 0
    at(NOON + 90 * MINUTE)  # a quarter of the time before it is due
    assert steps(name) == [("due_soon", 0, "kay")]
    for hours in (2, 2, 3, 9, 10, 10, 17, 18, 40, 100):
        at(NOON + hours * HOUR)
    assert steps(name) == [
        ("due_soon", 0, "kay"),
        ("overdue", 0, "kay"),
        ("overdue", 1, "sam"),
        ("overdue", 2, "ada"),
    ]
    assert "is overdue: it was due 14:00 UTC" in told(kay)[-1]
    assert Task.objects.get().remind_at is None


def test_each_step_stands_in_the_ledger_and_says_who_was_told(
    line: None, lin: Member, sam: Member
) -> None:
    due_at_two(lin)
    at(NOON + 2 * HOUR)
    at(NOON + 10 * HOUR)
    first, second = Event.objects.filter(kind="task.reminded").order_by("seq")
    assert (first.data["to"], first.data["what"], first.data["step"]) == ("kay", "overdue", 0)
    assert (second.data["to"], second.data["step"], second.face) == ("sam", 1, "system")
    assert "it is on @kay" in told(sam)[-1]


def test_urgent_ones_climb_faster(line: None, lin: Member) -> None:
    name = due_at_two(lin, priority="urgent")
    for minutes in range(110, 240, 2):
        at(NOON + minutes * MINUTE)
    assert [step for _, step, _ in steps(name, "overdue")] == [0, 1, 2]
    sent = list(Reminder.objects.filter(kind="overdue").order_by("pk"))
    assert [row.sent_at for row in sent] == [NOON + (120 + 30 * n) * MINUTE for n in range(3)]


def test_an_outage_takes_one_step_and_not_all_at_once(line: None, lin: Member) -> None:
    name = due_at_two(lin)
    at(NOON + timedelta(days=3))
    at(NOON + timedelta(days=3))
    assert steps(name) == [("overdue", 0, "kay")]  # what is overdue is due soon no more


@pytest.mark.parametrize("end", ["done", "cancelled"])
def test_what_is_done_reminds_nobody(line: None, lin: Member, kay: Member, end: str) -> None:
    name = due_at_two(lin)
    at(NOON + 2 * HOUR)
    if end == "done":
        claim_task(actor=kay, task=name)
        complete_task(actor=kay, task=name)
    else:
        cancel_task(actor=lin, task=name)
    assert at(NOON + 40 * HOUR) == 0
    assert len(steps(name)) == 1


def test_a_due_date_that_moves_begins_anew(line: None, lin: Member) -> None:
    name = due_at_two(lin)
    at(NOON + 2 * HOUR)
    at(NOON + 10 * HOUR)
    with frozen(NOON + 11 * HOUR):
        edit_task(actor=lin, task=name, due_at=NOON + 20 * HOUR)
    at(NOON + 19 * HOUR)
    at(NOON + 20 * HOUR)
    assert steps(name)[2:] == [("due_soon", 0, "kay"), ("overdue", 0, "kay")]
    edit_task(actor=lin, task=name, clear=["due_at"])
    assert at(NOON + 90 * HOUR) == 0


def test_another_assignee_is_reminded_from_the_first_step_on(
    line: None, lin: Member, sam: Member
) -> None:
    name = due_at_two(lin)
    at(NOON + 2 * HOUR)
    with frozen(NOON + 3 * HOUR):
        assign_task(actor=lin, task=name, to="sam")
    at(NOON + 3 * HOUR)
    at(NOON + 11 * HOUR)
    assert steps(name)[1:] == [("overdue", 0, "sam"), ("overdue", 1, "ada")]


def test_without_anybody_above_its_creator_hears(lin: Member, kay: Member, owner: Member) -> None:
    set_manager(actor=owner, member="kay", manager="")
    name = due_at_two(lin)
    for hours in (2, 10, 18, 26):
        at(NOON + hours * HOUR)
    assert steps(name) == [("overdue", 0, "kay"), ("overdue", 1, "lin")]


def test_who_is_paused_or_may_not_see_it_is_passed_over(
    line: None, owner: Member, lin: Member, vault: Channel
) -> None:
    name = due_at_two(lin, home="#vault")  # neither Sam nor Ada are in it
    for hours in (2, 10, 18):
        at(NOON + hours * HOUR)
    assert steps(name) == [("overdue", 0, "kay")]
    other = due_at_two(lin)
    pause_member(actor=owner, member="kay", reason="A test.")
    at(NOON + 18 * HOUR)
    assert steps(other) == [("overdue", 0, "sam")]


def test_people_hear_in_their_working_hours_and_agents_at_any_time(
    line: None, ada: Member, lin: Member
) -> None:
    set_working_calendar(actor=ada, zone="Europe/Berlin", hours=["MON-FRI 09:00-17:00"])
    slow, fast = due_at_two(lin), due_at_two(lin, priority="urgent")
    for minutes in range(0, 21 * 60, 30):
        at(NOON + minutes * MINUTE)
    assert [handle for *_, handle in steps(fast, "overdue")] == ["kay", "sam", "ada"]
    by_time = Reminder.objects.filter(task=row(slow), kind="overdue").order_by("pk")
    assert [(r.member.handle, r.sent_at) for r in by_time] == [
        ("kay", NOON + 2 * HOUR),
        ("sam", NOON + 10 * HOUR),
        ("ada", datetime(2026, 11, 24, 8, tzinfo=UTC)),  # at nine on Tuesday, not at six
    ]


def test_silence_is_asked_about_and_a_sign_of_life_ends_it(
    line: None, lin: Member, kay: Member
) -> None:
    name = make(lin)
    claim_task(actor=kay, task=name, minutes=3 * 24 * 60)
    edit_task(actor=lin, task=name, check_in_minutes=30)
    assert at(NOON + 29 * MINUTE) == 0
    at(NOON + 30 * MINUTE)
    assert "has been silent since 12:00 UTC" in told(kay)[-1]
    with frozen(NOON + HOUR):
        report_progress(actor=kay, task=name)
    at(NOON + 89 * MINUTE)
    assert steps(name) == [("silence", 0, "kay")]
    at(NOON + 90 * MINUTE)
    at(NOON + 10 * HOUR)
    assert steps(name) == [("silence", 0, "kay"), ("silence", 0, "kay"), ("silence", 1, "sam")]


def test_a_follow_up_asks_once_and_is_answered_by_any_sign_of_life(
    line: None, lin: Member, kay: Member
) -> None:
    name, other = make(lin, assignee="kay"), make(lin, "Another one here", assignee="kay")
    for one in (name, other):
        edit_task(actor=lin, task=one, follow_up_at=NOON + HOUR)
    at(NOON + HOUR)
    assert steps(name) == [("follow_up", 0, "kay")]
    with frozen(NOON + 2 * HOUR):
        claim_task(actor=kay, task=name)
    at(NOON + 9 * HOUR)
    assert steps(name) == [("follow_up", 0, "kay")]
    assert steps(other) == [("follow_up", 0, "kay"), ("follow_up", 1, "sam")]


def test_a_review_that_waits_is_the_reviewer_s(line: None, lin: Member, kay: Member) -> None:
    name = make(kay, reviewer="sam")
    claim_task(actor=lin, task=name)
    submit_task(actor=lin, task=name)
    for hours in (7, 8, 15, 16):
        at(NOON + hours * HOUR)
    assert steps(name) == [("review", 0, "sam"), ("review", 1, "ada")]
    approve_task(actor=Member.objects.get(handle="sam"), task=name)
    assert row(name).remind_at is None


def test_a_block_that_waits_is_theirs_who_have_to_act(line: None, lin: Member, sam: Member) -> None:
    name = make(lin)
    claim_task(actor=lin, task=name)
    block_task(actor=lin, task=name, on="kay", what="Open the gate.")
    for hours in (7, 8, 16):
        at(NOON + hours * HOUR)
    assert steps(name) == [("block", 0, "kay"), ("block", 1, "sam")]
    assert "Open the gate." in told(sam)[-1]
    unblock_task(actor=lin, task=name)
    assert at(NOON + 24 * HOUR) == 0


def test_a_quiet_day_makes_few_rows(line: None, lin: Member, kay: Member) -> None:
    for number in range(5):
        name = due_at_two(lin, title=f"Number {number} of five")
        edit_task(actor=lin, task=name, check_in_minutes=5, follow_up_at=NOON)
    before = Event.objects.count()
    for hours in range(0, 72, 4):
        at(NOON + hours * HOUR)
    # three kinds, three steps each; then nothing at all, for days
    assert Reminder.objects.count() == 5 * 3 * 3
    done = Event.objects.count()
    for hours in range(24):
        at(NOON + timedelta(days=15) + hours * HOUR)
    assert Event.objects.count() == done > before


@pytest.mark.sqlite
def test_a_bad_row_stops_no_other_and_is_tried_again(
    line: None, lin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = due_at_two(lin), due_at_two(lin, title="A good one here")
    change("UPDATE tasks_task SET creator_id = 100 + creator_id WHERE id = %s", int(bad[2:]))
    at(NOON + 2 * HOUR)
    assert steps(good) == [("overdue", 0, "kay")]
    assert "failed; it is tried again later" in caplog.text
    assert at(NOON + 2 * HOUR + MINUTE) == 0
    change("UPDATE tasks_task SET creator_id = creator_id - 100 WHERE id = %s", int(bad[2:]))
    at(NOON + 3 * HOUR)
    assert steps(bad) == [("overdue", 0, "kay")]


def test_many_processes_at_once_take_each_step_once(
    transactional_db: None, line: None, lin: Member, kay: Member
) -> None:
    names = [due_at_two(lin, title=f"Task number {number}") for number in range(6)]
    start = threading.Barrier(4)

    def look() -> None:
        start.wait()
        try:
            remind_of_tasks(NOON + 2 * HOUR)
        finally:
            connection.close()

    with frozen(NOON + 2 * HOUR):
        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [steps(name) for name in names] == [[("overdue", 0, "kay")]] * 6
    assert Event.objects.filter(kind="task.reminded").count() == 6
    inbox = check_inbox(actor=kay, limit=100, max_tokens=20_000)
    assert len([i for i in inbox.items if "is overdue" in i.message.body]) == 6


def test_a_look_costs_the_same_however_many_reminders_went_out(
    line: None, lin: Member, kay: Member
) -> None:
    from tests.messaging.test_queries import queries

    name = due_at_two(lin)
    edit_task(actor=lin, task=name, check_in_minutes=5)
    at(NOON + 2 * HOUR)
    assert queries(lambda: remind_of_tasks(NOON)) == 1
    Task.objects.update(remind_at=NOON + 3 * HOUR)
    with frozen(NOON + 3 * HOUR):
        few = queries(lambda: remind_of_tasks(NOON + 3 * HOUR))
    occasions = [f"{number}" for number in range(50)]
    Reminder.objects.bulk_create(
        Reminder(task=row(name), kind="silence", occasion=o, step=0, member=kay, sent_at=NOON)
        for o in occasions
    )
    Task.objects.update(remind_at=NOON + 4 * HOUR)
    with frozen(NOON + 4 * HOUR):
        assert queries(lambda: remind_of_tasks(NOON + 4 * HOUR)) == few
