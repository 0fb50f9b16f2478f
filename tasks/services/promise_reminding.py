"""Reminding of promises: before their time, at their time, then up the reporting line."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from orgchart.selectors import system_member
from tasks import time_events
from tasks.models import Promise, Reminder
from tasks.promises import SHOWN, State
from tasks.reminders import Occasion, lead_of
from tasks.services.climbing import Climb, Step
from tasks.services.promising import noted, tell_other
from tasks.times import said
from teammcp.core.due import DueRows

Kind = Reminder.Kind
INTERVAL = timedelta(hours=4)
"""from one step to the next"""


def remind_of_promises(now: datetime) -> int:
    """Send the reminders that are due; how many were looked at. For any number of callers."""
    return DueRows(Promise.objects.all, "remind_at", "system", _look_at).run_due(now)


def _look_at(pk: int, now: datetime) -> None:
    row = Promise.objects.select_related(*SHOWN).get(pk=pk)
    climb = Climb(
        row={"promise": row},
        occasions=_occasions(row, now),
        interval=INTERVAL,
        waits=True,
        last=None,
        may_know=lambda _: True,
        words=partial(_words, row),
        note=partial(_note, row),
    )
    Promise.objects.filter(pk=pk).update(remind_at=climb.advance(now))


def _occasions(row: Promise, now: datetime) -> list[Occasion]:
    if row.state != State.OPEN:
        return []
    due = Occasion(Kind.OVERDUE, row.due_at, row.due_at, row.member)
    if now >= row.due_at:
        return [due]
    soon = row.due_at - lead_of(row.made_at, row.due_at)
    return [Occasion(Kind.DUE_SOON, soon, row.due_at, row.member, climbs=False), due]


def _note(row: Promise, step: Step) -> None:
    soon = step.occasion.kind == Kind.DUE_SOON
    noted(
        system_member(),
        row,
        time_events.PROMISE_REMINDED,
        what="due soon" if soon else "due",
        to=step.member.handle,
        owed_by=row.member.handle,
        step=step.number,
    )
    if step.number == 1:  # whom it was given to hears once, with the first step up
        late = f"@{row.member.handle} has not kept a promise to you that was due {{due}}"
        tell_other(system_member(), row, row.to, f"{late}: {row.text}")


def _words(row: Promise, step: Step) -> str:
    at = said(row.due_at, step.zone)
    whom = f" to @{row.to.handle}" if row.to else ""
    if step.member.pk == row.member_id:
        keep = f"keep_promise(promise_id={row.pk}) when it is done, release_promise takes it back."
        tense = "is" if step.occasion.kind == Kind.DUE_SOON else "was"
        return f"Your promise{whom} {tense} due {at}: {row.text}. {keep}"
    return (
        f"@{row.member.handle} has not kept a promise{whom} that was due {at}: {row.text}. Talk to"
        f" them; release_promise(promise_id={row.pk}) or break_promise ends it."
    )
