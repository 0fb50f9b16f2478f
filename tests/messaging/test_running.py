"""What becomes of a due time: sent once, late, passed over, refused, failed, expired."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import Event
from messaging import conditions
from messaging.conditions import SEND, Verdict, condition
from messaging.models import Channel, Delivery, Message, Schedule, ScheduleRun
from messaging.selectors import list_deliveries, read, show_schedule
from messaging.services import (
    ack,
    cancel_schedule,
    check_inbox,
    create_channel,
    delete_message,
    mark_read,
    remove_from_channel,
    schedule_message,
    send_message,
    update_channel,
    update_schedule,
)
from messaging.services.expiring import drop_expired
from messaging.services.running import MOST_FAILURES, run_due
from orgchart.models import Member
from orgchart.services import pause_member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import all_refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def just_before_noon() -> Iterator[None]:
    with frozen(NOON - timedelta(seconds=30)):
        yield


def every_minute(lin: Member, **more: Any) -> int:
    fields = {"to": "#general", "body": "Tick.", "cron": "* * * * *"}
    return schedule_message(actor=lin, **{**fields, **more}).id


def at_noon(lin: Member, **more: Any) -> int:
    fields = {"to": "#general", "body": "Noon.", "at": "2026-11-23T12:00"}
    return schedule_message(actor=lin, **{**fields, **more}).id


def said() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("body", flat=True))


def notes_for(member: Member) -> list[str]:
    inbox = check_inbox(actor=member, limit=100, max_tokens=20_000)
    return [i.message.body for i in inbox.items if i.message.author == "teammcp"]


def outcomes(pk: int) -> list[tuple[str, str]]:
    rows = ScheduleRun.objects.filter(schedule=pk).order_by("pk")
    return [(row.outcome, row.reason) for row in rows]


def test_a_message_is_sent_at_its_time_once_and_as_its_author(lin: Member, kay: Member) -> None:
    pk = at_noon(lin, body="Noon, @kay.")
    assert run_due(NOON - MINUTE) == 0
    run_due(NOON)
    run_due(NOON)
    run_due(NOON + HOUR)
    (message,) = Message.objects.all()
    assert (message.author, message.face, message.body) == (lin, "schedule", "Noon, @kay.")
    assert Delivery.objects.get().recipient == kay
    shown = show_schedule(actor=lin, schedule_id=pk)
    assert (shown.state, shown.reason, shown.sent) == ("finished", "sent", 1)
    assert shown.last is not None
    assert (shown.last.outcome, shown.last.message_id) == ("sent", message.pk)


def test_the_ledger_tells_on_which_schedule_it_was_sent(lin: Member) -> None:
    pk = at_noon(lin)
    run_due(NOON)
    sent, ran = Event.objects.filter(kind__in=["message.sent", "schedule.ran"]).order_by("seq")
    assert (sent.face, ran.face, ran.target) == ("schedule", "schedule", f"schedule:{pk}")
    assert sent.request_id == ran.request_id
    assert ran.data["message"] == sent.data["message"]
    assert "Noon" not in str(Event.objects.values_list("data", flat=True))


def test_every_minute_is_every_minute(lin: Member) -> None:
    pk = every_minute(lin)
    for number in range(600):
        run_due(NOON + number * timedelta(seconds=1))
    assert said() == ["Tick."] * 10
    planned = ScheduleRun.objects.filter(schedule=pk).values_list("planned_at", flat=True)
    assert list(planned.order_by("pk")) == [NOON + MINUTE * number for number in range(10)]


def test_a_weekday_rule_runs_on_five_days_of_a_week(lin: Member) -> None:
    schedule_message(
        actor=lin, to="#general", body="Work.", cron="0 9 * * MON-FRI", zone="Europe/Berlin"
    )
    for hour in range(24 * 14):
        run_due(NOON + HOUR * hour)
    runs = ScheduleRun.objects.order_by("pk").values_list("planned_at", flat=True)
    assert [run.isoweekday() for run in runs] == [2, 3, 4, 5, 1, 2, 3, 4, 5, 1]


@pytest.mark.parametrize(("late", "sent"), [("once", 1), ("skip", 0)])
def test_an_outage_of_an_hour_sends_one_or_none_but_never_sixty(
    lin: Member, late: str, sent: int
) -> None:
    """Each quarter of an hour, and the server is away from 12:10 to 13:10."""
    pk = every_minute(lin, cron="*/15 * * * *", late=late)
    run_due(NOON)
    run_due(NOON + timedelta(minutes=70))
    assert len(said()) == 1 + sent
    if late == "once":
        assert said()[1] == (
            "Tick.\n\n*(Sent 10 minutes late: due Monday 23 November 2026 at 13:00 UTC;"
            " 3 earlier times were missed)*"
        )
    else:
        assert outcomes(pk)[1] == ("skipped", "10 minutes late; 3 earlier times were missed")
    run_due(NOON + timedelta(minutes=75))
    assert said()[1 + sent :] == ["Tick."]


@pytest.mark.parametrize("late", ["once", "skip"])
def test_a_run_that_is_on_time_stands_for_those_before_it(lin: Member, late: str) -> None:
    """Every minute: after an hour away the newest minute is not late, and is sent as it is."""
    pk = every_minute(lin, late=late)
    run_due(NOON + HOUR + timedelta(seconds=20))
    assert said() == ["Tick."]
    assert outcomes(pk) == [("sent", "on time; 60 earlier times were missed")]


def test_a_very_long_outage_costs_no_more_than_a_short_one(lin: Member) -> None:
    pk = every_minute(lin)
    run_due(NOON + timedelta(days=700))
    assert outcomes(pk) == [("sent", "on time; at least 100 earlier times were missed")]


def test_once_is_sent_late_with_a_note_or_not_at_all(lin: Member) -> None:
    sent, skipped = at_noon(lin), at_noon(lin, late="skip")
    long = at_noon(lin, body="x" * 20_000)
    run_due(NOON + timedelta(hours=5))
    assert said() == [
        "Noon.\n\n*(Sent 5 hours late: due Monday 23 November 2026 at 12:00 UTC)*", "x" * 20_000,
    ]  # fmt: skip
    assert show_schedule(actor=lin, schedule_id=skipped).reason == "its time has passed"
    assert outcomes(long)[0][1].startswith("Sent 5 hours late")  # where the text has no room
    assert show_schedule(actor=lin, schedule_id=sent).state == "finished"


def test_an_end_and_a_number_of_runs_finish_a_schedule(lin: Member) -> None:
    ended = every_minute(lin, until="2026-11-23T12:02")
    counted = every_minute(lin, max_runs=2)
    assert len(show_schedule(actor=lin, schedule_id=counted).next_runs) == 2
    for number in range(5):
        run_due(NOON + MINUTE * number)
    assert len(outcomes(ended)) == 3
    assert len(outcomes(counted)) == 2
    assert show_schedule(actor=lin, schedule_id=ended).reason.startswith("its end has come")
    assert show_schedule(actor=lin, schedule_id=counted).reason.startswith("sent 2 times")


def test_a_run_after_the_end_that_was_missed_is_of_the_last_time_before_it(lin: Member) -> None:
    pk = every_minute(lin, until="2026-11-23T12:02")
    run_due(NOON + HOUR)
    assert ScheduleRun.objects.get(schedule=pk).planned_at == NOON + MINUTE * 2
    assert show_schedule(actor=lin, schedule_id=pk).state == "finished"


def test_what_is_paused_or_cancelled_does_not_run(lin: Member) -> None:
    paused, cancelled = every_minute(lin), every_minute(lin)
    update_schedule(actor=lin, schedule_id=paused, state="paused")
    cancel_schedule(actor=lin, schedule_id=cancelled)
    assert run_due(NOON + HOUR) == 0
    assert said() == []


# Refused, and failed


def test_a_refused_run_concerns_its_own_row_only(lin: Member, kay: Member) -> None:
    create_channel(actor=lin, name="attic")
    bad, good = every_minute(lin, to="#attic"), every_minute(kay)
    update_channel(actor=lin, channel="#attic", archived=True)
    for number in range(8):
        run_due(NOON + MINUTE * number)
    assert len(said()) == 8 + 2
    assert [outcome for outcome, _ in outcomes(good)] == ["sent"] * 8
    assert [outcome for outcome, _ in outcomes(bad)] == ["failed"] * MOST_FAILURES
    shown = show_schedule(actor=lin, schedule_id=bad)
    assert shown.state == "paused"
    assert shown.reason.startswith("paused itself after 5 failures: #attic is archived")
    pause, first = notes_for(lin)
    assert "could not send: #attic is archived" in first
    assert "paused itself" in pause
    update_channel(actor=lin, channel="#attic", archived=False)
    with frozen(NOON + HOUR):
        update_schedule(actor=lin, schedule_id=bad, state="active")
    run_due(NOON + HOUR + MINUTE)
    assert outcomes(bad)[-1] == ("sent", "")


def test_a_success_in_between_forgets_the_failures(lin: Member) -> None:
    create_channel(actor=lin, name="attic")
    pk = every_minute(lin, to="#attic")
    for number in range(12):
        update_channel(actor=lin, channel="#attic", archived=number % 4 != 3)
        run_due(NOON + MINUTE * number)
    assert show_schedule(actor=lin, schedule_id=pk).state == "active"
    assert show_schedule(actor=lin, schedule_id=pk).sent == 3


def test_the_notes_of_the_server_can_be_read_where_they_stand(lin: Member, kay: Member) -> None:
    with pytest.raises(NotFound):
        read(actor=lin, where="@teammcp")
    create_channel(actor=lin, name="attic")
    at_noon(lin, to="#attic")
    update_channel(actor=lin, channel="#attic", archived=True)
    run_due(NOON)
    (item,) = check_inbox(actor=lin).items
    assert (item.reason, item.message.channel, item.message.author_kind) == (
        "direct", "@teammcp", "system",
    )  # fmt: skip
    assert read(actor=lin, where="@teammcp").items == [item.message]
    mark_read(actor=lin, channel="@teammcp", up_to=1)
    with pytest.raises(Conflict, match="the server itself"):
        send_message(actor=lin, to="@teammcp", body="Why?")
    with pytest.raises(NotFound):
        read(actor=kay, where="@teammcp")


def test_rights_are_looked_at_when_it_is_due(
    lin: Member, kay: Member, ada: Member, vault: Channel
) -> None:
    pk = at_noon(kay, to="#vault", body="The combination is xyzzy.")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    run_due(NOON)
    assert not Message.objects.filter(channel=vault).exists()
    shown = show_schedule(actor=kay, schedule_id=pk)
    assert shown.state == "finished"
    assert shown.reason == "not sent: There is no channel #vault"
    assert len(notes_for(kay)) == 1


def test_a_paused_author_sends_nothing_and_a_retired_one_never_again(
    lin: Member, kay: Member, ada: Member
) -> None:
    pausing, retiring = every_minute(lin), every_minute(kay)
    pause_member(actor=ada, member="lin", reason="A test.")
    Member.objects.filter(pk=kay.pk).update(status="retired")  # by no action: those pass it on
    run_due(NOON)
    assert outcomes(pausing) == [("failed", "@lin is paused")]
    gone = Schedule.objects.get(pk=retiring)
    assert (gone.state, gone.reason) == ("cancelled", "@kay has retired")
    assert not Message.objects.filter(author__in=[lin, kay]).exists()


@pytest.fixture
def broken() -> Iterator[dict[str, Any]]:
    """A condition of an app that has a fault; `works` repairs it."""
    state: dict[str, Any] = {"works": False}

    @condition("when broken", "when broken x", check=lambda author, rest: rest)
    def when_broken(author: Member, rest: str) -> Verdict:
        if not state["works"]:
            raise ZeroDivisionError("a secret detail")
        return SEND

    yield state
    del conditions._kinds["when broken"]


def test_an_unexpected_error_puts_its_row_off_and_stops_no_other(
    lin: Member, kay: Member, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = at_noon(lin, condition="when broken x"), every_minute(kay)
    with caplog.at_level(logging.ERROR):
        run_due(NOON)
    assert "ZeroDivisionError" in caplog.text
    assert outcomes(bad) == [("failed", "An unexpected error, which the server has logged")]
    assert "secret" not in "".join(notes_for(lin))
    assert outcomes(good) == [("sent", "")]
    with caplog.at_level(logging.ERROR):
        assert run_due(NOON + timedelta(seconds=59)) == 0  # it waits
        run_due(NOON + timedelta(minutes=1))
        run_due(NOON + timedelta(minutes=2, seconds=59))
    assert len(outcomes(bad)) == 2  # and then twice as long
    broken["works"] = True
    run_due(NOON + timedelta(minutes=3))
    assert Message.objects.filter(author=lin).count() == 1
    assert Schedule.objects.get(pk=bad).state == "finished"


def test_what_never_works_pauses_itself(lin: Member, broken: dict[str, Any]) -> None:
    pk = at_noon(lin, condition="when broken x")
    for number in range(120):
        run_due(NOON + MINUTE * number)
    assert len(outcomes(pk)) == MOST_FAILURES
    assert Schedule.objects.get(pk=pk).state == "paused"
    assert len(notes_for(lin)) == 2


def test_a_damaged_row_stops_no_other(lin: Member, kay: Member) -> None:
    bad, good = every_minute(lin), every_minute(kay)
    Schedule.objects.filter(pk=bad).update(cron="not a rule", zone="Mars/Phobos")
    for number in range(70):
        run_due(NOON + MINUTE * number)
    assert len(outcomes(good)) == 70
    shown = show_schedule(actor=lin, schedule_id=bad)
    assert (shown.state, shown.words, shown.next_runs) == (
        "paused", "By a rule that cannot be read", [],
    )  # fmt: skip
    all_refused(
        InvalidInput,
        lambda: update_schedule(actor=lin, schedule_id=bad, state="active"),
        lambda: update_schedule(actor=lin, schedule_id=bad, zone="UTC"),
    )
    cancel_schedule(actor=lin, schedule_id=bad)


def test_a_second_message_for_one_due_time_is_refused_by_the_database(
    lin: Member, kay: Member, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the claim were lost: somebody puts the time back."""
    pk = every_minute(lin)
    run_due(NOON)
    Schedule.objects.filter(pk=pk).update(due_at=NOON, planned_at=NOON)
    with caplog.at_level(logging.ERROR):
        run_due(NOON)
    assert said()[:1] == ["Tick."]
    assert Message.objects.filter(author=lin).count() == 1
    assert "IntegrityError" in caplog.text
    run_due(NOON + MINUTE)  # it waits for a minute, and goes on with the next one
    assert [outcome for outcome, _ in outcomes(pk)] == ["sent", "failed", "sent"]


