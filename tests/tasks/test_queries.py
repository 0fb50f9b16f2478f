"""Promise 11: a call about tasks costs the same number of queries however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging.services import resume
from orgchart.models import Member
from tasks.selectors import list_task_history, list_tasks, show_board, show_task, show_work
from tasks.services import claim_task, create_task, report_progress
from tests.messaging.test_queries import queries
from tests.tasks.conftest import held, make

Call = Callable[[Member, Member, str], Any]

READS: dict[str, tuple[int, Call]] = {
    "list": (5, lambda lin, kay, one: list_tasks(actor=kay, limit=200)),
    "list, free": (5, lambda lin, kay, one: list_tasks(actor=kay, which="free", limit=200)),
    "list, mine": (5, lambda lin, kay, one: list_tasks(actor=kay, which="mine", limit=200)),
    "list, by a word": (4, lambda lin, kay, one: list_tasks(actor=kay, text="work", limit=200)),
    "board": (6, lambda lin, kay, one: show_board(actor=kay)),
    "show": (8, lambda lin, kay, one: show_task(actor=kay, task=one)),
    "history": (4, lambda lin, kay, one: list_task_history(actor=kay, task=one, limit=5)),
    "work": (1, lambda lin, kay, one: show_work(actor=kay)),
    "resume": (32, lambda lin, kay, one: resume(actor=kay, since=3)),
}
WRITES: dict[str, tuple[int, Call]] = {
    "create": (13, lambda lin, kay, one: create_task(actor=kay, title="Paint the town red")),
    "claim the next": (20, lambda lin, kay, one: claim_task(actor=lin)),
    "a sign of life": (8, lambda lin, kay, one: report_progress(actor=kay, task=one)),
}


@pytest.fixture
def little(lin: Member, kay: Member) -> str:
    first = held(lin, kay, "Work number one", labels=["a"])
    make(lin, "Work number two", needs=[first])
    make(lin, "Play", assignee="kay", home="#general")
    for thing in ("door", "gate", "wall"):
        make(lin, f"Paint the {thing}")
    return first


def fill(lin: Member, kay: Member, one: str) -> None:
    for number in range(25):
        name = held(lin, kay, f"Work {number} of many things", labels=["a", "b"])
        make(lin, f"Part {number} of it all", parent=name, needs=[one], home="")
        make(lin, f"Own {number} and more", assignee="kay", home="#general")


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_a_call_costs_the_same_with_few_and_with_many_tasks(
    little: str, lin: Member, kay: Member, name: str
) -> None:
    expected, call = (READS | WRITES)[name]
    few = queries(lambda: call(lin, kay, little))
    fill(lin, kay, little)
    many = queries(lambda: call(lin, kay, little))
    assert (few, many) == (expected, expected)
