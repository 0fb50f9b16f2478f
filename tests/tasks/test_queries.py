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

Call = Callable[[Member, Member], Any]

READS: dict[str, tuple[int, Call]] = {
    "list": (5, lambda lin, kay: list_tasks(actor=kay, limit=200)),
    "list, free": (5, lambda lin, kay: list_tasks(actor=kay, which="free", limit=200)),
    "list, mine": (5, lambda lin, kay: list_tasks(actor=kay, which="mine", limit=200)),
    "list, by a word": (4, lambda lin, kay: list_tasks(actor=kay, text="work", limit=200)),
    "board": (6, lambda lin, kay: show_board(actor=kay)),
    "show": (8, lambda lin, kay: show_task(actor=kay, task="T-1")),
    "history": (4, lambda lin, kay: list_task_history(actor=kay, task="T-1", limit=5)),
    "work": (1, lambda lin, kay: show_work(actor=kay)),
    "resume": (32, lambda lin, kay: resume(actor=kay, since=3)),
}
WRITES: dict[str, tuple[int, Call]] = {
    "create": (12, lambda lin, kay: create_task(actor=kay, title="Paint the town red")),
    "claim the next": (19, lambda lin, kay: claim_task(actor=lin)),
    "a sign of life": (7, lambda lin, kay: report_progress(actor=kay, task="T-1")),
}


@pytest.fixture
def little(lin: Member, kay: Member) -> None:
    first = held(lin, kay, "Work number one", labels=["a"])
    assert first == "T-1"
    make(lin, "Work number two", needs=[first])
    make(lin, "Play", assignee="kay", home="#general")
    for thing in ("door", "gate", "wall"):
        make(lin, f"Paint the {thing}")


def fill(lin: Member, kay: Member) -> None:
    for number in range(25):
        name = held(lin, kay, f"Work {number} of many things", labels=["a", "b"])
        make(lin, f"Part {number} of it all", parent=name, needs=["T-1"], home="")
        make(lin, f"Own {number} and more", assignee="kay", home="#general")


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_a_call_costs_the_same_with_few_and_with_many_tasks(
    little: None, lin: Member, kay: Member, name: str
) -> None:
    expected, call = (READS | WRITES)[name]
    few = queries(lambda: call(lin, kay))
    fill(lin, kay)
    many = queries(lambda: call(lin, kay))
    assert (few, many) == (expected, expected)
