"""The reaper: what ran out is free again, once, whoever looks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Event
from orgchart.models import Member
from tasks.jobs import LOOK_SECONDS
from tasks.models import Task
from tasks.selectors import list_tasks, show_task
from tasks.services import claim_task, report_progress
from tasks.services.reaping import reap
from tests.databases import change
from tests.tasks.conftest import held, row, told


def test_a_lease_without_a_sign_of_life_ends_and_both_sides_hear_of_it_once(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    token = row(name).token
    assert reap(timezone.now() + timedelta(minutes=29)) == 0
    assert reap(timezone.now() + timedelta(minutes=31)) == 1
    assert reap(timezone.now() + timedelta(minutes=31)) == 0
    task = row(name)
    assert (task.status, task.holder, task.assignee, task.token) == ("todo", None, None, token)
    assert len([body for body in told(kay) if "ran out" in body]) == 1
    assert len([body for body in told(lin) if "ran out" in body]) == 1
    event = Event.objects.get(kind="task.expired")
    assert event.data["changed"]["holder"] == ["kay", None]
    assert [line.id for line in list_tasks(actor=sam, which="free").items] == [name]
    assert claim_task(actor=sam, task=name).token == token + 1


def test_who_claims_for_oneself_hears_it_once(lin: Member) -> None:
    held(lin, lin)
    reap(timezone.now() + timedelta(days=1))
    assert len(told(lin)) == 1


def test_a_sign_of_life_in_time_keeps_the_lease(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    Task.objects.update(expires_at=timezone.now() + timedelta(seconds=3))
    report_progress(actor=kay, task=name)
    assert reap(timezone.now() + timedelta(minutes=5)) == 0
    assert row(name).is_held()


def test_it_looks_often_enough_for_ten_seconds() -> None:
    assert LOOK_SECONDS * 2 <= 10


def test_one_look_costs_one_query_over_the_index_of_leases(lin: Member, kay: Member) -> None:
    from tests.messaging.test_queries import queries

    held(lin, kay)
    assert queries(reap) == 1


def test_many_reapers_at_once_free_each_lease_once(
    transactional_db: None, lin: Member, kay: Member
) -> None:
    names = [held(lin, kay, f"Task number {number}") for number in range(6)]
    later = timezone.now() + timedelta(hours=1)
    freed: list[int] = []
    start = threading.Barrier(4)

    def look() -> None:
        start.wait()
        try:
            freed.append(reap(later))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(freed) == len(names)
    assert Event.objects.filter(kind="task.expired").count() == len(names)
    assert len([body for body in told(kay) if "ran out" in body]) == len(names)


@pytest.mark.sqlite
def test_one_that_fails_stops_no_other(
    lin: Member, kay: Member, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = held(lin, kay, "Bad one here"), held(lin, kay, "Good one there")
    change("UPDATE tasks_task SET creator_id = 10 + creator_id WHERE id = %s", int(bad[2:]))
    assert reap(timezone.now() + timedelta(hours=1)) == 1
    assert show_task(actor=lin, task=good).status == "todo"
    assert "could not be freed" in caplog.text
    change("UPDATE tasks_task SET creator_id = creator_id - 10 WHERE id = %s", int(bad[2:]))
    assert reap(timezone.now() + timedelta(hours=1)) == 1
