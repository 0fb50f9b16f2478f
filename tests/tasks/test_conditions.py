"""Scheduled messages that wait for a task: "when T-12 is done", "unless T-12 is done"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from messaging.models import Channel, Message
from messaging.selectors import show_schedule
from messaging.services import remove_from_channel, schedule_message
from messaging.services.running import run_due
from orgchart.models import Member
from tasks.services import cancel_task, claim_task, complete_task
from teammcp.core.errors import InvalidInput, NotFound
from tests.clocks import frozen
from tests.tasks.conftest import make

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def just_before_noon() -> Iterator[None]:
    with frozen(NOON - timedelta(seconds=30)):
        yield


def reminder(lin: Member, condition: str, **more: Any) -> int:
    fields = {"to": "#general", "body": "Tick.", "cron": "* * * * *", **more}
    return schedule_message(actor=lin, condition=condition, **fields).id


def sent() -> int:
    return Message.objects.filter(body="Tick.").count()


def finish(member: Member, name: str) -> None:
    claim_task(actor=member, task=name)
    complete_task(actor=member, task=name)


def test_unless_done_goes_on_until_the_task_is_done(lin: Member, kay: Member) -> None:
    name = make(lin)
    pk = reminder(lin, f"Unless  {name.lower()} is done")
    assert show_schedule(actor=lin, schedule_id=pk).condition == f"unless {name} is done"
    run_due(NOON)
    run_due(NOON + MINUTE)
    finish(kay, name)
    run_due(NOON + 2 * MINUTE)
    run_due(NOON + 3 * MINUTE)
    shown = show_schedule(actor=lin, schedule_id=pk)
    assert (sent(), shown.state, shown.reason) == (2, "cancelled", f"cancelled: {name} is done")


def test_when_done_waits_for_it_and_says_why(lin: Member, kay: Member) -> None:
    name = make(lin)
    pk = reminder(lin, f"when {name} done", max_runs=1)
    run_due(NOON)
    shown = show_schedule(actor=lin, schedule_id=pk)
    assert shown.last is not None
    assert (shown.last.outcome, shown.last.reason) == ("skipped", f"{name} is todo, not done")
    finish(kay, name)
    run_due(NOON + MINUTE)
    assert (sent(), show_schedule(actor=lin, schedule_id=pk).state) == (1, "finished")


@pytest.mark.parametrize("words", ["when", "unless"])
def test_what_was_cancelled_ends_it_with_the_cause(lin: Member, words: str) -> None:
    name = make(lin)
    pk = reminder(lin, f"{words} {name} is done")
    cancel_task(actor=lin, task=name)
    run_due(NOON)
    reason = show_schedule(actor=lin, schedule_id=pk).reason
    assert (sent(), reason) == (0, f"cancelled: {name} was cancelled")


def test_a_hidden_task_is_refused_exactly_like_an_absent_one(
    lin: Member, sam: Member, vault: Channel
) -> None:
    hidden = make(lin, home="#vault")
    absent = f"T-{int(hidden[2:]) + 50}"
    for words in ("when", "unless"):
        said = []
        for name in (hidden, absent):
            with pytest.raises(NotFound) as refused:
                reminder(sam, f"{words} {name} is done")
            said.append(str(refused.value.as_dict()).replace(name, "it"))
        assert said[0] == said[1]


def test_a_task_that_was_hidden_since_is_asked_of_no_more(
    lin: Member, kay: Member, vault: Channel
) -> None:
    name = make(lin, home="#vault")
    pk = reminder(kay, f"unless {name} is done")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    run_due(NOON)
    shown = show_schedule(actor=kay, schedule_id=pk)
    assert shown.last is not None
    assert (sent(), shown.last.outcome) == (0, "failed")
    assert shown.last.reason == f"There is no task {name}"


@pytest.mark.parametrize("text", ["when it rains", "when T-1 is late", "unless 12 is done"])
def test_what_is_no_condition_is_refused_with_examples_of_all_kinds(lin: Member, text: str) -> None:
    with pytest.raises(InvalidInput, match="no condition") as refused:
        reminder(lin, text)
    assert "when T-12 is done" in refused.value.next
    assert "unless answered 91" in refused.value.next
