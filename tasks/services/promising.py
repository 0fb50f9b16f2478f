"""Promises: making one, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MaxLen, MinLen
from django.utils import timezone

from audit.ledger import record
from messaging.access import access_message
from messaging.models import Message
from messaging.selectors.messages import RowId
from messaging.services.notes import tell
from orgchart import chart
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import texts, time_events, times
from tasks.access import access_task
from tasks.calendars import zone_for
from tasks.models import PROMISE_LIMIT, Promise, Task
from tasks.promises import State, access_promise, facts_of, may_do, topics_of
from tasks.reminders import lead_of
from tasks.selectors.promises import promise_out
from tasks.time_schemas import PromiseOut
from tasks.times import said
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import clean_line

MOST = 200  # open promises of one member
Promised = Annotated[str, MinLen(1), MaxLen(PROMISE_LIMIT)]
WHO = {
    "keep": "whoever made it keeps a promise",
    "break": "only who made it, who was promised it, and managers can say that it was not kept",
    "release": "only who made it and their managers can release a promise",
}


@action(scope="tasks:write")
def promise(
    *,
    actor: Member,
    text: Promised,
    due_at: texts.When,
    to: texts.Handle = "",
    task: Annotated[str, MaxLen(20)] = "",
    message_id: RowId | None = None,
) -> PromiseOut:
    """Promise something by a time: "I will report by 15:00". You are reminded before and then, your
    managers when it passes; it is part of what you hand over. keep_promise when it is done.

    `to`: whom; else the author of the message or the creator of the task that it is about.
    """
    _check_room(actor)
    about = access_task(actor=actor, task=task) if task else None
    message = access_message(actor=actor, message_id=message_id) if message_id else None
    now, due = timezone.now(), times.moment(actor, "due_at", due_at)
    if due <= now:
        raise InvalidInput(
            f"due_at: {said(due, zone_for(actor))} has passed.",
            fields={"due_at": "has passed"},
            next="Promise a time to come.",
        )
    row = Promise(
        member=actor,
        made_by=actor,
        to=_given(actor, to, about, message),
        text=clean_line("text", text, required=True),
        task=about,
        message=message,
        due_at=due,
        made_at=now,
        remind_at=due - lead_of(now, due),
    )
    row.save(force_insert=True)
    whom = f"@{row.to.handle}" if row.to else "all who asked"
    noted(actor, row, time_events.PROMISED, whom=whom, due=due.isoformat(timespec="minutes"))
    tell_other(actor, row, row.to, f"@{actor.handle} promises you, by {{due}}: {row.text}")
    return promise_out(actor, row)


def _check_room(actor: Member) -> None:
    if Promise.objects.filter(member=actor, state=State.OPEN).count() >= MOST:
        raise Conflict(
            f"You owe {MOST} promises already.",
            next="Keep or release some that list_promises shows.",
        )


def _given(actor: Member, to: str, task: Task | None, message: Message | None) -> Member | None:
    """To whom: named, or who asked. Nobody promises things to themselves."""
    if to.strip():
        member = access_member(actor=actor, handle=to)
        if member.pk == actor.pk or member.status == Member.Status.RETIRED:
            why = "yourself" if member.pk == actor.pk else f"@{member.handle}, who has retired"
            raise Conflict(
                f"You cannot promise something to {why}.",
                next="Name somebody else, or leave `to` out.",
            )
        return member
    asked = message.author if message is not None else task.creator if task is not None else None
    if asked is None or asked.pk == actor.pk or asked.kind == Member.Kind.SYSTEM:
        return None
    return asked if asked.status != Member.Status.RETIRED else None


@action(scope="tasks:write")
def keep_promise(*, actor: Member, promise_id: RowId, note: texts.Short = "") -> PromiseOut:
    """Say that you kept a promise, also late; `note` says how. Whom you gave it to hears of it and
    may object."""
    row = _open_to(actor, promise_id, "keep")
    late = timezone.now() > row.due_at
    _close(actor, row, State.KEPT, note, time_events.PROMISE_KEPT, late=late)
    object_ = f" break_promise(promise_id={row.pk}, note=...) if it was not."
    kept = f"@{actor.handle} says that this promise is kept: {row.text}"
    tell_other(actor, row, row.to, f"{kept}{_noted(note)}{object_}")
    return promise_out(actor, row)


@action(scope="tasks:write")
def break_promise(*, actor: Member, promise_id: RowId, note: texts.Short) -> PromiseOut:
    """Say that a promise was not kept, and in `note` why: yours, one that was made to you (also
    after it was called kept), or one of whom you manage. It stays on record."""
    row = _open_to(actor, promise_id, "break")
    _close(actor, row, State.BROKEN, note, time_events.PROMISE_BROKEN)
    broken = f"@{actor.handle} says that this promise was not kept: {row.text}{_noted(note)}"
    for member in {row.member_id: row.member, row.to_id: row.to}.values():
        tell_other(actor, row, member, broken)
    return promise_out(actor, row)


@action(scope="tasks:write")
def release_promise(*, actor: Member, promise_id: RowId, note: texts.Short = "") -> PromiseOut:
    """Take a promise back: only who made it and their managers can. Both sides hear of it."""
    row = _open_to(actor, promise_id, "release")
    _close(actor, row, State.RELEASED, note, time_events.PROMISE_RELEASED)
    released = f"@{actor.handle} released this promise: {row.text}{_noted(note)}"
    for member in {row.member_id: row.member, row.to_id: row.to}.values():
        tell_other(actor, row, member, released)
    return promise_out(actor, row)


def _noted(note: str) -> str:
    return f" ({note.strip()})" if note.strip() else ""


def _open_to(actor: Member, promise_id: int, what: str) -> Promise:
    """The promise, if the actor may do this with it now. Raises NotFound, Conflict, Forbidden."""
    row = access_promise(actor=actor, promise_id=promise_id)
    may = may_do(actor, row, manages=chart.manages(actor, row.member))
    if what in may:
        return row
    if row.state != State.OPEN:
        by = f" by @{row.closed_by.handle}" if row.closed_by else ""
        raise Conflict(
            f"Promise {row.pk} was {row.state} already{by}.",
            next=f"You can {' or '.join(may)} it." if may else "Make a new one: promise(...).",
            promise_state=row.state,
        )
    raise Forbidden(
        f"{WHO[what][0].upper()}{WHO[what][1:]}: this one is @{row.member.handle}'s.",
        next=f"Ask @{row.member.handle}.",
    )


def _close(actor: Member, row: Promise, state: str, note_: str, event: str, **data: Any) -> None:
    before = row.state
    row.state, row.note = State(state), texts.long_text("note", note_).strip()
    row.closed_at, row.closed_by, row.remind_at = timezone.now(), actor, None
    row.save(update_fields=["state", "note", "closed_at", "closed_by", "remind_at"])
    noted(actor, row, event, changed={"state": [before, row.state]}, **data)


def noted(actor: Member, row: Promise, event: str, **data: Any) -> None:
    """Record an event about a promise as it stands now."""
    record(
        event,
        actor=actor,
        target=f"promise:{row.pk}",
        topics=[*topics_of(row), f"member-{actor.pk}"],
        data={"promise": row.pk, "is": facts_of(row), **data},
    )


def tell_other(actor: Member, row: Promise, member: Member | None, words: str) -> None:
    """Tell the other side, on their clock; nobody hears of their own calls."""
    if member is None or member.pk == actor.pk or member.status == Member.Status.RETIRED:
        return
    tell(member, words.replace("{due}", said(row.due_at, zone_for(member))))
