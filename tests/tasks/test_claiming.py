"""Claiming: one holder at a time, for a time, and the choice of what fits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Event
from orgchart.models import Member
from orgchart.services import update_member
from tasks.models import Task
from tasks.selectors import list_tasks, show_task
from tasks.services import (
    add_dependency,
    assign_task,
    block_task,
    cancel_task,
    claim_task,
    complete_task,
    edit_task,
    release_task,
    report_progress,
)
from teammcp.core.errors import Conflict, Forbidden
from tests.conftest import agent, all_refused, person
from tests.tasks.conftest import held, make, row, told


def test_a_task_is_created_claimed_and_completed(lin: Member, kay: Member) -> None:
    name = make(lin)
    assert [line.id for line in list_tasks(actor=kay).items] == [name]
    taken = claim_task(actor=kay, task=name)
    assert (taken.task.status, taken.task.assignee, taken.token) == ("in_progress", "kay", 1)
    done = complete_task(actor=kay, task=name, result="Rotated.", token=taken.token)
    assert (done.status, done.progress) == ("done", 100)
    assert show_task(actor=lin, task=name).result == "Rotated."
    assert "@kay completed" in told(lin)[-1]


def test_a_second_claim_hears_who_holds_it_until_when_and_what_else_is_free(
    lin: Member, kay: Member, sam: Member
) -> None:
    name, other = held(lin, kay), make(lin, "Write the manual")
    with pytest.raises(Conflict) as refused:
        claim_task(actor=sam, task=name)
    state = refused.value.state
    assert state["holder"] == "@kay"
    assert state["since"] < state["until"]
    assert state["free"] == [f"{other} Write the manual"]
    assert f"{other} Write the manual" in refused.value.next
    assert "UTC" in refused.value.message


def test_claiming_what_one_holds_extends_it_under_the_same_token(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    first = row(name)
    again = claim_task(actor=kay, task=name, minutes=60)
    assert again.token == first.token
    assert again.until > first.expires_at  # type: ignore[operator]


def test_every_lease_has_an_end_also_for_people(lin: Member) -> None:
    ben = person("ben")
    until = claim_task(actor=ben, task=make(lin)).until
    assert timedelta(days=2) < until - timezone.now() < timedelta(days=4)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.update(expires_at=None)


def test_a_sign_of_life_extends_the_lease_and_outdates_no_edit(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    Task.objects.update(expires_at=timezone.now() + timedelta(seconds=5))
    before = row(name)
    report_progress(actor=kay, task=name)
    after = row(name)
    assert after.expires_at > before.expires_at  # type: ignore[operator]
    assert after.version == before.version
    edit_task(actor=lin, task=name, title="Rotate all keys", version=before.version)


def test_what_is_released_is_free_and_says_so_to_who_lost_it(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    release_task(actor=lin, task=name, note="Needed elsewhere.")
    assert (row(name).status, row(name).assignee) == ("todo", None)
    assert any("which you held" in body for body in told(kay))


def test_a_task_of_somebody_else_cannot_be_claimed(lin: Member, kay: Member, sam: Member) -> None:
    name = make(lin, assignee="kay")
    all_refused(Conflict, lambda: claim_task(actor=sam, task=name), match="assigned to @kay")
    assert f"{name}" in told(kay)[-1]
    claim_task(actor=kay, task=name)


def test_an_observer_claims_and_creates_nothing(lin: Member, olga: Member) -> None:
    name = make(lin)
    all_refused(
        Forbidden,
        lambda: claim_task(actor=olga, task=name),
        lambda: claim_task(actor=olga),
        lambda: make(olga),
    )


def test_nobody_claims_before_its_time(lin: Member, kay: Member) -> None:
    name = make(lin, start_after=timezone.now() + timedelta(hours=1))
    all_refused(Conflict, lambda: claim_task(actor=kay, task=name), match="may not begin before")
    assert list_tasks(actor=kay, which="free").items == []


# Fencing


def late(name: str) -> None:
    """The lease is over, and nobody has freed it yet."""
    Task.objects.filter(pk=int(name[2:])).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_late_holder_is_refused_as_stale_naming_the_new_one(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    token = row(name).token
    late(name)
    claim_task(actor=sam, task=name)
    calls: list[Callable[[], object]] = [
        lambda: complete_task(actor=kay, task=name, result="Mine.", token=token),
        lambda: complete_task(actor=kay, task=name, result="Mine."),
        lambda: report_progress(actor=kay, task=name, token=token),
        lambda: release_task(actor=kay, task=name, token=token),
        lambda: block_task(actor=kay, task=name, on="lin", what="Act.", token=token),
    ]
    for call in calls:
        with pytest.raises(Conflict) as refused:
            call()
        assert refused.value.state["stale"] is True
        assert refused.value.state["holder"] == "@sam"
    assert row(name).result == ""


def test_a_lease_that_is_over_holds_nothing_even_before_it_is_freed(
    lin: Member, kay: Member
) -> None:
    name = held(lin, kay)
    late(name)
    with pytest.raises(Conflict) as refused:
        complete_task(actor=kay, task=name)
    assert refused.value.state["stale"] is True
    assert "claim_task" in refused.value.next
    assert claim_task(actor=kay, task=name).token == 2
    complete_task(actor=kay, task=name, token=2)


def test_two_processes_of_one_agent_are_told_apart_by_their_tokens(
    lin: Member, kay: Member
) -> None:
    name = held(lin, kay)
    late(name)
    claim_task(actor=kay, task=name)
    with pytest.raises(Conflict) as refused:
        report_progress(actor=kay, task=name, progress=90, token=1)
    assert refused.value.state["token"] == 2
    report_progress(actor=kay, task=name, progress=10, token=2)


def test_claiming_what_ran_out_frees_it_first_and_tells_its_former_holder_once(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    late(name)
    claim_task(actor=sam, task=name)
    assert Event.objects.filter(kind="task.expired").count() == 1
    assert len([body for body in told(kay) if "ran out" in body]) == 1


# What fits


def test_the_next_task_is_the_one_that_fits_and_says_why(lin: Member, owner: Member) -> None:
    rust = agent(owner, "rust", capabilities=["Rust", "SQL"])
    make(lin, "Paint the door")
    make(lin, "Speak to the press", skills=["press"], priority="urgent")
    fitting = make(lin, "Port the parser", skills=["rust"], priority="high")
    chosen = claim_task(actor=rust)
    assert chosen.task.id == fitting
    assert chosen.why is not None
    assert "rust, which you have" in chosen.why
    assert "high priority" in chosen.why


def test_what_is_assigned_to_one_comes_first_and_what_others_wait_for_before_the_rest(
    lin: Member, kay: Member
) -> None:
    make(lin, "Old", priority="high")
    own = make(lin, "Own", assignee="kay", priority="low")
    assert claim_task(actor=kay).task.id == own
    key = make(lin, "Key", priority="high")
    for number in range(3):
        make(lin, f"Door {number}", needs=[key], priority="urgent")
    chosen = claim_task(actor=kay)
    assert chosen.task.id == key
    assert "3 tasks wait for it" in str(chosen.why)


def test_only_reading_chooses_among_what_changes_nothing(lin: Member, kay: Member) -> None:
    make(lin, "Change it", priority="urgent")
    reading = make(lin, "Look at it", read_only=True)
    assert claim_task(actor=kay, read_only=True).task.id == reading
    all_refused(Conflict, lambda: claim_task(actor=kay, read_only=True), match="No read-only task")


def test_with_nothing_that_fits_it_says_what_is_missing(
    lin: Member, kay: Member, sam: Member
) -> None:
    held(lin, kay)
    make(lin, "Own", assignee="kay")
    first = make(lin, "First", skills=["welding"])
    make(lin, "Second", needs=[first])
    make(lin, "Later", start_after=timezone.now() + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        claim_task(actor=sam)
    assert refused.value.state == {
        "held_by_others": 1,
        "assigned_to_others": 1,
        "waiting_for_others": 1,
        "not_before_later": 1,
        "skills_that_you_lack": ["welding"],
    }
    update_member(actor=sam, capabilities=["Welding"])
    sam.refresh_from_db()
    assert claim_task(actor=sam).task.id == first


# Assigning


def test_managers_assign_within_their_line_and_nobody_else_does(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    Member.objects.filter(pk=kay.pk).update(manager=sam)
    name = make(lin, assignee="kay")
    assign_task(actor=sam, task=name, to="sam")
    assert row(name).assignee_id == sam.pk
    all_refused(Forbidden, lambda: assign_task(actor=kay, task=name, to="kay"))
    assign_task(actor=ada, task=name, to="none")
    assert row(name).assignee is None


def test_assigning_what_somebody_holds_ends_their_lease_and_tells_both(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = held(lin, kay)
    assign_task(actor=lin, task=name, to="sam")
    assert (row(name).status, row(name).holder) == ("todo", None)
    assert "yours no more" in told(kay)[-1]
    assert "assigned" in told(sam)[-1]
    claim_task(actor=sam, task=name)


def test_who_observes_has_retired_or_does_not_see_it_gets_no_task(
    lin: Member, kay: Member, sam: Member, olga: Member, rex: Member, vault: object
) -> None:
    name, secret = make(lin), make(lin, "Change xyzzy", home="#vault")
    all_refused(
        Conflict,
        lambda: assign_task(actor=lin, task=name, to="olga"),
        lambda: assign_task(actor=lin, task=name, to="rex"),
        lambda: assign_task(actor=lin, task=secret, to="sam"),
        lambda: make(lin, assignee="olga"),
        lambda: make(lin, home="#vault", reviewer="sam"),
    )
    assign_task(actor=lin, task=secret, to="kay")


def test_cancelling_ends_the_lease_and_tells_the_holder_to_stop(lin: Member, kay: Member) -> None:
    name = held(lin, kay)
    cancel_task(actor=lin, task=name, note="Not needed.")
    assert (row(name).status, row(name).holder) == ("cancelled", None)
    assert any("Stop working on it" in body for body in told(kay))


def test_a_dependency_found_at_work_keeps_it_from_being_done(lin: Member, kay: Member) -> None:
    name, first = held(lin, kay), make(lin, "First")
    add_dependency(actor=kay, task=name, needs=first)
    all_refused(Conflict, lambda: complete_task(actor=kay, task=name), match=f"waits for {first}")
