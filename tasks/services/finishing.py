"""The ends of a task, and the way back from them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from orgchart.models import Member
from tasks import events, implied, texts
from tasks.access import Ref, access_task
from tasks.models import Task
from tasks.rules import check_move
from tasks.schemas import Moved
from tasks.services.beginning import begun, moved, reported
from tasks.services.leases import Token, check_fence
from tasks.services.recording import store, unblocked, unheld
from tasks.services.telling import Notices, add_waiting, audience_of_end, called
from tasks.transitions import Status
from teammcp.core.actions import action


def closing(task: Task, status: Status) -> dict[str, Any]:
    """The fields of a task that comes to its end."""
    done = {"progress": 100} if status == Status.DONE else {}
    return {
        **unheld(),
        **unblocked(),
        **done,
        "status": status.value,
        "closed_at": timezone.now(),
    }


def tell_of_end(actor: Member, task: Task, said: str, note: str) -> None:
    """Those who want to know, those who waited for it, and the discussion."""
    notices = Notices()
    notices.add(task, audience_of_end(task), said, without=actor)
    add_waiting(notices, actor, task)
    notices.send_beside(actor, task, note)


@action(scope="tasks:write", implies={"send_message": implied.noted})
def complete_task(
    *,
    actor: Member,
    task: Ref,
    result: texts.Text = "",
    evidence: texts.Evidence = [],  # noqa: B006
    points: texts.Numbers = [],  # noqa: B006
    note: texts.Short = "",
    token: Token | None = None,
) -> Moved:
    """Finish a task that you hold: its result, evidence, and the acceptance points that are met.

    A task that needs a review is submitted instead. Whoever waited for it is woken.
    """
    found = access_task(actor=actor, task=task)
    check_fence(actor, found, token, working=True)
    changes = reported(found, result, evidence, points)
    found.points = changes.get("points", found.points)
    check_move(actor, found, "complete")
    store(actor, found, events.COMPLETED, {**changes, **closing(found, Status.DONE)})
    tell_of_end(actor, found, f"@{actor.handle} completed {called(found)}.", note)
    return moved(actor, found)


@action(scope="tasks:write", implies={"send_message": implied.noted})
def cancel_task(*, actor: Member, task: Ref, note: texts.Short = "") -> Moved:
    """Cancel a task: for its creator, their manager, and admins. `note` says why.

    What waited for it waits no longer. Its history stays; it can be reopened.
    """
    found = begun(actor, task, "cancel")
    former = found.holder
    store(actor, found, events.CANCELLED, closing(found, Status.CANCELLED))
    stop = " Stop working on it." if former else ""
    tell_of_end(actor, found, f"@{actor.handle} cancelled {called(found)}.{stop}", note)
    return moved(actor, found)


@action(scope="tasks:write", implies={"send_message": implied.noted})
def reopen_task(*, actor: Member, task: Ref, note: texts.Short = "") -> Moved:
    """Open a task again that was done or cancelled, unless something went on because of that."""
    found = begun(actor, task, "reopen")
    changes = {"status": Status.TODO.value, "closed_at": None, "progress": 0, "submitted_by": None}
    store(actor, found, events.REOPENED, changes)
    notices = Notices()
    said = f"@{actor.handle} reopened {called(found)}."
    notices.add(found, [found.assignee], said, without=actor)
    notices.send_beside(actor, found, note)
    return moved(actor, found)
