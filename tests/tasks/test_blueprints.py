"""Recurring work: when its tasks are made, as whom, how often, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel
from messaging.services import remove_from_channel
from orgchart.models import Member
from orgchart.services import pause_member, retire_member, unpause_member
from tasks.models import Blueprint, BlueprintRun, Task
from tasks.selectors import list_blueprints, show_blueprint
from tasks.services import (
    claim_task,
    complete_task,
    create_blueprint,
    end_blueprint,
    make_blueprint_hook,
    remove_blueprint_hook,
    run_blueprint,
    update_blueprint,
)
from tasks.services.recurring import MOST_FAILURES, make_due
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import Api
from tests.databases import change
from tests.tasks.conftest import told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def just_before_noon() -> Iterator[None]:
    with frozen(NOON - timedelta(seconds=30)):
        yield


def every_minute(lin: Member, **more: Any) -> int:
    fields = {"title": "Sweep the floor.", "cron": "* * * * *", "skip_if_open": False, **more}
    return create_blueprint(actor=lin, **fields).id


def at(moment: datetime) -> int:
    with frozen(moment):
        return make_due(moment)


def outcomes(pk: int) -> list[tuple[str, str]]:
    rows = BlueprintRun.objects.filter(blueprint=pk).order_by("pk")
    return [(row.outcome, row.reason) for row in rows]


def test_the_rule_makes_an_ordinary_task_as_its_author(lin: Member, kay: Member) -> None:
    pk = every_minute(lin, cron="0 12 * * *", assignee="kay", due_minutes=90, labels=["Floor"])
    assert at(NOON - timedelta(seconds=1)) == 0
    at(NOON)
    at(NOON)
    task = Task.objects.get()
    assert (task.title, task.creator, task.assignee) == ("Sweep the floor.", lin, kay)
    assert (task.due_at, [label.name for label in task.labels.all()]) == (
        NOON + 90 * MINUTE,
        ["floor"],
    )
    assert "@lin assigned" in told(kay)[-1]
    shown = show_blueprint(actor=kay, blueprint_id=pk)
    assert shown.last is not None
    assert (shown.last.outcome, shown.last.task, shown.made) == ("made", task.name, 1)
    assert shown.next_run == NOON + timedelta(days=1)
    made, ran = Event.objects.filter(kind__in=["task.created", "blueprint.ran"]).order_by("seq")
    assert (made.face, made.actor, ran.data["name"]) == ("schedule", lin, task.name)


def test_an_outage_of_an_hour_makes_one_task_and_not_sixty(lin: Member) -> None:
    pk = every_minute(lin)
    at(NOON + HOUR)
    at(NOON + HOUR)
    assert outcomes(pk) == [("made", "60 earlier times were missed")]
    at(NOON + HOUR + MINUTE)
    assert Task.objects.count() == 2


def test_none_is_made_while_one_is_open_and_that_fills_no_table(lin: Member, kay: Member) -> None:
    pk = every_minute(lin, skip_if_open=True)
    for minutes in range(20):
        at(NOON + minutes * MINUTE)
    assert Task.objects.count() == 1
    still = "the one that was made before is still open"
    assert outcomes(pk) == [("made", ""), ("skipped", still)]
    shown = show_blueprint(actor=lin, blueprint_id=pk)
    assert shown.last is not None
    assert shown.last.ran_at == NOON + 19 * MINUTE
    claim_task(actor=kay, task=Task.objects.get().name)
    complete_task(actor=kay, task=Task.objects.get().name)
    at(NOON + 20 * MINUTE)
    assert Task.objects.count() == 2


def test_the_rule_runs_on_the_clock_of_its_zone_when_clocks_are_set(lin: Member) -> None:
    with frozen(datetime(2026, 3, 27, 12, tzinfo=UTC)):
        every_minute(lin, cron="30 2 * * *", zone="Europe/Berlin")
    for hours in range(72):
        for minutes in (0, 30):
            at(datetime(2026, 3, 27, 12, minutes, tzinfo=UTC) + hours * HOUR)
    planned = BlueprintRun.objects.order_by("pk").values_list("planned_at", flat=True)
    assert list(planned) == [
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, tzinfo=UTC),  # 02:30 is skipped: at 03:00
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("wrong", "spot"),
    [
        ({"cron": "0 25 * * *"}, "'25', at character 3"),
        ({"cron": "0 9 * *"}, "four|4 fields"),
        ({"cron": "0 0 30 2 *"}, "never runs"),
        ({"zone": "Berlin"}, "no time zone"),
    ],
)
def test_a_bad_rule_is_refused_with_the_spot(lin: Member, wrong: dict[str, Any], spot: str) -> None:
    with pytest.raises(InvalidInput, match=spot):
        every_minute(lin, **wrong)
    pk = every_minute(lin)
    with pytest.raises(InvalidInput, match=spot):
        update_blueprint(actor=lin, blueprint_id=pk, **wrong)
    assert show_blueprint(actor=lin, blueprint_id=pk).cron == "* * * * *"


def test_what_making_it_would_refuse_is_refused_at_once_and_leaves_no_task(
    lin: Member, ada: Member, olga: Member, vault: Channel
) -> None:
    with pytest.raises(Conflict, match="only observes"):
        every_minute(lin, assignee="olga")
    with pytest.raises(NotFound):
        every_minute(ada, home="#vault")
    every_minute(lin)
    assert Task.objects.count() == 0


def test_a_pause_makes_nothing_up(lin: Member, kay: Member, ada: Member) -> None:
    pk = every_minute(lin)
    update_blueprint(actor=lin, blueprint_id=pk, state="paused")
    assert at(NOON + HOUR) == 0
    with pytest.raises(Conflict, match="paused"):
        run_blueprint(actor=lin, blueprint_id=pk)
    with frozen(NOON + HOUR):
        shown = update_blueprint(actor=ada, blueprint_id=pk, state="active")
    assert shown.next_run == NOON + HOUR + MINUTE
    at(NOON + HOUR)
    assert Task.objects.count() == 0
    with pytest.raises(Forbidden):
        update_blueprint(actor=kay, blueprint_id=pk, state="paused")
    with pytest.raises(Forbidden, match="in the name of @lin"):
        update_blueprint(actor=ada, blueprint_id=pk, title="Mine.")
    end_blueprint(actor=ada, blueprint_id=pk)
    assert at(NOON + 2 * HOUR) == 0
    with pytest.raises(Conflict, match="ended by @ada"):
        update_blueprint(actor=lin, blueprint_id=pk, state="active")


def test_a_call_makes_one_now_as_the_caller(lin: Member, kay: Member) -> None:
    pk = create_blueprint(actor=lin, title="Sweep the floor.").id
    made = run_blueprint(actor=kay, blueprint_id=pk)
    assert (made.outcome, Task.objects.get().creator) == ("made", kay)
    again = run_blueprint(actor=kay, blueprint_id=pk)
    assert (again.outcome, again.task) == ("skipped", made.task)
    assert Blueprint.objects.get().run_at is None


def test_rights_are_checked_when_it_is_made_and_it_pauses_itself(
    lin: Member, kay: Member, vault: Channel
) -> None:
    pk = every_minute(kay, home="#vault")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    for minutes in range(MOST_FAILURES + 3):
        at(NOON + minutes * MINUTE)
    assert [outcome for outcome, _ in outcomes(pk)] == ["failed"] * MOST_FAILURES
    row = Blueprint.objects.get()
    assert (row.state, row.run_at, Task.objects.count()) == ("paused", None, 0)
    assert "paused itself after 5 failures" in row.reason
    assert len([words for words in told(kay) if f"blueprint {pk}" in words]) == 2


def test_a_paused_author_s_are_not_made(owner: Member, lin: Member) -> None:
    pk = every_minute(lin)
    pause_member(actor=owner, member="lin", reason="A test.")
    at(NOON)
    unpause_member(actor=owner, member="lin")
    at(NOON + MINUTE)
    assert outcomes(pk) == [("failed", "@lin is paused"), ("made", "")]


def test_it_passes_on_with_its_author_and_its_assignee(
    owner: Member, lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    open_, private = every_minute(lin), every_minute(lin, home="#vault")
    hooked = create_blueprint(actor=kay, title="Sweep more.", assignee="lin").id
    make_blueprint_hook(actor=lin, blueprint_id=open_)
    retire_member(actor=owner, member="lin", successor="sam")
    at(NOON)
    assert Task.objects.get().creator == sam
    row = show_blueprint(actor=sam, blueprint_id=open_)
    assert (row.author, row.hook, row.state) == ("sam", None, "active")
    assert Blueprint.objects.get(pk=private).reason == "@sam does not see its home"
    run_blueprint(actor=kay, blueprint_id=hooked)
    assert Task.objects.latest("pk").assignee == sam


def test_it_is_seen_by_who_sees_its_home(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    pk = every_minute(lin, home="#vault")
    assert show_blueprint(actor=kay, blueprint_id=pk).home == "#vault"
    assert list_blueprints(actor=sam).items == []
    said = []
    for number in (pk, pk + 50):
        with pytest.raises(NotFound) as refused:
            run_blueprint(actor=sam, blueprint_id=number)
        said.append(str(refused.value.as_dict()).replace(str(number), "it"))
    assert said[0] == said[1]


# Webhooks


def post(url: str, body: Any = None, **headers: str) -> Any:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return Api().call("POST", url.partition("/api/")[2], {} if body is None else body, **named)


def hooked(lin: Member, **more: Any) -> tuple[int, str]:
    fields = {"title": "Look at it.", "skip_if_open": False, **more}
    pk = create_blueprint(actor=lin, **fields).id
    url = make_blueprint_hook(actor=lin, blueprint_id=pk).url
    assert url is not None
    return pk, url


def test_a_delivery_makes_a_task_once_for_each_id(lin: Member) -> None:
    _, url = hooked(lin)
    first = post(url, {"alert": "disk"}, webhook_id="a-1")
    again = post(url, {"alert": "disk"}, webhook_id="a-1")
    other = post(url, {"alert": "fan"}, x_github_delivery="a-1")
    assert (first.status, again.status, other.status) == (200, 200, 200)
    assert again.data == {**first.data, "repeated": True}
    assert Task.objects.count() == 2
    task = Task.objects.earliest("pk")
    assert (task.creator, task.metadata) == (lin, {"webhook": {"alert": "disk"}})
    event = Event.objects.filter(kind="blueprint.ran").earliest("seq")
    assert (event.face, event.data["trigger"]) == ("rest", "webhook")


def test_the_secret_is_kept_nowhere_and_ends_with_a_new_one(lin: Member, ada: Member) -> None:
    from tests.databases import everything_in_the_database

    pk, url = hooked(lin)
    secret = url.rstrip("/").rpartition("/")[2]
    assert len(secret) > 40
    assert secret not in everything_in_the_database()
    make_blueprint_hook(actor=lin, blueprint_id=pk)
    gone, never = post(url), post(url.replace(secret, "hook_" + "x" * 43))
    assert (gone.status, gone.data) == (404, never.data)
    with pytest.raises(Forbidden):
        make_blueprint_hook(actor=ada, blueprint_id=pk)
    assert remove_blueprint_hook(actor=ada, blueprint_id=pk).hook is None


@pytest.mark.parametrize("body", [b"{", b"[1]", b"x" * 9_000, b"null", b"", b"\xff"])
def test_a_delivery_that_is_no_small_object_makes_the_task_without_it(
    lin: Member, body: bytes
) -> None:
    _, url = hooked(lin)
    assert post(url, body).status == 200
    assert Task.objects.get().metadata == {}


def test_too_many_deliveries_are_refused_with_the_time_to_come_back(lin: Member) -> None:
    _, url = hooked(lin, skip_if_open=True)
    answers = [post(url) for _ in range(61)]
    assert {answer.status for answer in answers[:60]} == {200}
    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert Task.objects.count() == 1


def test_a_paused_blueprint_takes_nothing_and_a_retired_author_has_none(
    owner: Member, lin: Member, sam: Member
) -> None:
    pk, url = hooked(lin)
    update_blueprint(actor=lin, blueprint_id=pk, state="paused")
    assert post(url).status == 409
    update_blueprint(actor=lin, blueprint_id=pk, state="active")
    pause_member(actor=owner, member="lin", reason="A test.")
    assert post(url).status == 403
    assert Task.objects.count() == 0


# Many at once, bad rows, cost


@pytest.mark.sqlite
def test_a_bad_row_stops_no_other_and_is_tried_again(
    lin: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = every_minute(lin), every_minute(lin)
    change("UPDATE tasks_blueprint SET cron = 'x' WHERE id = %s", bad)
    at(NOON)
    assert (outcomes(bad), len(outcomes(good))) == ([], 1)
    assert "failed; it is tried again later" in caplog.text
    change("UPDATE tasks_blueprint SET cron = '* * * * *' WHERE id = %s", bad)
    at(NOON + 15 * MINUTE)
    assert outcomes(bad) == [("made", "15 earlier times were missed")]


def test_many_processes_at_once_make_each_task_once(transactional_db: None, lin: Member) -> None:
    ids = [every_minute(lin, title=f"Number {number} of six") for number in range(6)]
    start = threading.Barrier(4)

    def look() -> None:
        start.wait()
        try:
            make_due(NOON)
        finally:
            connection.close()

    with frozen(NOON):
        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Task.objects.count() == 6
    assert [len(outcomes(pk)) for pk in ids] == [1] * 6


def test_lists_go_on_page_by_page_at_the_same_cost(lin: Member, kay: Member) -> None:
    from tests.messaging.test_queries import queries

    ids = [every_minute(lin) for _ in range(3)]
    at(NOON)
    few = queries(lambda: list_blueprints(actor=kay))
    ids += [every_minute(lin) for _ in range(22)]
    at(NOON + MINUTE)
    assert queries(lambda: list_blueprints(actor=kay)) == few
    first = list_blueprints(actor=kay)
    rest = list_blueprints(actor=kay, after=int(first.cursor or 0))
    assert [b.id for b in (*first.items, *rest.items)] == ids[::-1]
    assert queries(lambda: make_due(timezone.now())) == 1
