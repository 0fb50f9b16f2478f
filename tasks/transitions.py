"""The one table of what can become of a task: from where, to where, by whom, on which conditions.

Everything that changes a task's status goes through it (`tasks/rules.py` asks it); docs/tasks.md
shows it: `python -m tasks.transitions` prints that part. Nothing here needs Django.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a task stands. `in_progress` is the only one with a lease, and never without one."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    IN_REVIEW = "in_review"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.TODO, Status.IN_PROGRESS, Status.BLOCKED, Status.IN_REVIEW})
CLOSED = frozenset({Status.DONE, Status.CANCELLED})


class Role(StrEnum):
    """What somebody is to a task; they may be several things."""

    ANYBODY = "who sees it"
    HOLDER = "its holder"
    ASSIGNEE = "its assignee"
    REVIEWER = "its reviewer"
    AWAITED = "who has to act on the block"
    CREATOR = "who created it"
    MANAGER = "a manager of its creator or assignee"
    ADMIN = "an admin"
    SERVER = "the server"


class Condition(StrEnum):
    """What else must hold."""

    NOT_TAKEN = "nobody else holds it or is its assignee"
    NOT_REVIEWER = "one is not its reviewer"
    BEGUN = "its start_after has passed"
    READY = "every prerequisite is done or cancelled"
    WHOLE = "every subtask is done or cancelled"
    POINTS = "every acceptance point is met"
    NO_REVIEW = "it needs no review"
    NOT_AUTHOR = "one did not do the work"
    NO_DEPENDENT = "nothing that needed it has been started or done, and its parent is open"


STEWARDS = (Role.CREATOR, Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Transition:
    """One kind of move."""

    action: str
    sources: tuple[Status, ...]
    target: Status
    who: tuple[Role, ...]
    conditions: tuple[Condition, ...] = ()
    effect: str = ""


TABLE: tuple[Transition, ...] = (
    Transition(
        "claim", (Status.TODO,), Status.IN_PROGRESS, (Role.ANYBODY,),
        (Condition.NOT_TAKEN, Condition.NOT_REVIEWER, Condition.BEGUN, Condition.READY),
        "a lease with an end begins, under a new token",
    ),
    Transition(
        "progress", (Status.IN_PROGRESS,), Status.IN_PROGRESS, (Role.HOLDER,), (),
        "the lease begins anew",
    ),
    Transition(
        "release", (Status.IN_PROGRESS,), Status.TODO, (Role.HOLDER, *STEWARDS), (),
        "the lease ends; anybody may claim it",
    ),
    Transition(
        "expire", (Status.IN_PROGRESS,), Status.TODO, (Role.SERVER,), (),
        "the lease ended without a sign of life; holder and creator are told",
    ),
    Transition(
        "block", (Status.TODO, Status.IN_PROGRESS), Status.BLOCKED,
        (Role.HOLDER, Role.ASSIGNEE, *STEWARDS), (),
        "the lease ends; who has to act is told",
    ),
    Transition(
        "unblock", (Status.BLOCKED,), Status.TODO,
        (Role.AWAITED, Role.ASSIGNEE, *STEWARDS), (), "the assignee is woken",
    ),
    Transition(
        "submit", (Status.IN_PROGRESS,), Status.IN_REVIEW, (Role.HOLDER,),
        (Condition.READY, Condition.WHOLE, Condition.POINTS),
        "the lease ends; the reviewer is told",
    ),
    Transition(
        "approve", (Status.IN_REVIEW,), Status.DONE, (Role.REVIEWER, Role.MANAGER, Role.ADMIN),
        (Condition.NOT_AUTHOR, Condition.READY, Condition.WHOLE, Condition.POINTS),
        "who waited for it is woken",
    ),
    Transition(
        "request_changes", (Status.IN_REVIEW,), Status.TODO,
        (Role.REVIEWER, Role.MANAGER, Role.ADMIN), (Condition.NOT_AUTHOR,),
        "the assignee is woken with the open points",
    ),
    Transition(
        "complete", (Status.IN_PROGRESS,), Status.DONE, (Role.HOLDER,),
        (Condition.NO_REVIEW, Condition.READY, Condition.WHOLE, Condition.POINTS),
        "the lease ends; who waited for it is woken",
    ),
    Transition(
        "assign", (Status.TODO,), Status.TODO, STEWARDS, (), "the new assignee is told"
    ),
    Transition(
        "assign", (Status.IN_PROGRESS,), Status.TODO, STEWARDS, (),
        "the lease ends; the new assignee is told",
    ),
    Transition("assign", (Status.BLOCKED,), Status.BLOCKED, STEWARDS, (), "the new one is told"),
    Transition(
        "cancel", tuple(status for status in Status if status in OPEN), Status.CANCELLED, STEWARDS,
        (Condition.WHOLE,), "the lease ends; who waited for it is woken",
    ),
    Transition(
        "reopen", (Status.DONE, Status.CANCELLED), Status.TODO, (Role.REVIEWER, *STEWARDS),
        (Condition.NO_DEPENDENT,), "the assignee is told",
    ),
)  # fmt: skip


def from_status(action: str, status: str) -> Transition | None:
    """The move that this action makes of a task in this status."""
    rows = (row for row in TABLE if row.action == action and status in row.sources)
    return next(rows, None)


def legal(status: str, roles: Iterable[Role]) -> list[str]:
    """The actions that somebody with these roles may try from this status, in the table's order."""
    held = {*roles, Role.ANYBODY}
    rows = (row for row in TABLE if status in row.sources and held & set(row.who))
    return list(dict.fromkeys(row.action for row in rows))


def document() -> Iterator[str]:
    """The table as lines of Markdown."""
    yield "| action | from | to | who may | only if | then |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in TABLE:
        cells = (
            f"`{row.action}`",
            ", ".join(row.sources),
            row.target,
            ", ".join(row.who),
            "; ".join(row.conditions),
            row.effect,
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write("\n".join(document()) + "\n")
