"""One move, one notice: who hears of a move finds one item in the inbox, with the note in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from messaging.models import Channel, Delivery, Message
from messaging.services import send_message
from orgchart.models import Member
from tasks.services import (
    add_dependency,
    approve_task,
    assign_task,
    block_task,
    cancel_task,
    claim_task,
    complete_task,
    follow_task,
    release_task,
    reopen_task,
    report_progress,
    request_changes,
    submit_task,
    unblock_task,
)
from tests.tasks.conftest import held, make, told

NOTE = "The **third** key is new."
Move = Callable[[Member, Member, Member, str], None]


def _reviewed(lin: Member, kay: Member, name: str) -> None:
    submit_task(actor=kay, task=name, reviewer="lin")


def _reopened(lin: Member, kay: Member, sam: Member, name: str) -> None:
    complete_task(actor=kay, task=name)
    have_read(lin, kay, sam)
    reopen_task(actor=lin, task=name, note=NOTE)


def _approved(lin: Member, kay: Member, sam: Member, name: str) -> None:
    _reviewed(lin, kay, name)
    have_read(lin, kay, sam)
    approve_task(actor=lin, task=name, note=NOTE)


def _sent_back(lin: Member, kay: Member, sam: Member, name: str) -> None:
    _reviewed(lin, kay, name)
    have_read(lin, kay, sam)
    request_changes(actor=lin, task=name, note=NOTE)


def _unblocked(lin: Member, kay: Member, sam: Member, name: str) -> None:
    block_task(actor=kay, task=name, on="sam", what="Look.")
    have_read(lin, kay, sam)
    unblock_task(actor=sam, task=name, note=NOTE)


MOVES: dict[str, tuple[str, Move]] = {
    "complete": ("lin sam", lambda lin, kay, sam, name: _do(complete_task, kay, name)),
    "cancel": ("kay sam", lambda lin, kay, sam, name: _do(cancel_task, lin, name)),
    "release": ("kay sam", lambda lin, kay, sam, name: _do(release_task, lin, name)),
    "progress": ("lin sam", lambda lin, kay, sam, name: _do(report_progress, kay, name)),
    "submit": ("lin sam", lambda lin, kay, sam, name: _do(submit_task, kay, name)),
    "approve": ("kay sam", _approved),
    "request changes": ("kay sam", _sent_back),
    "reopen": ("kay sam", _reopened),
    "unblock": ("kay lin", _unblocked),
    "assign": (
        "kay sam",
        lambda lin, kay, sam, name: _keep(assign_task(actor=lin, task=name, to="sam", note=NOTE)),
    ),
}


def _do(move: Callable[..., object], actor: Member, name: str) -> None:
    move(actor=actor, task=name, note=NOTE)


def _keep(_: object) -> None:
    pass


def have_read(*members: Member) -> None:
    Delivery.objects.filter(recipient__in=members).update(acknowledged_at=timezone.now())


@pytest.mark.parametrize("name", MOVES)
def test_a_move_with_a_note_is_one_item_for_each_who_hears_of_it(
    lin: Member, kay: Member, sam: Member, name: str
) -> None:
    who, move = MOVES[name]
    task = held(lin, kay)
    follow_task(actor=sam, task=task)
    send_message(actor=lin, to=f"#{task.lower()}", body="Let us begin.")  # all three watch
    have_read(lin, kay, sam)
    move(lin, kay, sam, task)
    items = {one.handle: told(one) for one in (lin, kay, sam) if told(one)}
    assert sorted(items) == who.split()
    for bodies in items.values():
        assert len(bodies) == 1
        assert bodies[0].count(NOTE) == 1
    assert Message.objects.filter(channel__name=task.lower(), body=NOTE).count() == 1


def test_who_waited_for_a_task_and_made_it_too_hears_of_its_end_once(
    lin: Member, kay: Member
) -> None:
    first = held(lin, kay, "Dig")
    make(lin, "Plant", needs=[first])
    complete_task(actor=kay, task=first, note=NOTE)
    (body,) = told(lin)
    for said in ("@kay completed", "waits for nothing any more", NOTE):
        assert said in body


def test_a_note_goes_only_to_those_who_see_the_task(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    """Sam waits for a task that Sam may not see: the note on it is not for Sam."""
    hidden = make(lin, "Open the vault", home="#vault")
    waiting = make(lin, "Sweep", assignee="sam")
    add_dependency(actor=lin, task=waiting, needs=hidden)
    have_read(sam)
    claim_task(actor=lin, task=hidden)
    complete_task(actor=lin, task=hidden, note=NOTE)
    (body,) = told(sam)
    assert "waits for nothing any more" in body
    assert NOTE not in body