# Conditions


def test_unless_answered_is_cancelled_by_an_answer_and_says_which(lin: Member, kay: Member) -> None:
    asked = send_message(actor=lin, to="#general", body="Ready, @kay?").id
    reminder = {"to": f"thread:{asked}", "body": "Still waiting."}
    first = every_minute(lin, condition=f"unless answered {asked} by @kay", **reminder)
    run_due(NOON)
    assert outcomes(first) == [("sent", "")]  # one's own reminder is no answer
    answer = send_message(actor=kay, to=f"thread:{asked}", body="Yes.").id
    run_due(NOON + MINUTE)
    shown = show_schedule(actor=lin, schedule_id=first)
    assert (shown.state, shown.reason) == ("cancelled", f"cancelled: answered in {answer} by @kay")
    assert outcomes(first)[-1] == ("skipped", f"answered in {answer} by @kay")


def test_in_a_direct_conversation_whatever_comes_back_is_an_answer(
    lin: Member, kay: Member, sam: Member
) -> None:
    asked = send_message(actor=lin, to="@kay,@sam", body="Ready?").id
    of_kay = at_noon(lin, to="@kay,@sam", condition=f"Unless  answered #{asked} by kay")
    of_any = at_noon(lin, to="@kay,@sam", condition=f"unless answered {asked}")
    send_message(actor=sam, to="@lin,@kay", body="I am.")
    run_due(NOON)
    assert Schedule.objects.get(pk=of_kay).reason == "sent"
    assert "by @sam" in Schedule.objects.get(pk=of_any).reason


