"""Blocked by somebody for something; reviewed by somebody else before it is done."""

from __future__ import annotations

import pytest

from orgchart.models import Member
from tasks.selectors import list_task_history, show_task, show_work
from tasks.services import (
    approve_task,
    assign_task,
    block_task,
    claim_task,
    complete_task,
    edit_task,
    reopen_task,
    request_changes,
    submit_task,
    unblock_task,
    update_task,
)
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from tests.conftest import agent, all_refused
from tests.tasks.conftest import held, make, row, told


def test_a_block_tells_who_has_to_act_and_its_end_wakes_who_waits(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    block_task(actor=kay, task=name, on="@sam", what="Give Kay access to the vault.")
    assert "@kay waits for you" in told(sam)[-1]
    assert "Give Kay access" in told(sam)[-1]
    shown = show_task(actor=lin, task=name)
    assert shown.blocked is not None
    assert (shown.blocked.on, shown.assignee, shown.lease) == ("sam", "kay", None)
    assert [(line.id, line.what) for line in show_work(actor=sam).items] == [(name, "unblock")]
    unblock_task(actor=sam, task=name, note="Done.")
    assert any("cleared the block" in body for body in told(kay))
    assert row(name).status == "todo"
    claim_task(actor=kay, task=name)


def test_a_task_cannot_be_blocked_by_nobody_or_by_who_does_it(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    all_refused(
        InvalidInput,
        lambda: block_task(actor=kay, task=name, on=" ", what="Act."),
        lambda: update_task(actor=kay, task=name, to="block", note="Act."),
        lambda: block_task(actor=kay, task=name, on="lin", what=" "),
        lambda: update_task(actor=kay, task=name, to="block", on="lin"),
    )
    all_refused(Conflict, lambda: block_task(actor=kay, task=name, on="kay", what="Act."))


def test_a_blocked_task_cannot_start_or_finish(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    block_task(actor=kay, task=name, on="lin", what="Act.")
    for call in (
        lambda: claim_task(actor=kay, task=name),
        lambda: complete_task(actor=kay, task=name),
        lambda: submit_task(actor=kay, task=name),
        lambda: approve_task(actor=lin, task=name),
    ):
        with pytest.raises(Conflict, match="blocked") as refused:
            call()
        assert "unblock" in refused.value.state["legal"]


def test_an_illegal_move_names_the_legal_ones(lin: Member, kay: Member) -> None:
    name = make(lin)
    with pytest.raises(Conflict) as refused:
        approve_task(actor=lin, task=name)
    assert refused.value.state["legal"] == ["claim", "block", "assign", "cancel"]
    assert refused.value.message == f"{name} is todo; it cannot approve from there."
    with pytest.raises(Conflict) as refused:
        approve_task(actor=kay, task=name)
    assert refused.value.state["legal"] == ["claim"]


# Review


def in_review(creator: Member, worker: Member) -> str:
    name = held(
        creator, worker, reviewer=creator.handle, points=["It compiles", "It is documented"]
    )
    submit_task(actor=worker, task=name, evidence=["commit 1a2b"], points=[1, 2])
    return name


def test_a_task_with_a_reviewer_is_done_by_their_approval_alone(lin: Member, kay: Member) -> None:
    name = held(lin, kay, reviewer="lin")
    all_refused(Conflict, lambda: complete_task(actor=kay, task=name), match="needs a review")
    submit_task(actor=kay, task=name, result="Rotated.")
    assert "asks you to review" in told(lin)[-1]
    assert [(line.id, line.what) for line in show_work(actor=lin).items] == [(name, "review")]
    all_refused(Forbidden, lambda: approve_task(actor=kay, task=name), match="for its reviewer")
    approve_task(actor=lin, task=name, note="Well done.")
    assert row(name).status == "done"
    assert any("approved" in body for body in told(kay))


def test_open_points_keep_work_from_review_and_from_done(lin: Member, kay: Member) -> None:
    name = held(lin, kay, points=["It compiles", "It is documented"])
    with pytest.raises(Conflict) as refused:
        submit_task(actor=kay, task=name, points=[1])
    assert refused.value.state["open_points"] == ["It is documented"]
    all_refused(Conflict, lambda: complete_task(actor=kay, task=name))
    assert row(name).points == [
        {"text": "It compiles", "done": False},
        {"text": "It is documented", "done": False},
    ]
    complete_task(actor=kay, task=name, points=[1, 2])


def test_changes_requested_return_it_with_the_open_points(lin: Member, kay: Member) -> None:
    name = in_review(lin, kay)
    request_changes(actor=lin, task=name, note="The manual is empty.", points=[2])
    task = row(name)
    assert (task.status, task.assignee_id) == ("todo", kay.pk)
    assert task.open_points == ["It is documented"]
    said = next(body for body in told(kay) if "requests changes" in body)
    assert "The manual is empty." in said
    assert "Open: It is documented" in said
    claim_task(actor=kay, task=name)
    all_refused(Conflict, lambda: complete_task(actor=kay, task=name, points=[2]))
    submit_task(actor=kay, task=name, points=[2])
    approve_task(actor=lin, task=name)


def test_an_author_cannot_come_to_approve_by_another_way(
    lin: Member, kay: Member, ada: Member
) -> None:
    name = in_review(lin, kay)
    assign_task_refused = [
        lambda: edit_task(actor=kay, task=name, reviewer="kay"),
        lambda: edit_task(actor=kay, task=name, needs_review=False),
        lambda: edit_task(actor=kay, task=name, points=["Nothing"]),
        lambda: approve_task(actor=kay, task=name),
    ]
    all_refused((Forbidden, Conflict), *assign_task_refused)  # type: ignore[arg-type]
    all_refused(Conflict, lambda: edit_task(actor=lin, task=name, reviewer="kay"))
    own = held(ada, ada)
    edit_task(actor=lin, task=name, title="Other words")
    submit_task(actor=ada, task=own, reviewer="lin")
    all_refused(Conflict, lambda: approve_task(actor=ada, task=own), match="You did the work")
    approve_task(actor=lin, task=own)


def test_without_a_named_reviewer_the_creator_judges_else_the_manager_above(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    submit_task(actor=kay, task=name)
    assert row(name).reviewer_id == lin.pk
    own = held(kay, kay)
    all_refused(Conflict, lambda: submit_task(actor=kay, task=own), match="names no reviewer")
    all_refused(Conflict, lambda: submit_task(actor=kay, task=own, reviewer="kay"))
    Member.objects.filter(pk=kay.pk).update(manager=sam)
    kay.refresh_from_db()
    submit_task(actor=kay, task=own)
    assert row(own).reviewer_id == sam.pk


def test_the_reviewer_cannot_claim_what_they_are_to_review(
    lin: Member, kay: Member, owner: Member
) -> None:
    name = make(lin, reviewer="kay")
    all_refused(Conflict, lambda: claim_task(actor=kay, task=name), match="You are the reviewer")
    all_refused(Conflict, lambda: assign_task(actor=lin, task=name, to="kay"))
    max_ = agent(owner, "max")
    claim_task(actor=max_, task=name)


def test_what_is_done_can_be_reopened_unless_something_went_on(lin: Member, kay: Member) -> None:
    first = held(lin, kay)
    after = make(lin, "After it", needs=[first])
    complete_task(actor=kay, task=first)
    reopen_task(actor=lin, task=first)
    all_refused(Conflict, lambda: claim_task(actor=kay, task=after))
    claim_task(actor=kay, task=first)
    complete_task(actor=kay, task=first)
    claim_task(actor=kay, task=after)
    all_refused(Conflict, lambda: reopen_task(actor=lin, task=first), match=after)


def test_history_tells_every_change_with_before_and_after(lin: Member, kay: Member) -> None:
    name = in_review(lin, kay)
    approve_task(actor=lin, task=name)
    edit_task(actor=lin, task=name, priority="high", labels=["Security"])
    items = list_task_history(actor=kay, task=name).items
    assert [item.kind for item in items] == [
        "task.edited",
        "task.approved",
        "task.submitted",
        "task.claimed",
        "task.created",
    ]
    assert items[0].changed == {"priority": [2, 1], "labels": [[], ["security"]]}
    assert items[3].changed["status"] == ["todo", "in_progress"]
    assert items[3].changed["holder"] == [None, "kay"]
    first = list_task_history(actor=kay, task=name, limit=2)
    rest = list_task_history(actor=kay, task=name, before=first.cursor or 0)
    assert [item.seq for item in (*first.items, *rest.items)] == [item.seq for item in items]
