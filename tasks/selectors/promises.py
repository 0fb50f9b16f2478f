"""Reading promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Le
from django.utils import timezone

from messaging.access import visible_channels
from messaging.models import Message
from messaging.selectors.messages import RowId
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import texts
from tasks.access import visible_tasks
from tasks.models import Promise
from tasks.promises import SHOWN, State, access_promise, managed_by, may_do, visible_promises
from tasks.time_schemas import PromiseOut, PromisePage
from teammcp.core.actions import query

Cursor = Annotated[int, Ge(0), Le(2**62)]


@query(scope="tasks:read")
def list_promises(
    *,
    actor: Member,
    which: Literal["mine", "to_me", "all"] = "mine",
    state: Literal["open", "overdue", "kept", "broken", "released", "all"] = "open",
    member: texts.Handle = "",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Cursor = 0,
) -> PromisePage:
    """Promises, the newest first: "mine" you owe, "to_me" were made to you, "all" also those of
    whom you manage. `member`: only what this one owes."""
    rows = visible_promises(actor)
    if member:
        rows = rows.filter(member=access_member(actor=actor, handle=member))
    elif which == "mine":
        rows = rows.filter(member=actor)
    elif which == "to_me":
        rows = rows.filter(to=actor)
    if state == "overdue":
        rows = rows.filter(state=State.OPEN, due_at__lt=timezone.now())
    elif state != "all":
        rows = rows.filter(state=state)
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows.select_related(*SHOWN).order_by("-pk")[: limit + 1])
    page, more = found[:limit], len(found) > limit
    return PromisePage(
        items=promises_out(actor, page), more=more, cursor=str(page[-1].pk) if more else None
    )


@query(scope="tasks:read")
def show_promise(*, actor: Member, promise_id: RowId) -> PromiseOut:
    """One promise: who owes what to whom, by when, what became of it, what you may do with it."""
    return promise_out(actor, access_promise(actor=actor, promise_id=promise_id))


def promise_out(actor: Member, row: Promise) -> PromiseOut:
    (out,) = promises_out(actor, [row])
    return out


def promises_out(actor: Member, rows: Sequence[Promise]) -> list[PromiseOut]:
    """Promises fetched with SHOWN, as this member sees them: a few queries for all of them."""
    if not rows:
        return []
    tasks = [row.task_id for row in rows if row.task_id]
    messages = [row.message_id for row in rows if row.message_id]
    seen = set(visible_tasks(actor).filter(pk__in=tasks).values_list("pk", flat=True))
    read = set(
        Message.objects.filter(pk__in=messages, channel__in=visible_channels(actor)).values_list(
            "pk", flat=True
        )
    )
    owing = {row.member_id for row in rows} - {actor.pk}
    below = set(managed_by(actor).filter(pk__in=owing).values_list("pk", flat=True))
    return [_out(actor, row, seen, read, manages=row.member_id in below) for row in rows]


def _out(
    actor: Member, row: Promise, seen: set[int], read: set[int], *, manages: bool
) -> PromiseOut:
    late = row.closed_at > row.due_at if row.closed_at and row.state == State.KEPT else None
    return PromiseOut(
        id=row.pk,
        by=row.member.handle,
        made_by=row.made_by.handle,
        to=row.to.handle if row.to else None,
        text=row.text,
        due_at=row.due_at,
        state=row.state,
        overdue=row.state == State.OPEN and row.due_at < timezone.now(),
        late=late,
        task=f"T-{row.task_id}" if row.task_id in seen else None,
        message=row.message_id if row.message_id in read else None,
        note=row.note,
        made_at=row.made_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by.handle if row.closed_by else None,
        may=may_do(actor, row, manages=manages),
    )
