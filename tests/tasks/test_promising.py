"""Promises: reminder, escalation, hand-over, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import Event
from messaging.models import Channel
from messaging.services import resume, send_message
from orgchart.models import Member
from orgchart.services import retire_member, set_manager
from tasks.models import Promise, Reminder
from tasks.selectors import list_promises, show_promise
from tasks.services import (
    break_promise,
    keep_promise,
    promise,
    release_promise,
    set_working_calendar,
)
from tasks.services.promise_reminding import remind_of_promises
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.tasks.conftest import make, told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with frozen(NOON):
        yield


@pytest.fixture(autouse=True)
def line(owner: Member, ada: Member, kay: Member, sam: Member, lin: Member) -> None:
    """Kay reports to Sam, Sam to Ada."""
    set_manager(actor=owner, member="sam", manager="ada")
    set_manager(actor=owner, member="kay", manager="sam")


def report(kay: Member, **more: object) -> int:
    fields = {"text": "I will report.", "due_at": NOON + 4 * HOUR, "to": "lin", **more}
    return promise(actor=kay, **fields).id  # type: ignore[arg-type]


def at(moment: datetime) -> int:
    with frozen(moment):
        return remind_of_promises(moment)


def steps(pk: int) -> list[tuple[str, int, str]]:
    rows = Reminder.objects.filter(promise=pk).order_by("pk").select_related("member")
    return [(row.kind, row.step, row.member.handle) for row in rows]


def test_one_call_makes_a_promise_and_tells_whom_it_is_made_to(kay: Member, lin: Member) -> None:
    made = promise(actor=kay, text="I will report.", due_at=NOON + 3 * HOUR, to="lin")
    assert (made.by, made.to, made.state) == ("kay", "lin", "open")
    assert made.may == ["keep", "break", "release"]
    assert told(lin)[-1] == "@kay promises you, by 15:00 UTC: I will report."
    assert show_promise(actor=lin, promise_id=made.id).may == ["break"]
    assert [p.id for p in list_promises(actor=lin, which="to_me").items] == [made.id]
    assert [p.id for p in list_promises(actor=kay).items] == [made.id]


def test_it_may_be_about_a_message_or_a_task_and_is_made_to_who_asked(
    kay: Member, lin: Member, sam: Member, vault: Channel
) -> None:
    asked = send_message(actor=lin, to="#vault", body="When, @kay?").id
    by_message = report(kay, to="", message_id=asked)
    by_task = report(kay, to="", task=make(lin, home="#vault"))
    for pk in (by_message, by_task):
        assert show_promise(actor=kay, promise_id=pk).to == "lin"
    assert show_promise(actor=lin, promise_id=by_message).message == asked
    seen = show_promise(actor=sam, promise_id=by_task)  # who manages Kay, and is not in #vault
    assert (seen.task, seen.text) == (None, "I will report.")
    with pytest.raises(NotFound):
        report(sam, message_id=asked)


def test_reminders_come_before_it_at_it_and_then_up_the_line_each_once(
    kay: Member, lin: Member
) -> None:
    pk = report(kay)
    for hours in (2, 3, 3, 4, 4, 7, 8, 11, 12, 16, 30, 90):
        at(NOON + hours * HOUR)
    assert steps(pk) == [
        ("due_soon", 0, "kay"),
        ("overdue", 0, "kay"),
        ("overdue", 1, "sam"),
        ("overdue", 2, "ada"),
    ]
    assert len([words for words in told(lin) if "has not kept a promise to you" in words]) == 1
    assert list_promises(actor=kay, state="overdue").items == []
    with frozen(NOON + 5 * HOUR):
        assert show_promise(actor=lin, promise_id=pk).overdue
        assert [p.id for p in list_promises(actor=kay, state="overdue").items] == [pk]
    assert Event.objects.filter(kind="promise.reminded").count() == 4


def test_what_is_kept_reminds_nobody_and_says_whether_it_was_late(kay: Member, lin: Member) -> None:
    early, late = report(kay), report(kay)
    with frozen(NOON + HOUR):
        assert keep_promise(actor=kay, promise_id=early, note="In #general.").late is False
    assert "In #general." in told(lin)[-1]
    at(NOON + 4 * HOUR)
    with frozen(NOON + 5 * HOUR):
        assert keep_promise(actor=kay, promise_id=late).late is True
    assert at(NOON + 20 * HOUR) == 0
    assert steps(early) == []


def test_only_who_made_it_keeps_it_and_whom_it_was_made_to_may_object(
    kay: Member, lin: Member, sam: Member, ada: Member
) -> None:
    pk = report(kay)
    for other in (lin, sam, ada):
        with pytest.raises(Forbidden):
            keep_promise(actor=other, promise_id=pk)
    keep_promise(actor=kay, promise_id=pk)
    for other in (sam, kay):
        with pytest.raises(Conflict, match="kept already"):
            break_promise(actor=other, promise_id=pk, note="No.")
    broken = break_promise(actor=lin, promise_id=pk, note="Nothing came.")
    assert (broken.state, broken.closed_by, broken.note) == ("broken", "lin", "Nothing came.")
    assert "Nothing came." in told(kay)[-1]
    event = Event.objects.get(kind="promise.broken")
    assert event.data["changed"]["state"] == ["kept", "broken"]


def test_only_who_made_it_and_their_managers_release_it(
    kay: Member, lin: Member, sam: Member, ada: Member, owner: Member
) -> None:
    pk = report(kay)
    with pytest.raises(Forbidden, match="managers can release"):
        release_promise(actor=lin, promise_id=pk)
    assert release_promise(actor=sam, promise_id=pk, note="No longer needed.").state == "released"
    assert "@sam released" in told(kay)[-1]
    assert "@sam released" in told(lin)[-1]
    assert release_promise(actor=owner, promise_id=report(kay)).closed_by == "owner"
    assert release_promise(actor=kay, promise_id=report(kay)).closed_by == "kay"
    with pytest.raises(Conflict, match="released already"):
        keep_promise(actor=kay, promise_id=pk)


def test_a_promise_of_others_looks_like_one_that_is_absent(
    kay: Member, lin: Member, olga: Member
) -> None:
    pk = report(kay)
    calls: list[Any] = [show_promise, keep_promise, break_promise, release_promise]
    for other in (olga, lin):
        hidden = report(kay, to="sam") if other is lin else pk
        for call in calls if other is lin else calls[:1]:
            more = {"note": "No."} if call is break_promise else {}
            said = []
            for number in (hidden, hidden + 50):
                with pytest.raises(NotFound) as refused:
                    call.call(other, {"promise_id": number, **more})
                said.append(str(refused.value.as_dict()).replace(str(number), "it"))
            assert said[0] == said[1]
    assert list_promises(actor=olga, which="all", state="all").items == []


def test_what_cannot_be_promised_is_refused(kay: Member) -> None:
    with pytest.raises(InvalidInput, match="has passed"):
        report(kay, due_at=NOON - HOUR)
    with pytest.raises(Conflict, match="yourself"):
        report(kay, to="kay")


def test_a_person_is_reminded_in_working_hours(ada: Member, lin: Member) -> None:
    set_working_calendar(actor=ada, zone="UTC", hours=["MON-FRI 09:00-17:00"])
    pk = promise(actor=ada, text="I will look.", due_at=NOON + 10 * HOUR, to="lin").id
    at(NOON + 10 * HOUR)
    assert steps(pk) == []
    at(NOON + 21 * HOUR)
    assert steps(pk) == [("overdue", 0, "ada")]


def test_it_is_part_of_what_one_holds_and_of_any_hand_over(
    owner: Member, kay: Member, lin: Member, sam: Member
) -> None:
    pk, mutual = report(kay), report(kay, to="sam")
    given = promise(actor=lin, text="A draft.", due_at=NOON + HOUR, to="kay").id
    owed = {part.words: part for part in resume(actor=kay).owes or []}
    assert "I will report. (to @lin, by 16:00 UTC)" in [
        item.text for item in owed["2 promises to keep"].items
    ]
    retire_member(actor=owner, member="kay", successor="sam")
    now = show_promise(actor=lin, promise_id=pk)
    assert (now.by, now.made_by, now.state) == ("sam", "kay", "open")
    assert show_promise(actor=lin, promise_id=given).to == "sam"
    assert Promise.objects.get(pk=mutual).state == "released"
    assert any("is now @sam's" in words for words in told(lin))
    at(NOON + 4 * HOUR)
    at(NOON + 8 * HOUR)
    assert steps(pk) == [("overdue", 0, "sam"), ("overdue", 1, "ada")]


def test_lists_go_on_page_by_page_at_the_same_cost(kay: Member, lin: Member) -> None:
    from tests.messaging.test_queries import queries

    ids = [report(kay) for _ in range(3)]
    few = queries(lambda: list_promises(actor=lin, which="to_me"))
    ids += [report(kay) for _ in range(22)]
    assert queries(lambda: list_promises(actor=lin, which="to_me")) == few
    first = list_promises(actor=kay, limit=20)
    rest = list_promises(actor=kay, limit=20, after=int(first.cursor or 0))
    assert (first.more, rest.more, rest.cursor) == (True, False, None)
    assert [p.id for p in (*first.items, *rest.items)] == ids[::-1]
