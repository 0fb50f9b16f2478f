"""Blocked: by whom, for what."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen, MinLen
from django.utils import timezone

from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import events, implied, texts
from tasks.access import Ref
from tasks.models import Task
from tasks.schemas import Moved
from tasks.services.beginning import begun, moved
from tasks.services.creating import check_able
from tasks.services.leases import Token
from tasks.services.recording import store, unblocked, unheld
from tasks.services.telling import Notices, called, tell_about
from tasks.transitions import Status
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import clean_line


@action(scope="tasks:write")
def block_task(
    *,
    actor: Member,
    task: Ref,
    on: texts.Handle,
    what: Annotated[str, MinLen(1), MaxLen(500)],
    token: Token | None = None,
) -> Moved:
    """Say that a task cannot go on until somebody acts: `on` is who, `what` they have to do.

    They hear of it; your lease ends, the task stays assigned to you, and you are woken when it is
    cleared.
    """
    found = begun(actor, task, "block", token)
    owner = _owner(actor, found, on)
    doing = clean_line("what", what, required=True)
    store(
        actor,
        found,
        events.BLOCKED,
        {
            **unheld(),
            "status": Status.BLOCKED.value,
            "blocked_on": owner,
            "blocked_action": doing,
            "blocked_at": timezone.now(),
            "assignee": found.assignee or actor,
        },
        on=owner.handle,
    )
    clear = f"update_task(task='{found.name}', to='unblock') when it is done."
    said = f"@{actor.handle} waits for you with {called(found)}: {doing}. {clear}"
    tell_about(found, [owner], said)
    return moved(actor, found)


def _owner(actor: Member, task: Task, on: str) -> Member:
    """Who has to act: somebody who can, and not the one who waits."""
    if not on.strip():
        raise InvalidInput(
            f"{task.name} was not blocked: nobody is named who has to act.",
            fields={"on": "nobody"},
            next="Name who has to act, on='@kay', and what they have to do.",
        )
    owner = access_member(actor=actor, handle=on)
    check_able(owner, task.home, "one who has to act")
    if owner.pk == (task.assignee_id or actor.pk):
        raise Conflict(
            f"@{owner.handle} does {task.name}, and cannot be whom it waits for.",
            next="Name who else has to act; or release it, or do what is to be done.",
        )
    return owner


@action(scope="tasks:write", implies={"send_message": implied.noted})
def unblock_task(*, actor: Member, task: Ref, note: texts.Short = "") -> Moved:
    """Clear the block of a task: what it waited for is done. Its assignee is woken."""
    found = begun(actor, task, "unblock")
    changes = {**unblocked(), "status": Status.TODO.value}
    store(actor, found, events.UNBLOCKED, changes)
    notices = Notices()
    begin = f"claim_task(task='{found.name}') goes on with it."
    said = f"@{actor.handle} cleared the block of {called(found)}. {begin}"
    notices.add(found, [found.assignee or found.creator], said, without=actor)
    notices.send_beside(actor, found, note)
    return moved(actor, found)
