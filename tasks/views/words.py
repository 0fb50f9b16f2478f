"""Tasks in the words of people: columns, moves, what is late."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from orgchart.faces import Face, faces_of
from tasks.schemas import TaskLine
from tasks.transitions import CLOSED, TABLE, Status

COLUMNS = {
    Status.TODO.value: "To do",
    Status.IN_PROGRESS.value: "In progress",
    Status.BLOCKED.value: "Blocked",
    Status.IN_REVIEW.value: "In review",
    Status.DONE.value: "Done",
    Status.CANCELLED.value: "Cancelled",
}
PRIORITIES = ("urgent", "high", "normal", "low")
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
SOON = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Move:
    """An action of the table of transitions as a button, and what its form asks for."""

    action: str
    words: str
    icon: str
    asks: tuple[str, ...] = ()
    """the fields of its form; without any it is one button"""

    @property
    def slug(self) -> str:
        """In its address."""
        return self.action.replace("_", "-")

    @property
    def onward(self) -> bool:
        """Whether it brings the task nearer to its end."""
        return self.action in ONWARD

    @property
    def at_once(self) -> bool:
        """Whether it needs nothing but a click."""
        return self.action in AT_ONCE


ONWARD = {"claim", "complete", "submit", "approve", "unblock"}
AT_ONCE = {"claim", "complete", "submit", "approve", "unblock", "release", "reopen"}


MOVES = {
    move.action: move
    for move in (
        Move("claim", "Claim it", "player-play"),
        Move("complete", "Complete it", "circle-check", ("result", "points", "evidence", "note")),
        Move("submit", "Submit for review", "send",
             ("result", "points", "evidence", "reviewer", "note")),
        Move("approve", "Approve", "circle-check", ("note",)),
        Move("request_changes", "Request changes", "arrow-back-up", ("open_points", "must_note")),
        Move("progress", "Report progress", "activity", ("percent", "points", "note")),
        Move("unblock", "Clear the block", "lock-open", ("note",)),
        Move("block", "Block", "ban", ("on", "what")),
        Move("release", "Release", "door-exit", ("note",)),
        Move("assign", "Assign", "user-plus", ("to", "note")),
        Move("reopen", "Reopen", "refresh", ("note",)),
        Move("cancel", "Cancel it", "x", ("note",)),
    )
}  # fmt: skip
assert MOVES.keys() == {row.action for row in TABLE} - {"expire"}


def moves_in_words(legal: Iterable[str]) -> list[Move]:
    """The legal moves, what one wants most often first."""
    legal = set(legal)
    return [move for action, move in MOVES.items() if action in legal]


def column_after(source: str, target: str) -> str:
    """The action that moving a card from one column to another means."""
    if target == Status.TODO:
        back = {Status.IN_PROGRESS: "release", Status.BLOCKED: "unblock",
                Status.IN_REVIEW: "request_changes"}  # fmt: skip
        return back.get(Status(source), "reopen")
    if target == Status.DONE:
        return "approve" if source == Status.IN_REVIEW else "complete"
    return {
        Status.IN_PROGRESS: "claim",
        Status.BLOCKED: "block",
        Status.IN_REVIEW: "submit",
        Status.CANCELLED: "cancel",
    }[Status(target)]


@dataclass(frozen=True, slots=True)
class Card:
    """A task as a card or line shows it."""

    task: TaskLine
    number: str
    face: Face | None
    who: Face | None
    """who has to act on the block"""
    overdue: bool
    soon: bool
    not_yet: bool
    left: str
    """of the lease, in words"""
    closed: bool

    @property
    def content(self) -> Hashable:
        """All that it says: cards with the same content look the same."""
        said = (tuple(value) if isinstance(value, list) else value for _, value in self.task)
        return (*said, self.face, self.who, self.overdue, self.soon, self.not_yet, self.left)


def cards_of(lines: Iterable[TaskLine]) -> list[Card]:
    """Cards with their faces: one query for all."""
    lines = list(lines)
    faces = faces_of(name for line in lines for name in (line.assignee, line.blocked_on))
    now = timezone.now()
    return [
        Card(
            task=line,
            number=line.id[2:],
            face=faces.get(line.assignee or ""),
            who=faces.get(line.blocked_on or ""),
            overdue=line.status not in CLOSED and late(line.due_at, now),
            soon=line.due_at is not None and now < line.due_at < now + SOON,
            not_yet=line.start_after is not None and line.start_after > now,
            left=left_of(line.held_until, now),
            closed=line.status in CLOSED,
        )
        for line in lines
    ]


def late(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at < now


def left_of(until: datetime | None, now: datetime) -> str:
    """ "23 min", as coarse as a clock may be; nothing without a lease."""
    if until is None or until <= now:
        return ""
    seconds = int((until - now).total_seconds())
    word, size = next((unit for unit in UNITS if seconds >= unit[1]), UNITS[-1])
    return f"{seconds // size} {word}"
