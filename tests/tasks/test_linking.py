"""Dependencies and subtasks: circles are refused, and the end of the last one wakes who waits."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.db import connection

from messaging.models import Channel
from orgchart.models import Member
from tasks.loops import waits_for
from tasks.models import Dependency, Task
from tasks.selectors import list_tasks, show_task
from tasks.services import (
    add_dependency,
    assign_task,
    cancel_task,
    claim_task,
    complete_task,
    remove_dependency,
    set_parent,
    submit_task,
)
from teammcp.core.errors import AppError, Conflict, Forbidden, NotFound
from tests.conftest import all_refused
from tests.tasks.conftest import held, make, row, told


def test_a_task_that_waits_cannot_start_and_its_last_prerequisite_wakes_its_assignee(
    lin: Member, kay: Member
) -> None:
    one, two = make(lin, "One"), make(lin, "Two")
    name = make(lin, "Three", needs=[one, two], assignee="kay")
    all_refused(Conflict, lambda: claim_task(actor=kay, task=name), match=f"{one}, {two}")
    assert list_tasks(actor=kay, which="free").items[-1].id != name
    claim_task(actor=lin, task=one)
    complete_task(actor=lin, task=one)
    assert not any("waits for nothing" in body for body in told(kay))
    cancel_task(actor=lin, task=two)
    assert len([body for body in told(kay) if f"{name} “Three” waits for nothing" in body]) == 1
    claim_task(actor=kay, task=name)


def test_a_parent_cannot_finish_before_its_subtasks(lin: Member, kay: Member) -> None:
    whole = held(lin, kay, "Whole")
    part = make(lin, "Part", parent=whole)
    all_refused(
        Conflict,
        lambda: complete_task(actor=kay, task=whole),
        lambda: submit_task(actor=kay, task=whole),
        lambda: cancel_task(actor=lin, task=whole),
        match=part,
    )
    claim_task(actor=lin, task=part)
    complete_task(actor=lin, task=part)
    assert any("All subtasks" in body for body in told(kay))
    complete_task(actor=kay, task=whole)
    all_refused(Conflict, lambda: make(lin, "Late", parent=whole))


def test_circles_are_refused_over_both_relations(lin: Member) -> None:
    a, b, c = (make(lin, name) for name in ("Aaa", "Bbb", "Ccc"))
    add_dependency(actor=lin, task=b, needs=a)
    set_parent(actor=lin, task=c, parent=a)  # a waits for c
    before = Dependency.objects.count()
    all_refused(
        Conflict,
        lambda: add_dependency(actor=lin, task=a, needs=a),
        lambda: add_dependency(actor=lin, task=a, needs=b),
        lambda: add_dependency(actor=lin, task=c, needs=a),
        lambda: add_dependency(actor=lin, task=c, needs=b),
        lambda: set_parent(actor=lin, task=a, parent=a),
        lambda: set_parent(actor=lin, task=a, parent=c),
        lambda: set_parent(actor=lin, task=b, parent=c),
        lambda: make(lin, "Ddd", parent=a, needs=[b]),
        lambda: make(lin, "Ddd", parent=a, needs=[a]),
        match="circle",
    )
    assert Dependency.objects.count() == before
    add_dependency(actor=lin, task=b, needs=c)
    remove_dependency(actor=lin, task=b, needs=a)
    set_parent(actor=lin, task=a, parent=b)


def test_a_long_chain_is_looked_through(lin: Member) -> None:
    names = [make(lin, f"Step {number}") for number in range(30)]
    for before, after in itertools.pairwise(names):
        add_dependency(actor=lin, task=after, needs=before)
    assert waits_for(row(names[-1]).pk, row(names[0]).pk)
    assert not waits_for(row(names[0]).pk, row(names[-1]).pk)
    all_refused(Conflict, lambda: add_dependency(actor=lin, task=names[0], needs=names[-1]))


def test_two_writers_at_once_cannot_close_a_circle_together(
    transactional_db: None, lin: Member
) -> None:
    for turn in range(8):
        one, two = make(lin, f"One {turn}"), make(lin, f"Two {turn}")
        start = threading.Barrier(2)
        refused: list[AppError] = []

        def write(
            task: str,
            needs: str,
            start: threading.Barrier = start,
            refused: list[AppError] = refused,
        ) -> None:
            start.wait()
            try:
                add_dependency(actor=lin, task=task, needs=needs)
            except AppError as error:
                refused.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=pair) for pair in ((one, two), (two, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        assert "circle" in str(refused[0])


def test_what_waits_for_something_hidden_says_so_and_names_nothing(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    secret = make(lin, "Change xyzzy", home="#vault")
    name = make(lin, "After it", needs=[secret], assignee="sam")
    with pytest.raises(Conflict) as refused:
        claim_task(actor=sam, task=name)
    assert refused.value.state["waits_for"] == ["1 that you may not see"]
    assert show_task(actor=sam, task=name).needs == []
    assert secret not in str(refused.value.as_dict())
    all_refused(
        NotFound,
        lambda: add_dependency(actor=sam, task=name, needs=secret),
        lambda: make(sam, "Mine", needs=[secret]),
        lambda: make(sam, "Mine", parent=secret),
    )


def test_only_those_who_have_to_do_with_it_change_what_a_task_waits_for(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    one, two = make(lin, "One"), make(lin, "Two")
    all_refused(
        Forbidden,
        lambda: add_dependency(actor=sam, task=one, needs=two),
        lambda: set_parent(actor=sam, task=one, parent=two),
    )
    assign_task(actor=lin, task=one, to="sam")
    add_dependency(actor=sam, task=one, needs=two)
    remove_dependency(actor=ada, task=one, needs=two)


def test_a_subtask_lives_where_its_parent_does(lin: Member, kay: Member, vault: Channel) -> None:
    secret = make(lin, "Change xyzzy", home="#vault")
    part = make(lin, "Part of it", parent=secret)
    assert row(part).home_id == vault.pk
    all_refused(Conflict, lambda: set_parent(actor=lin, task=make(lin, "Open"), parent=secret))
    all_refused(AppError, lambda: make(lin, "Part", parent=secret, home="#general"))
    assert Task.objects.filter(parent=row(secret)).count() == 1