def test_an_answer_that_was_deleted_is_none(lin: Member, kay: Member) -> None:
    asked = send_message(actor=lin, to="#general", body="Ready?").id
    pk = at_noon(lin, condition=f"unless answered {asked}")
    answer = send_message(actor=kay, to=f"thread:{asked}", body="Yes.").id
    delete_message(actor=kay, message_id=answer)
    run_due(NOON)
    assert Schedule.objects.get(pk=pk).reason == "sent"


def test_when_answered_waits_for_the_answer(lin: Member, kay: Member) -> None:
    asked = send_message(actor=lin, to="#general", body="Ready?").id
    pk = every_minute(lin, condition=f"when answered {asked}", max_runs=1)
    lost = at_noon(lin, condition=f"when answered {asked}")
    run_due(NOON)
    assert outcomes(pk) == [("skipped", f"{asked} was not answered")]
    assert Schedule.objects.get(pk=lost).reason == f"cancelled: {asked} was not answered"
    send_message(actor=kay, to="#general", body="Nice weather.")  # not in the thread
    run_due(NOON + MINUTE)
    send_message(actor=kay, to=f"thread:{asked}", body="Yes.")
    run_due(NOON + MINUTE * 2)
    run_due(NOON + MINUTE * 3)
    assert [outcome for outcome, _ in outcomes(pk)] == ["skipped", "skipped", "sent"]


