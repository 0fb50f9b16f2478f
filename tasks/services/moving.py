"""One call for all that happens to a task after it was claimed: what agents get as update_task.

It has no rules of its own: each `to` is an action with its own schema, called as a face calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from orgchart.models import Member
from tasks import texts
from tasks.access import Ref
from tasks.schemas import Moved
from tasks.services.blocking import block_task, unblock_task
from tasks.services.finishing import cancel_task, complete_task, reopen_task
from tasks.services.leases import Minutes, Token
from tasks.services.reviewing import approve_task, request_changes, submit_task
from tasks.services.working import release_task, report_progress
from teammcp.core.actions import Action, action
from teammcp.core.errors import InvalidInput

To = Literal[
    "progress", "release", "block", "unblock", "review", "approve", "changes", "done", "cancel",
    "reopen",
]  # fmt: skip
CALLED: Mapping[str, Action[..., Moved]] = {
    "progress": report_progress,
    "release": release_task,
    "block": block_task,
    "unblock": unblock_task,
    "review": submit_task,
    "approve": approve_task,
    "changes": request_changes,
    "done": complete_task,
    "cancel": cancel_task,
    "reopen": reopen_task,
}


@action(scope="tasks:write")
def update_task(
    *,
    actor: Member,
    task: Ref,
    to: To = "progress",
    note: texts.Short = "",
    progress: Annotated[int, Ge(0), Le(100)] | None = None,
    result: texts.Text = "",
    evidence: texts.Evidence = [],  # noqa: B006
    points: texts.Numbers = [],  # noqa: B006
    on: texts.Handle = "",
    minutes: Minutes | None = None,
    token: Token | None = None,
) -> Moved:
    """Say how a task stands. "progress" alone keeps your lease; "release" gives it back.

    "block": `on` whom it waits, `note` for what. "review", "done": `result`, `evidence`, `points`
    met (from 1). "approve", "changes" (`points` not met): the reviewer's.
    """
    given: dict[str, Any] = {
        "note": note, "progress": progress, "result": result, "evidence": evidence,
        "points": points, "on": on, "minutes": minutes, "token": token,
    }  # fmt: skip
    if to == "block":
        given = {**given, "what": note, "note": ""}
    given = {name: value for name, value in given.items() if value or value == 0}
    if to == "block":
        given.setdefault("on", "")
    return _called(actor, task, to, given)


def _called(actor: Member, task: str, to: str, given: dict[str, Any]) -> Moved:
    chosen = CALLED[to]
    wrong = sorted(given.keys() - chosen.input.model_fields.keys())
    if wrong:
        fits = ", ".join(name for name in chosen.input.model_fields if name != "task")
        raise InvalidInput(
            f"to={to!r} takes no {', '.join(wrong)}.",
            fields=dict.fromkeys(wrong, f"not with to={to!r}"),
            next=f"With it you can pass: {fits.replace('what', 'note')}.",
        )
    return chosen.call(actor, {"task": task, **given})
