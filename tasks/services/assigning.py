"""Who does a task."""

from __future__ import annotations

from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import events, implied, texts
from tasks.access import Ref
from tasks.models import Task
from tasks.schemas import Moved
from tasks.services.beginning import begun, moved
from tasks.services.creating import check_able
from tasks.services.discussing import hear_of
from tasks.services.recording import store, unheld
from tasks.services.telling import Notices, called
from tasks.transitions import Status
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(scope="tasks:write", implies={"send_message": implied.noted})
def assign_task(*, actor: Member, task: Ref, to: texts.Handle, note: texts.Short = "") -> Moved:
    """Give a task to somebody, or with to="none" to whoever claims it.

    For its creator, the managers of creator or assignee, and admins. Who holds it loses the lease
    and hears of it.
    """
    found = begun(actor, task, "assign")
    member = _target(actor, found, to)
    former = found.assignee
    changes: dict[str, object] = {"assignee": member}
    if found.status == Status.IN_PROGRESS:
        changes |= {**unheld(), "status": Status.TODO.value}
    store(actor, found, events.ASSIGNED, changes, to=f"@{member.handle}" if member else "nobody")
    hear_of(found, member)
    notices = Notices()
    begin = f"claim_task(task='{found.name}') begins it."
    said = f"@{actor.handle} assigned {called(found)} to you. {begin}"
    notices.add(found, [member], said, without=actor)
    if former != member:
        gone = f"{called(found)} is yours no more: @{actor.handle} assigned it to {to}. Stop there."
        notices.add(found, [former], gone, without=actor)
    notices.send_beside(actor, found, note)
    return moved(actor, found)


def _target(actor: Member, task: Task, to: str) -> Member | None:
    if to.strip().lower() in {"none", "nobody", ""}:
        return None
    member = actor if to == "me" else access_member(actor=actor, handle=to)
    check_able(member, task.home, "assignee")
    if member.pk == task.reviewer_id:
        raise Conflict(
            f"@{member.handle} is the reviewer of {task.name} and cannot do it too.",
            next="Name another reviewer first: edit_task(reviewer=...).",
        )
    if member.pk == task.blocked_on_id:
        raise Conflict(
            f"{task.name} waits for @{member.handle}, who cannot be its assignee as well.",
            next=f"Clear the block first: update_task(task='{task.name}', to='unblock').",
        )
    return member