def test_when_acknowledged_is_for_who_may_see_it(lin: Member, kay: Member, sam: Member) -> None:
    told = send_message(actor=lin, to="#general", body="Deploying, @kay.").id
    pk = every_minute(lin, condition=f"when acknowledged {told} by @kay", max_runs=1)
    run_due(NOON)
    ack(actor=kay, deliveries=[item.delivery for item in check_inbox(actor=kay).items])
    run_due(NOON + MINUTE)
    assert [outcome for outcome, _ in outcomes(pk)] == ["skipped", "sent"]
    with pytest.raises(Forbidden):
        every_minute(sam, condition=f"when acknowledged {told}")
    with pytest.raises(InvalidInput, match="not for @sam"):
        every_minute(lin, condition=f"when acknowledged {told} by @sam")


def test_a_condition_on_what_is_hidden_is_refused_like_one_on_what_is_absent(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    private = send_message(actor=lin, to="#vault", body="xyzzy").id
    said_of = []
    for pk in (private, private + 50):
        for kind in ("unless answered", "when answered", "when acknowledged"):
            with pytest.raises(NotFound) as refused:
                every_minute(sam, condition=f"{kind} {pk}")
            said_of.append(str(refused.value.as_dict()).replace(str(pk), "X"))
    assert len(set(said_of)) == 1


def test_who_can_no_longer_see_the_message_is_told_so(
    lin: Member, kay: Member, vault: Channel
) -> None:
    asked = send_message(actor=lin, to="#vault", body="Ready?").id
    pk = every_minute(kay, condition=f"when answered {asked}")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    send_message(actor=lin, to=f"thread:{asked}", body="I am.")
    run_due(NOON)
    assert outcomes(pk) == [("failed", f"There is no message:{asked}")]


@pytest.mark.parametrize(
    "text",
    ["if it rains", "unless answered", "unless answered x", "unless answered 91 by", "x" * 200],
)
def test_what_is_no_condition_is_refused_with_examples(lin: Member, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        every_minute(lin, condition=text)
    assert "91" in refused.value.next


def test_two_conditions_cannot_share_their_words() -> None:
    with pytest.raises(RuntimeError, match="a second condition"):
        condition("when answered", "", check=lambda author, rest: rest)(lambda author, rest: SEND)


# Expiring


def test_an_unread_direct_message_leaves_the_inbox_at_its_time(lin: Member, kay: Member) -> None:
    sent = send_message(actor=lin, to="@kay", body="Lunch now?", expires_minutes=30).id
    assert drop_expired(NOON) == 0
    assert drop_expired(NOON + timedelta(minutes=30)) == 1
    assert drop_expired(NOON + HOUR) == 0
    assert check_inbox(actor=kay).items == []
    (fact,) = list_deliveries(actor=lin, message_id=sent).items
    assert (fact.acknowledged_at, fact.withdrawn_at) == (None, NOON + timedelta(minutes=30))
    assert fact.withdrawn_reason == "expired"
    event = Event.objects.get(kind="message.expired")
    assert event.data == {"message": sent, "dropped": "@kay"}
    assert read(actor=kay, where="@lin").items[0].id == sent  # the conversation keeps it


def test_what_was_read_in_whatever_way_is_not_dropped(
    lin: Member, kay: Member, sam: Member, owner: Member
) -> None:
    send_message(actor=lin, to="@kay,@sam,@owner", body="Lunch now?", expires_minutes=1)
    (item,) = check_inbox(actor=kay).items  # offered
    mark_read(actor=sam, channel="@lin,@kay,@owner", up_to=1)
    drop_expired(NOON + HOUR)
    ack(actor=kay, deliveries=[item.delivery])
    dropped = Delivery.objects.filter(withdrawn_at__isnull=False)
    assert [row.recipient for row in dropped] == [owner]


def test_only_direct_messages_expire(lin: Member) -> None:
    all_refused(
        InvalidInput,
        lambda: send_message(actor=lin, to="#general", body="Hello.", expires_minutes=5),
    )
    assert said() == []


def test_the_history_of_a_schedule_names_who_never_read_it(lin: Member, kay: Member) -> None:
    pk = at_noon(lin, to="@kay", expires_minutes=180)
    with frozen(NOON):
        run_due(NOON)
    drop_expired(NOON + timedelta(hours=3))
    shown = show_schedule(actor=lin, schedule_id=pk)
    assert shown.history[0].dropped == ["kay"]
    assert shown.last == shown.history[0]
