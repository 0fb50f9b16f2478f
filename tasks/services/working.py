"""At work: signs of life, progress, and giving a task back."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.utils import timezone

from orgchart.models import Member
from tasks import events, implied, texts
from tasks.access import Ref
from tasks.schemas import Moved
from tasks.services.beginning import begun, moved, reported
from tasks.services.leases import Minutes, Token, kept_up
from tasks.services.recording import store, unheld
from tasks.services.telling import Notices, called
from tasks.transitions import Status
from teammcp.core.actions import action

Percent = Annotated[int, Ge(0), Le(100)]


@action(scope="tasks:write", implies={"send_message": implied.noted})
def report_progress(
    *,
    actor: Member,
    task: Ref,
    progress: Percent | None = None,
    note: texts.Short = "",
    result: texts.Text = "",
    evidence: texts.Evidence = [],  # noqa: B006
    points: texts.Numbers = [],  # noqa: B006
    minutes: Minutes | None = None,
    token: Token | None = None,
) -> Moved:
    """Show that you are at work on a task that you hold; the lease begins anew.

    Without anything else it is a sign of life. `points` are the acceptance points that are met.
    """
    found = begun(actor, task, "progress", token)
    changes = reported(found, result, evidence, points)
    if progress is not None and progress != found.progress:
        changes["progress"] = progress
    alive = kept_up(actor, found, minutes, timezone.now())
    if changes:
        store(actor, found, events.PROGRESSED, {**changes, **alive}, percent=_after(found, changes))
    else:
        store(actor, found, events.EXTENDED, alive)
    Notices().send_beside(actor, found, note)
    return moved(actor, found)


def _after(task: object, changes: dict[str, object]) -> object:
    return changes.get("progress", getattr(task, "progress", 0))


@action(scope="tasks:write", implies={"send_message": implied.noted})
def release_task(
    *, actor: Member, task: Ref, note: texts.Short = "", token: Token | None = None
) -> Moved:
    """Give a task back, or as its creator, manager or an admin take it from its holder.

    Anybody may claim it then. `note` says how far it came, in its discussion.
    """
    found = begun(actor, task, "release", token)
    former = found.holder
    assert former is not None
    changes = {**unheld(), "status": Status.TODO.value, "assignee": None}
    store(actor, found, events.RELEASED, changes, former=former.handle)
    notices = Notices()
    taken = f"@{actor.handle} released {called(found)}, which you held. Do not go on with it."
    notices.add(found, [former], taken, without=actor)
    notices.send_beside(actor, found, note)
    return moved(actor, found)
