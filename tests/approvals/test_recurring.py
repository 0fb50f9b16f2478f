"""Recurring work that a policy holds: asked for by its author, whoever fires it, and made once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.services.executing import run_approved
from orgchart.services import pause_member
from tasks import services as tasks
from tasks.models import Blueprint, BlueprintRun, Task
from tasks.services.recurring import make_due
from tests.approvals.conftest import Court, Rule, decide, row, told
from tests.conftest import Api, held_call
from tests.databases import everything_in_the_database


def hooked(court: Court, **more: Any) -> tuple[int, str]:
    """A blueprint of Lin's, and the address of its webhook."""
    fields = {"title": "Look at it.", "skip_if_open": False, "due_minutes": 60, **more}
    pk = tasks.create_blueprint(actor=court.lin, **fields).id
    url = tasks.make_blueprint_hook(actor=court.lin, blueprint_id=pk).url
    assert url is not None
    return pk, url


def deliver(url: str, name: str = "", **body: Any) -> Any:
    headers = {"HTTP_WEBHOOK_ID": name} if name else {}
    return Api().call("POST", url.partition("/api/")[2], body, **headers)


def test_a_webhook_is_held_as_its_author_and_makes_the_task_once(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="create_task")
    pk, url = hooked(court)
    answer = deliver(url, "a-1", alert="disk")
    assert (answer.status, answer.data["code"]) == (202, "held")
    assert deliver(url, "a-1", alert="disk").data["state"] == answer.data["state"]
    request = row(answer.data["state"]["request"])
    assert (request.requester, request.action) == (court.lin, "fire_blueprint")
    assert not Task.objects.exists()
    assert request.name in told(court.ben)[-1]
    assert decide(court.ben, request.name) == "executed", row(request.name).reason
    for _ in range(2):
        run_approved(timezone.now() + timedelta(days=1))
    task = Task.objects.get()
    assert (task.creator, task.metadata) == (court.lin, {"webhook": {"alert": "disk"}})
    assert task.due_at is not None
    again = deliver(url, "a-1", alert="disk")
    assert (again.status, again.data["repeated"]) == (200, True)
    assert (Task.objects.count(), Blueprint.objects.get(pk=pk).made) == (1, 1)


def test_each_delivery_is_a_request_of_its_own_without_the_address(
    court: Court, rule: Rule
) -> None:
    rule("@ben", pattern="create_task")
    _, url = hooked(court)
    for name in ("a-1", "a-2"):
        assert deliver(url, name).status == 202
    assert ApprovalRequest.objects.count() == 2
    assert url.rstrip("/").rpartition("/")[2] not in everything_in_the_database()


@pytest.mark.parametrize("pattern", ["create_task", "fire_blueprint", "assign_task"])
def test_the_rule_is_held_once_for_as_long_as_it_waits(
    court: Court, rule: Rule, pattern: str
) -> None:
    pk = tasks.create_blueprint(
        actor=court.lin, title="Sweep.", cron="* * * * *", due_minutes=60, assignee="kay"
    ).id
    rule("@ben", pattern=pattern)
    for minutes in (2, 4, 6):
        make_due(timezone.now() + timedelta(minutes=minutes))
    request = ApprovalRequest.objects.get()
    assert (request.requester, request.action) == (court.lin, "fire_blueprint")
    assert BlueprintRun.objects.filter(outcome="skipped").count() == 1
    assert decide(court.ben, request.name) == "executed", row(request.name).reason
    blueprint = Blueprint.objects.get(pk=pk)
    assert (Task.objects.count(), blueprint.made, blueprint.state) == (1, 1, "active")
    make_due(timezone.now() + timedelta(minutes=8))  # the one that was made is still open
    assert (Task.objects.count(), ApprovalRequest.objects.count()) == (1, 1)


def test_a_call_of_somebody_else_is_theirs(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="create_task", requesters=["kind:agent"])
    pk, _ = hooked(court)
    request = held_call(court.kay, "run_blueprint", blueprint_id=pk)
    assert row(request).requester == court.kay
    assert decide(court.ben, request) == "executed", row(request).reason
    assert Task.objects.get().creator == court.kay


def test_what_was_changed_or_whose_author_rests_makes_nothing(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="create_task")
    pk, url = hooked(court)
    first, second = (deliver(url, name).data["state"]["request"] for name in "ab")
    pause_member(actor=court.owner, member="lin", reason="Away.")
    assert decide(court.ben, first) == "failed"
    tasks.update_blueprint(actor=court.owner, blueprint_id=pk, state="paused")
    assert decide(court.ben, second) == "superseded"
    assert not Task.objects.exists()


def test_without_a_rule_everything_is_as_ever(court: Court) -> None:
    _, url = hooked(court)
    assert deliver(url, "a-1").status == 200
    assert Task.objects.get().creator == court.lin
