"""Goals: what counts for them, how far they are, and what endangers them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.entries import Entry
from audit.models import Event
from audit.verification import verify_ledger
from messaging.models import Channel
from orgchart.models import Member
from orgchart.services import retire_member
from tasks.goal_tree import added_up
from tasks.models import Goal, GoalTask, Task
from tasks.selectors import list_goal_risks, list_goal_tasks, list_goals, show_goal
from tasks.services import (
    attach_task,
    block_task,
    cancel_task,
    claim_task,
    complete_task,
    create_goal,
    detach_task,
    edit_goal,
    move_goal,
    reopen_task,
    report_progress,
)
from teammcp.core.errors import AppError, Conflict, Forbidden, NotFound
from tests.conftest import all_refused
from tests.messaging.test_queries import queries
from tests.tasks.conftest import held, make, told


def goal(actor: Member, title: str = "Be on the moon", **fields: Any) -> str:
    """The name of a new goal."""
    return create_goal(actor=actor, title=title, **fields).id


def percent(name: str) -> float:
    return Goal.objects.get(pk=int(name[2:])).percent


# Adding up


def test_progress_is_the_weighted_mean_of_tasks_and_subgoals(lin: Member, kay: Member) -> None:
    top = goal(lin)
    part = goal(lin, "Take off", parent=top, weight=3)
    easy, hard = held(lin, kay), held(lin, kay, "Something hard")
    attach_task(actor=lin, goal=top, task=easy)
    attach_task(actor=lin, goal=part, task=hard, weight=5)
    complete_task(actor=kay, task=easy)
    assert percent(top) == 25
    report_progress(actor=kay, task=hard, progress=40)
    assert (percent(part), percent(top)) == (40, 55)
    complete_task(actor=kay, task=hard)
    assert (percent(part), percent(top)) == (100, 100)


def test_an_open_task_is_never_quite_done_and_a_cancelled_one_counts_nothing(
    lin: Member, kay: Member
) -> None:
    top, first, second = goal(lin), held(lin, kay), make(lin, "Another")
    for name in (first, second):
        attach_task(actor=lin, goal=top, task=name)
    report_progress(actor=kay, task=first, progress=100)
    assert percent(top) == 45
    cancel_task(actor=lin, task=second)
    assert percent(top) == 90
    reopen_task(actor=lin, task=second)
    assert percent(top) == 45
    detach_task(actor=lin, goal=top, task=first)
    assert percent(top) == 0


def test_it_moves_in_the_transaction_of_the_task_with_an_event_for_each_level(
    lin: Member, kay: Member
) -> None:
    top = goal(lin)
    part = goal(lin, "Take off", parent=top)
    task = held(lin, kay)
    attach_task(actor=lin, goal=part, task=task)
    with transaction.atomic():
        complete_task(actor=kay, task=task)
        assert percent(top) == 100
        transaction.set_rollback(True)
    assert percent(top) == 0
    complete_task(actor=kay, task=task)
    rows = Event.objects.filter(kind="goal.progressed").order_by("seq")
    assert [row.data["name"] for row in rows] == [part, top]
    assert rows[0].data["changed"] == {"progress": [0, 10_000]}
    assert verify_ledger().ok
    Goal.objects.filter(pk=int(top[2:])).update(progress=5)
    assert "goal" in str(verify_ledger())


def test_a_task_without_a_goal_pays_one_query_and_levels_cost_the_same_however_full(
    lin: Member, kay: Member
) -> None:
    """One query more to find none; with a goal a constant number for each level."""
    tasks = [held(lin, kay, f"Task {number}") for number in range(8)]
    plain = queries(lambda: report_progress(actor=kay, task=tasks[0], progress=10))
    top = goal(lin)
    part = goal(lin, "Take off", parent=top)
    attach_task(actor=lin, goal=part, task=tasks[1])
    few = queries(lambda: report_progress(actor=kay, task=tasks[1], progress=20))
    for name in tasks[2:]:
        attach_task(actor=lin, goal=part, task=name, weight=7)
    for number in range(6):
        goal(lin, f"Part {number}", parent=top)
    many = queries(lambda: report_progress(actor=kay, task=tasks[2], progress=90))
    assert few == many
    assert few - plain <= 2 * 9


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["attach", "detach", "progress", "move", "drop", "open", "cancel"]),
        st.integers(0, 3),
        st.integers(0, 4),
    ),
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_whatever_happens_each_goal_is_what_its_parts_add_up_to(
    lin: Member, kay: Member, sequence: list[Step]
) -> None:
    goals = [goal(lin, f"Goal {number}") for number in range(4)]
    tasks = [held(lin, kay, f"Task {number}") for number in range(5)]
    calls: dict[str, Callable[[int, int], object]] = {
        "attach": lambda g, t: attach_task(actor=lin, goal=goals[g], task=tasks[t], weight=t + 1),
        "detach": lambda g, t: detach_task(actor=lin, goal=goals[g], task=tasks[t]),
        "progress": lambda g, t: report_progress(actor=kay, task=tasks[t], progress=20 * t + g),
        "move": lambda g, t: move_goal(actor=lin, goal=goals[g], parent=goals[t % 4], weight=t + 1),
        "drop": lambda g, t: edit_goal(actor=lin, goal=goals[g], status="dropped"),
        "open": lambda g, t: edit_goal(actor=lin, goal=goals[g], status="open"),
        "cancel": lambda g, t: cancel_task(actor=lin, task=tasks[t]),
    }
    for name, number, other in sequence:
        try:
            calls[name](number, other)
        except AppError:
            continue
    rows = dict(Goal.objects.values_list("pk", "progress"))
    assert added_up(list(rows)) == rows


# The tree


def test_a_goal_cannot_stand_under_itself(lin: Member) -> None:
    top = goal(lin)
    part = goal(lin, "Take off", parent=top)
    deep = goal(lin, "Fuel", parent=part)
    for parent in (top, part, deep):
        all_refused(
            Conflict,
            lambda parent=parent: move_goal(actor=lin, goal=top, parent=parent),  # type: ignore[misc]
            match="under itself",
        )
    move_goal(actor=lin, goal=deep, parent=top)
    move_goal(actor=lin, goal=part, parent=deep)
    assert show_goal(actor=lin, goal=top).subgoals[0].id == deep


def test_two_at_once_cannot_put_two_goals_under_each_other(
    transactional_db: None, lin: Member
) -> None:
    one, other = goal(lin), goal(lin, "Be back")
    start, refused = threading.Barrier(2), []

    def put(under: str, over: str) -> None:
        start.wait()
        try:
            move_goal(actor=lin, goal=under, parent=over)
        except Conflict:
            refused.append(under)
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Goal.objects.exclude(parent=None).count() == 1


def test_goals_stand_at_most_ten_levels_deep(lin: Member) -> None:
    name = goal(lin)
    for number in range(9):
        name = goal(lin, f"Level {number}", parent=name)
    all_refused(Conflict, lambda: goal(lin, "Too deep", parent=name))
    chain = goal(lin, "A short one")
    all_refused(Conflict, lambda: move_goal(actor=lin, goal=chain, parent=name))


def test_a_task_counts_for_one_goal(lin: Member) -> None:
    one, other, task = goal(lin), goal(lin, "Be back"), make(lin)
    attach_task(actor=lin, goal=one, task=task)
    attach_task(actor=lin, goal=one, task=task, weight=4)
    assert GoalTask.objects.get().weight == 4
    all_refused(Conflict, lambda: attach_task(actor=lin, goal=other, task=task), match=one)
    assert [line.id for line in list_goals(actor=lin, task=task).items] == [one]


# Closing


def test_a_goal_is_achieved_once_nothing_that_counts_for_it_is_open(
    lin: Member, kay: Member
) -> None:
    top, task = goal(lin), held(lin, kay)
    attach_task(actor=lin, goal=top, task=task)
    all_refused(Conflict, lambda: edit_goal(actor=lin, goal=top, status="achieved"))
    complete_task(actor=kay, task=task)
    assert edit_goal(actor=lin, goal=top, status="achieved").closed_at is not None
    all_refused(Conflict, lambda: attach_task(actor=lin, goal=top, task=make(lin, "Late")))
    assert edit_goal(actor=lin, goal=top, status="open").closed_at is None


def test_a_subgoal_that_was_dropped_is_left_out_and_one_without_tasks_can_be_achieved(
    lin: Member,
) -> None:
    top = goal(lin)
    one, other = goal(lin, "One", parent=top), goal(lin, "Other", parent=top)
    edit_goal(actor=lin, goal=one, status="achieved")
    assert percent(top) == 50
    edit_goal(actor=lin, goal=other, status="dropped")
    assert percent(top) == 100


def test_only_the_owner_the_creator_their_managers_and_admins_change_a_goal(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    name, task = goal(lin, owner="kay"), make(sam)
    assert "owner of the goal" in told(kay)[-1]
    all_refused(
        Forbidden,
        lambda: edit_goal(actor=sam, goal=name, title="Mine"),
        lambda: attach_task(actor=sam, goal=name, task=task),
        lambda: move_goal(actor=sam, goal=name),
    )
    for member in (lin, kay, ada):
        edit_goal(actor=member, goal=name, title=f"As {member.handle} says")
    Member.objects.filter(pk=kay.pk).update(manager=sam)
    edit_goal(actor=sam, goal=name, title="As Sam says")


def test_a_change_on_an_old_version_is_refused(lin: Member) -> None:
    name = goal(lin)
    edit_goal(actor=lin, goal=name, title="Be on Mars", version=1)
    all_refused(Conflict, lambda: edit_goal(actor=lin, goal=name, title="No", version=1))


# Milestones, lists, risks


def test_a_milestone_is_a_goal_with_a_due_date(lin: Member) -> None:
    due = timezone.now() + timedelta(days=3)
    plain, dated = goal(lin), goal(lin, "Land", due_at=due)
    assert [one.id for one in list_goals(actor=lin, which="milestones").items] == [dated]
    edit_goal(actor=lin, goal=dated, no_due=True)
    assert list_goals(actor=lin, which="milestones").items == []
    page = list_goals(actor=lin, limit=1)
    assert [page.items[0].id, page.more] == [plain, True]
    assert [one.id for one in list_goals(actor=lin, after=page.cursor or "").items] == [dated]


def test_it_shows_what_endangers_a_goal_and_why(lin: Member, kay: Member, sam: Member) -> None:
    now = timezone.now()
    top = goal(lin, due_at=now + timedelta(hours=20))
    part = goal(lin, "Take off", parent=top)
    fine = held(lin, kay, "Fine")
    late = make(lin, "Late one", assignee="kay", due_at=now + timedelta(hours=1))
    after = held(lin, kay, "After the goal", due_at=now + timedelta(days=9))
    stuck = held(lin, kay, "Stuck")
    block_task(actor=kay, task=stuck, on="sam", what="Open the gate")
    free = make(lin, "Nobody's", due_at=now + timedelta(hours=3))
    silent = held(lin, sam, "Silent")
    for name in (fine, late, stuck, free, silent):
        attach_task(actor=lin, goal=part, task=name)
    attach_task(actor=lin, goal=top, task=after)
    Task.objects.filter(pk=int(late[2:])).update(due_at=now - timedelta(hours=1))
    long_ago = now - timedelta(hours=5)
    Member.objects.update(last_active_at=now, created_at=long_ago)
    Member.objects.filter(pk=sam.pk).update(last_active_at=long_ago)
    Task.objects.filter(pk=int(silent[2:])).update(heartbeat_at=long_ago)
    risks = {risk.task: risk for risk in list_goal_risks(actor=lin, goal=top).items}
    assert {name: risk.why for name, risk in risks.items()} == {
        late: ["overdue"],
        after: ["due after the goal"],
        stuck: ["blocked"],
        free: ["unclaimed"],
        silent: ["unresponsive"],
    }
    assert risks[stuck].waits_for == "@sam: Open the gate"
    assert risks[stuck].goal == part


def test_the_queries_of_a_goal_do_not_grow_with_it(lin: Member, kay: Member) -> None:
    top = goal(lin)
    part = goal(lin, "Take off", parent=top)

    def calls() -> list[int]:
        return [
            queries(lambda: show_goal(actor=kay, goal=top)),
            queries(lambda: list_goals(actor=kay)),
            queries(lambda: list_goal_tasks(actor=kay, goal=part)),
            queries(lambda: list_goal_risks(actor=kay, goal=top)),
        ]

    attach_task(actor=lin, goal=part, task=make(lin))
    attach_task(actor=lin, goal=top, task=make(lin, "Another"))
    few = calls()
    for number in range(12):
        goal(lin, f"Part {number}", parent=top)
        due = timezone.now() + timedelta(hours=1)
        attach_task(actor=lin, goal=part, task=make(lin, f"Task {number}", due_at=due))
    assert calls() == few
    assert max(few) <= 9


# Who sees what


def test_hidden_tasks_count_and_are_never_named(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    top = goal(lin)
    secret, shown = held(lin, kay, "Change xyzzy", home="#vault"), make(lin, "Paint the door")
    attach_task(actor=lin, goal=top, task=secret, weight=3)
    attach_task(actor=lin, goal=top, task=shown)
    block_task(actor=kay, task=secret, on="lin", what="Bring xyzzy")
    complete = [claim_task(actor=kay, task=shown), complete_task(actor=kay, task=shown)]
    assert complete
    seen = show_goal(actor=sam, goal=top)
    assert (seen.percent, [part.task for part in seen.tasks]) == (25, [shown])
    assert len(show_goal(actor=kay, goal=top).tasks) == 2
    assert list_goal_risks(actor=sam, goal=top).items == []
    assert [risk.task for risk in list_goal_risks(actor=kay, goal=top).items] == [secret]
    for event in Event.objects.filter(kind__startswith="goal."):
        said = f"{event.data} {Entry.of(event).public}"
        assert secret not in said
        assert "xyzzy" not in said


def test_a_hidden_goal_is_hidden_from_lists_parents_and_events(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    top = goal(lin, "Change xyzzy", home="#vault")
    part = goal(lin, "Take off", parent=top)
    task = make(lin)
    attach_task(actor=lin, goal=top, task=task)
    assert [one.id for one in list_goals(actor=sam).items] == [part]
    assert show_goal(actor=sam, goal=part).parent is None
    assert show_goal(actor=kay, goal=part).parent == top
    assert list_goals(actor=sam, task=task).items == []
    all_refused(NotFound, lambda: show_goal(actor=sam, goal=top))
    other = goal(sam)
    with pytest.raises(Conflict) as refused:
        attach_task(actor=sam, goal=other, task=task)
    assert top not in refused.value.as_text()
    move_goal(actor=lin, goal=part)
    moved = Event.objects.get(kind="goal.moved")
    assert top not in str(Entry.of(moved).public)
    assert moved.data["among"] == ["another goal"]


def test_goals_pass_on_to_a_successor_who_sees_them(
    lin: Member, kay: Member, sam: Member, owner: Member, vault: Channel
) -> None:
    shown, hidden = goal(kay), goal(kay, "Change xyzzy", home="#vault")
    retire_member(actor=owner, member="kay", successor="sam")
    assert show_goal(actor=lin, goal=shown).owner == "sam"
    assert show_goal(actor=lin, goal=hidden).owner is None
    assert [one.id for one in list_goals(actor=lin, owner="none").items] == [hidden]
