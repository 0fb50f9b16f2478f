"""Promises, recurring work and what counts for goals against what the ledger says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.verification import verify_ledger
from orgchart.models import Member
from orgchart.services import retire_member
from tasks.models import GoalTask
from tasks.services import (
    attach_task,
    create_blueprint,
    create_goal,
    detach_task,
    make_blueprint_hook,
    promise,
    release_promise,
    run_blueprint,
    update_blueprint,
)
from tests.databases import change
from tests.tasks.conftest import make

CHANGES = {
    "UPDATE tasks_promise SET state = 'kept'": "promise {promise} is not what was last recorded",
    "UPDATE tasks_promise SET due_at = '2099-01-01'": "promise {promise} is not what",
    "UPDATE tasks_blueprint SET title = 'Other'": "blueprint {blueprint} is not what",
    "UPDATE tasks_blueprint SET author_id = 1": "blueprint {blueprint} is not what",
    "DELETE FROM tasks_promise": "promise {promise} is missing",
}


def test_what_happened_by_actions_is_sound_after_a_hand_over_too(
    owner: Member, lin: Member, kay: Member
) -> None:
    made = create_blueprint(actor=lin, title="Sweep.", cron="0 9 * * *").id
    make_blueprint_hook(actor=lin, blueprint_id=made)
    run_blueprint(actor=kay, blueprint_id=made)
    update_blueprint(actor=lin, blueprint_id=made, title="Sweep more.", state="paused")
    later = timezone.now() + timedelta(hours=1)
    ids = [promise(actor=lin, text="I will.", due_at=later, to="kay").id for _ in "ab"]
    release_promise(actor=lin, promise_id=ids[0])
    retire_member(actor=owner, member="lin", successor="kay")
    report = verify_ledger()
    assert report.ok, report.reason


@pytest.mark.sqlite
@pytest.mark.parametrize("statement", CHANGES)
def test_a_row_that_was_changed_by_hand_is_found(lin: Member, statement: str) -> None:
    blueprint = create_blueprint(actor=lin, title="Sweep.", cron="0 9 * * *").id
    later = timezone.now() + timedelta(hours=1)
    row = promise(actor=lin, text="I will.", due_at=later).id
    change(statement)
    assert CHANGES[statement].format(promise=row, blueprint=blueprint) in verify_ledger().reason


LINK_CHANGES = {
    "UPDATE tasks_goaltask SET weight = 9": "link {link} of a goal is not what was last recorded",
    "UPDATE tasks_goaltask SET goal_id = {other}": "link {link} of a goal is not what",
    "UPDATE tasks_goaltask SET task_id = {free}": "link {link} of a goal is not what",
    "DELETE FROM tasks_goaltask": "link {link} of a goal is not what",
    "INSERT INTO tasks_goaltask (task_id, goal_id, weight) VALUES ({free}, {other}, 1)":
        "1 links of goals were never recorded",
}  # fmt: skip


def linked(lin: Member) -> dict[str, int]:
    """Tasks that were attached, weighed anew and detached: one still counts for a goal."""
    goal, other = (create_goal(actor=lin, title=title).id for title in ("Fly", "Land"))
    task, gone, free = (make(lin, title) for title in ("Build wings", "Build a tail", "Rest"))
    for one in (gone, task):
        attach_task(actor=lin, goal=goal, task=one)
        attach_task(actor=lin, goal=goal, task=one, weight=3)
    detach_task(actor=lin, goal=goal, task=gone)
    attach_task(actor=lin, goal=other, task=gone)
    detach_task(actor=lin, goal=other, task=gone)
    link = GoalTask.objects.get().pk
    return {"link": link, "other": int(other[2:]), "free": int(free[2:])}


def test_what_counts_for_goals_by_actions_is_sound(lin: Member) -> None:
    linked(lin)
    report = verify_ledger()
    assert report.ok, report.reason


@pytest.mark.parametrize("statement", LINK_CHANGES)
def test_a_link_that_was_changed_by_hand_is_found(lin: Member, statement: str) -> None:
    ids = linked(lin)
    change(statement.format(**ids))
    assert LINK_CHANGES[statement].format(**ids) in verify_ledger().reason
