"""Scheduled messages: making, previewing, changing, pausing, cancelling, and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from messaging.models import Channel, Message, Schedule
from messaging.selectors import list_schedules, preview_schedule, show_schedule
from messaging.services import (
    cancel_schedule,
    create_channel,
    leave_channel,
    schedule_message,
    send_message,
    update_channel,
    update_schedule,
)
from messaging.services import schedules as module
from messaging.services.running import run_due
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import ApiOf, all_refused
from tests.databases import everything_in_the_database
from tests.messaging.test_queries import queries

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.fixture(autouse=True)
def on_monday() -> Any:
    with frozen(MONDAY):
        yield


def weekdays(lin: Member, **more: Any) -> Any:
    fields = {"to": "#general", "body": "Stand-up.", "cron": "0 9 * * MON-FRI", "zone": BERLIN}
    return schedule_message(actor=lin, **{**fields, **more})


def test_a_rule_answers_with_its_next_five_runs_in_words_and_times(lin: Member) -> None:
    made = weekdays(lin)
    assert made.words == "At 09:00 on Monday through Friday"
    assert [run.isoformat() for run in made.next_runs] == [
        f"2026-11-{day}T09:00:00+01:00" for day in (23, 24, 25, 26, 27)
    ]
    assert made.next_run == made.next_runs[0]
    assert (made.state, made.sent, made.to, made.author) == ("active", 0, "#general", "lin")


def test_once_is_a_time_on_the_clock_of_the_zone(lin: Member) -> None:
    made = weekdays(lin, cron="", at="2026-11-23T12:30")
    assert made.words == "Once, on Monday 23 November 2026 at 12:30"
    assert [run.isoformat() for run in made.next_runs] == ["2026-11-23T12:30:00+01:00"]


def test_scheduling_says_nothing_yet(lin: Member, kay: Member) -> None:
    before = (Message.objects.count(), Channel.objects.count())
    schedule_message(actor=lin, to="@kay", body="Later.", at="2026-11-24T09:00")
    assert (Message.objects.count(), Channel.objects.count()) == before


def test_a_preview_is_what_saving_would_give(lin: Member) -> None:
    rule: dict[str, Any] = {"cron": "0 9 * * MON-FRI", "zone": BERLIN, "until": "2026-11-25"}
    seen = preview_schedule(actor=lin, **rule)
    made = weekdays(lin, until="2026-11-25")
    assert seen.next_runs == made.next_runs
    assert len(seen.next_runs) == 3  # the last day counts
    assert len(preview_schedule(actor=lin, cron="* * * * *", count=50).next_runs) == 50


def test_what_cannot_run_is_refused_and_leaves_nothing(lin: Member) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"cron": "61 9 * * *"}, "character 1"),
        ({"cron": "0 9 30 2 *"}, "never runs"),
        ({"zone": "Europe/Brelin"}, "no time zone"),
        ({"cron": ""}, "Give at or cron"),
        ({"at": "2026-11-24T09:00"}, "not both"),
        ({"cron": "", "at": "2026-11-23T07:00"}, "has passed"),
        ({"cron": "", "at": "2037-01-01"}, "ten years"),
        ({"cron": "", "at": "2026-11-24T09:00", "until": "2026-12-24"}, "has no end"),
        ({"cron": "", "at": "2026-11-24T09:00", "max_runs": 2}, "one run"),
        ({"until": "2026-11-22"}, "has passed"),
        ({"cron": "0 9 1 1 *", "until": "2026-12-24"}, "after its end"),
        ({"condition": "if it rains"}, "no condition"),
        ({"body": " "}, "empty"),
        ({"expires_minutes": 5}, "only direct messages expire"),
    ]
    before = everything_in_the_database()
    for fields, words in wrong:
        with pytest.raises(InvalidInput, match=words) as refused:
            weekdays(lin, **fields)
        assert refused.value.next, fields
    assert everything_in_the_database() == before


def test_what_sending_would_refuse_is_refused_at_once(
    lin: Member, sam: Member, olga: Member, vault: Channel
) -> None:
    create_channel(actor=lin, name="attic")
    update_channel(actor=lin, channel="#attic", archived=True)
    all_refused(NotFound, lambda: weekdays(sam, to="#vault"), lambda: weekdays(sam, to="@nobody"))
    all_refused(Conflict, lambda: weekdays(sam, to="#attic"))
    all_refused(Forbidden, lambda: weekdays(sam, priority="now"), lambda: weekdays(olga))


def test_a_hidden_target_is_refused_like_one_that_is_absent(sam: Member, vault: Channel) -> None:
    said = []
    for name in ("#vault", "#vaulu"):
        with pytest.raises(NotFound) as refused:
            weekdays(sam, to=name)
        said.append(str(refused.value.as_dict()).replace(name, "X"))
    assert said[0] == said[1]


def test_a_member_has_room_for_so_many(lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for _ in range(3):
        weekdays(lin)
    with pytest.raises(Conflict, match="3 scheduled messages"):
        weekdays(lin)
    cancel_schedule(actor=lin, schedule_id=list_schedules(actor=lin).items[0].id)
    weekdays(lin)


def test_pausing_and_resuming_begin_anew_from_now(lin: Member) -> None:
    made = weekdays(lin)
    paused = update_schedule(actor=lin, schedule_id=made.id, state="paused")
    assert (paused.state, paused.next_run) == ("paused", None)
    assert paused.next_runs  # what would come
    with frozen(MONDAY + timedelta(days=2, hours=3)):
        resumed = update_schedule(actor=lin, schedule_id=made.id, state="active")
    assert resumed.next_run is not None
    assert resumed.next_run.isoformat() == "2026-11-26T09:00:00+01:00"


def test_a_time_that_has_passed_in_a_pause_is_not_resumed(lin: Member) -> None:
    made = weekdays(lin, cron="", at="2026-11-23T12:00")
    update_schedule(actor=lin, schedule_id=made.id, state="paused")
    with frozen(MONDAY + timedelta(days=1)):
        with pytest.raises(Conflict, match="has passed"):
            update_schedule(actor=lin, schedule_id=made.id, state="active")
        later = update_schedule(
            actor=lin, schedule_id=made.id, state="active", at="2026-11-24T12:00"
        )
    assert (later.state, later.words) == ("active", "Once, on Tuesday 24 November 2026 at 12:00")


def test_changing_leaves_what_is_not_named(lin: Member, kay: Member) -> None:
    made = weekdays(lin, until="2026-12-24", max_runs=9)
    change = {"actor": lin, "schedule_id": made.id}
    assert update_schedule(**change, body="Sit-down.").until == made.until
    moved = update_schedule(**change, cron="30 10 * * *")
    assert (moved.body, moved.zone, moved.until, moved.max_runs) == (
        "Sit-down.", BERLIN, made.until, 9,
    )  # fmt: skip
    assert moved.next_run is not None
    assert moved.next_run.isoformat() == "2026-11-23T10:30:00+01:00"
    free = update_schedule(**change, until="", max_runs=0, zone="UTC")
    assert (free.until, free.max_runs, free.zone, free.cron) == (None, None, "UTC", "30 10 * * *")
    direct = update_schedule(**change, to="@kay", expires_minutes=5, at="2026-11-24T09:00")
    assert (direct.to, direct.cron, direct.expires_minutes) == ("@kay", "", 5)
    all_refused(
        InvalidInput,
        lambda: update_schedule(**change, cron="nonsense"),
        lambda: update_schedule(**change, max_runs=2),
        lambda: update_schedule(**change, to="#general"),  # what expires is direct
        lambda: update_schedule(**change, zone="Mars"),
    )


def test_an_update_that_changes_nothing_leaves_no_event(lin: Member) -> None:
    made = weekdays(lin)
    before = everything_in_the_database()
    update_schedule(actor=lin, schedule_id=made.id, body="Stand-up.", state="active")
    assert everything_in_the_database() == before


def test_what_has_ended_stays_ended(lin: Member) -> None:
    made = weekdays(lin)
    ended = cancel_schedule(actor=lin, schedule_id=made.id)
    assert (ended.state, ended.reason, ended.next_runs) == ("cancelled", "cancelled by @lin", [])
    all_refused(
        Conflict,
        lambda: cancel_schedule(actor=lin, schedule_id=made.id),
        lambda: update_schedule(actor=lin, schedule_id=made.id, state="active"),
        match="has ended",
    )


def test_a_schedule_is_hidden_from_colleagues_and_from_admins_who_cannot_read_there(
    lin: Member, kay: Member, ada: Member, vault: Channel
) -> None:
    public, private = weekdays(lin).id, weekdays(lin, to="#vault").id
    direct = weekdays(lin, to="@kay").id
    assert show_schedule(actor=ada, schedule_id=public).author == "lin"
    for member, hidden in ((kay, public), (kay, private), (ada, private), (ada, direct)):
        all_refused(
            NotFound,
            lambda who=member, pk=hidden: show_schedule(actor=who, schedule_id=pk),  # type: ignore[misc]
            lambda who=member, pk=hidden: cancel_schedule(actor=who, schedule_id=pk),  # type: ignore[misc]
            lambda who=member, pk=hidden: update_schedule(  # type: ignore[misc]
                actor=who, schedule_id=pk, state="paused"
            ),
        )
    assert [item.id for item in list_schedules(actor=ada, whose="all").items] == [public]
    assert list_schedules(actor=ada).items == []
    assert len(list_schedules(actor=lin).items) == 3


def test_an_admin_stops_a_schedule_but_puts_no_words_into_its_authors_mouth(
    lin: Member, ada: Member
) -> None:
    made = weekdays(lin)
    words: list[dict[str, Any]] = [{"body": "I resign."}, {"cron": "* * * * *"}, {"to": "#general"}]
    for fields in words:
        with pytest.raises(Forbidden, match="author's own"):
            update_schedule(actor=ada, schedule_id=made.id, **fields)
    assert update_schedule(actor=ada, schedule_id=made.id, state="paused").state == "paused"
    assert cancel_schedule(actor=ada, schedule_id=made.id).reason == "cancelled by @ada"


def test_a_channel_stays_the_target_under_its_new_name(lin: Member, kay: Member) -> None:
    create_channel(actor=lin, name="plans", kind="private", invite=["kay"])
    made = weekdays(kay, to="#plans")
    update_channel(actor=lin, channel="#plans", name="dreams")
    assert show_schedule(actor=kay, schedule_id=made.id).to == "#dreams"
    leave_channel(actor=kay, channel="#dreams")
    update_channel(actor=lin, channel="#dreams", name="secret-dreams")
    assert show_schedule(actor=kay, schedule_id=made.id).to == "#plans"  # as Kay knew it


def test_the_list_is_paged_and_filtered(lin: Member) -> None:
    made = [weekdays(lin, body=f"{number}").id for number in range(5)]
    cancel_schedule(actor=lin, schedule_id=made[0])
    page = list_schedules(actor=lin, limit=3)
    assert [item.id for item in page.items] == made[:1:-1]
    assert page.remaining == 1
    rest = list_schedules(actor=lin, limit=3, after=int(page.cursor or 0))
    assert [item.id for item in rest.items] == [made[1]]
    assert [item.id for item in list_schedules(actor=lin, state="ended").items] == [made[0]]
    assert len(list_schedules(actor=lin, state="all").items) == 5


def test_over_rest_a_schedule_is_made_seen_changed_and_ended(lin: Member, api: ApiOf) -> None:
    client = api(lin)
    body = {"to": "#general", "body": "Hello.", "cron": "0 9 * * MON-FRI", "client_key": "k"}
    made = client.post("schedules/", **body)
    assert made.status == 201
    assert client.post("schedules/", **body).data == made.data  # once
    pk = made.data["id"]
    assert len(client.get("schedules/preview/", cron="0 9 * * MON-FRI").data["next_runs"]) == 5
    assert client.get("schedules/").data["items"][0]["id"] == pk
    assert client.patch(f"schedules/{pk}/", state="paused").data["state"] == "paused"
    assert client.get(f"schedules/{pk}/").data["next_run"] is None
    assert client.post(f"schedules/{pk}/cancel/").data["state"] == "cancelled"
    refused = client.get("schedules/preview/", cron="0 25 * * *")
    assert refused.data["state"]["fields"] == {"cron": "character 3: wrong hour"}
    assert Schedule.objects.count() == 1


def test_a_reply_can_be_scheduled_into_a_thread(lin: Member, kay: Member) -> None:
    root = send_message(actor=kay, to="#general", body="Who?").id
    assert weekdays(lin, to=f"thread:{root}").to == f"thread:{root}"


def test_lists_and_runs_cost_the_same_for_one_and_for_many(lin: Member, kay: Member) -> None:
    weekdays(lin)
    few = queries(lambda: list_schedules(actor=lin))
    for number in range(12):
        weekdays(lin, to="@kay" if number % 2 else "#general")
    run_due(MONDAY + timedelta(days=1))
    assert few == queries(lambda: list_schedules(actor=lin)) == 3
    pk = list_schedules(actor=lin).items[0].id
    assert queries(lambda: show_schedule(actor=lin, schedule_id=pk)) == 4
    assert queries(lambda: preview_schedule(actor=lin, cron="* * * * *")) == 0
    assert queries(lambda: run_due(MONDAY + timedelta(days=1))) == 1  # where nothing is due
