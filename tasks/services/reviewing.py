"""Review before done: submitting work, approving it, sending it back."""

from __future__ import annotations

from typing import Any

from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import authority, events, implied, texts
from tasks.access import Ref, access_task, sees
from tasks.models import Task
from tasks.rules import check_move
from tasks.schemas import Moved
from tasks.services.beginning import begun, marked, moved, reported
from tasks.services.creating import check_able
from tasks.services.finishing import closing, tell_of_end
from tasks.services.leases import Token, check_fence
from tasks.services.recording import store, unheld
from tasks.services.telling import Notices, called
from tasks.transitions import Status
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(
    scope="tasks:write", implies={"send_message": implied.noted, "edit_task": implied.reviewed_by}
)
def submit_task(
    *,
    actor: Member,
    task: Ref,
    result: texts.Text = "",
    evidence: texts.Evidence = [],  # noqa: B006
    points: texts.Numbers = [],  # noqa: B006
    reviewer: texts.Handle = "",
    note: texts.Short = "",
    token: Token | None = None,
) -> Moved:
    """Hand your work to its reviewer: result, evidence, and the acceptance points that are met.

    The reviewer is who the task names, else `reviewer`, else its creator, else your manager.
    """
    found = access_task(actor=actor, task=task)
    check_fence(actor, found, token, working=True)
    changes = reported(found, result, evidence, points)
    _with(found, changes)
    check_move(actor, found, "submit")
    judge = _judge(actor, found, reviewer)
    changes |= {
        **unheld(),
        "status": Status.IN_REVIEW.value,
        "reviewer": judge,
        "submitted_by": actor,
        "needs_review": True,
    }
    store(actor, found, events.SUBMITTED, changes, reviewer=judge.handle)
    notices = Notices()
    look = f"show_task(task='{found.name}') shows it; update_task with to='approve' or 'changes'."
    notices.add(found, [judge], f"@{actor.handle} asks you to review {called(found)}. {look}")
    notices.send_beside(actor, found, note)
    return moved(actor, found)


def _with(task: Task, changes: dict[str, Any]) -> None:
    """The conditions ask for the points as this call leaves them."""
    task.points = changes.get("points", task.points)


def _judge(actor: Member, task: Task, named: str) -> Member:
    if task.reviewer is not None and task.reviewer.status == Member.Status.ACTIVE:
        return task.reviewer
    if named:
        member = access_member(actor=actor, handle=named)
        check_able(member, task.home, "reviewer")
        if member.pk == actor.pk:
            raise Conflict(
                f"You did the work of {task.name}; somebody else has to review it.",
                next="Name a colleague as reviewer.",
            )
        return member
    for other in (task.creator, authority.next_above(actor)):
        if other is not None and other.pk != actor.pk and _can_judge(other, task):
            return other
    raise Conflict(
        f"{task.name} names no reviewer, and there is nobody above you.",
        next="Submit it with reviewer='@name': find_people shows who there is.",
    )


def _can_judge(member: Member, task: Task) -> bool:
    observes = member.authority == Member.Authority.OBSERVER
    return member.status == Member.Status.ACTIVE and not observes and sees(member, task)


@action(scope="tasks:write", implies={"send_message": implied.noted})
def approve_task(*, actor: Member, task: Ref, note: texts.Short = "") -> Moved:
    """Approve work that was submitted for review: the task is done. Never one's own work."""
    found = begun(actor, task, "approve")
    store(actor, found, events.APPROVED, closing(found, Status.DONE))
    tell_of_end(actor, found, f"@{actor.handle} approved {called(found)}: it is done.", note)
    return moved(actor, found)


@action(scope="tasks:write", implies={"send_message": implied.noted})
def request_changes(
    *,
    actor: Member,
    task: Ref,
    note: texts.Short,
    points: texts.Numbers = [],  # noqa: B006
) -> Moved:
    """Send submitted work back: `note` says what is missing, `points` which are not met.

    The one who did it is woken, and the task is assigned to them again.
    """
    found = begun(actor, task, "request_changes")
    changes = {
        "status": Status.TODO.value,
        "assignee": _author(found),
        "submitted_by": None,
        "points": marked(found, points, done=False),
    }
    store(actor, found, events.CHANGES_REQUESTED, changes)
    notices = Notices()
    open_points = f" Open: {'; '.join(found.open_points)}." if found.open_points else ""
    again = f"claim_task(task='{found.name}') goes on with it."
    missing = f"requests changes to {called(found)}: {note.strip()}{open_points}"
    notices.add(found, [found.assignee], f"@{actor.handle} {missing} {again}", without=actor)
    notices.send_beside(actor, found, note, quoted=True)
    return moved(actor, found)


def _author(task: Task) -> Member | None:
    """Who did the work, if they are still here and nobody else was given the task meanwhile."""
    author = task.assignee or task.submitted_by
    return author if author and author.status != Member.Status.RETIRED else None
