"""What is due now: sending scheduled messages, each once.

`run_due` is called by the ticker of every server process and by a job, and may be called by any
number of them at once (`teammcp/core/due.py`). What is refused, or fails,
concerns its own row only.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from audit.ledger import record
from messaging import events
from messaging.conditions import SEND, verdict_of
from messaging.models import Message, Schedule, ScheduleRun
from messaging.schemas import Receipt
from messaging.services.schedules import payload_of
from messaging.services.sending import send_message
from messaging.texts import BODY_LIMIT
from messaging.timing import MOST_COUNTED, due_now, following, said
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.context import CallContext, calling
from teammcp.core.due import DueRows
from teammcp.core.errors import AppError, Held, Unavailable

logger = logging.getLogger(__name__)
LATE_AFTER = timedelta(minutes=1)
MOST_FAILURES = 5  # in a row; then a schedule pauses itself
FIRST_PAUSE = timedelta(minutes=1)  # after an unexpected error; doubled each time
State, Outcome = Schedule.State, ScheduleRun.Outcome


def run_due(now: datetime) -> int:
    """Send what is due at this time; how many rows were looked at. For any number of callers."""
    return _DUE.run_due(now)


# One row


def _run(pk: int, now: datetime) -> None:
    row = _row(pk)
    if row.author.status == Member.Status.RETIRED:
        _end(row, State.CANCELLED, f"@{row.author.handle} has retired")
    else:
        _decide(row, now)
    row.updated_at = now
    row.save()


def _row(pk: int) -> Schedule:
    return Schedule.objects.select_related("author", "channel").get(pk=pk)


def _decide(row: Schedule, now: datetime) -> None:
    """Send, or say why not; then plan the next run. What an outage left out is one run at most."""
    row.planned_at, earlier = due_now(row, now)
    late = now - row.planned_at
    if row.author.status == Member.Status.PAUSED:
        _refused(row, now, f"@{row.author.handle} is paused.")
        return
    if late > LATE_AFTER and row.late == Schedule.Late.SKIP:
        _pass_over(row, now, f"{_span(late)} late{_and_earlier(earlier)}")
        return
    try:
        verdict = verdict_of(row.author, row.condition) if row.condition else SEND
        if verdict.what == "send":
            _send(row, now, _note(row, late, earlier), late=late)
    except Held as held:  # it goes out as soon as somebody agreed, without this schedule
        _pass_over(row, now, held.message, for_good=not row.cron)
        return
    except AppError as error:
        if isinstance(error, Unavailable):
            raise
        _refused(row, now, error.message)
        return
    if verdict.what == "send":
        _plan(row, now)
    else:
        _pass_over(row, now, verdict.cause, for_good=verdict.what == "cancel" or not row.cron)


def _planned(row: Schedule) -> datetime:
    assert row.planned_at is not None
    return row.planned_at


def _pass_over(row: Schedule, now: datetime, reason: str, *, for_good: bool = False) -> None:
    """Send nothing this time, or never again."""
    _missed(row, now, Outcome.SKIPPED, reason)
    if for_good:
        _end(row, State.CANCELLED, f"cancelled: {reason}")
    else:
        _plan(row, now)


def _send(row: Schedule, now: datetime, note: str, *, late: timedelta) -> None:
    payload = payload_of(row)
    if late > LATE_AFTER and len(row.body) + len(note) + 6 <= BODY_LIMIT:
        payload["body"] = f"{row.body}\n\n*({note})*"
    receipt: Receipt = send_message.call(row.author, payload)  # what is refused leaves nothing
    row.sent, row.failures = row.sent + 1, 0
    if row.channel_id is None:  # the conversation that this message opened
        row.channel_id = Message.objects.values_list("channel_id", flat=True).get(pk=receipt.id)
    _keep(row, now, Outcome.SENT, note, receipt.id)
    record(
        events.SCHEDULE_RAN,
        actor=row.author,
        target=f"schedule:{row.pk}",
        topics=[f"member-{row.author_id}"],
        data={
            "schedule": row.pk,
            "message": receipt.id,
            "planned_at": _planned(row).isoformat(),
            "late_seconds": max(0, int(late.total_seconds())),
        },
    )


def _note(row: Schedule, late: timedelta, earlier: int) -> str:
    """How late, and what was left out; nothing for what is as it should be."""
    if late > LATE_AFTER:
        due = f"{said(_planned(row), row.zone)} {row.zone}"
        return f"Sent {_span(late)} late: due {due}{_and_earlier(earlier)}"
    return f"on time{_and_earlier(earlier)}" if earlier else ""


def _and_earlier(count: int) -> str:
    if not count:
        return ""
    least = "at least " if count == MOST_COUNTED else ""
    return f"; {least}{count} earlier {'time was' if count == 1 else 'times were'} missed"


def _span(late: timedelta) -> str:
    minutes = int(late.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _plan(row: Schedule, now: datetime) -> None:
    """The next run after now, or the end."""
    if row.state != State.ACTIVE:
        return
    planned = following(row, now)
    if row.max_runs is not None and row.sent >= row.max_runs:
        _end(row, State.FINISHED, f"sent {row.sent} times, as many as wanted")
    elif planned is None:
        said_last = row.until and f"its end has come: {said(row.until, row.zone)}"
        _end(row, State.FINISHED, said_last or ("sent" if row.sent else "its time has passed"))
    else:
        row.planned_at = row.due_at = planned


# What is refused, and what fails


def _refused(row: Schedule, now: datetime, reason: str) -> None:
    """A due time at which the author may not send: told once, and paused if it goes on so."""
    _fail(row, now, reason)
    if row.state == State.ACTIVE:
        _plan(row, now)


def _fail(row: Schedule, now: datetime, reason: str) -> None:
    row.failures += 1
    reason = reason.rstrip(".")
    _missed(row, now, Outcome.FAILED, reason)
    what = f"{row.pk} to {row.to}"
    if not row.cron and row.due_at is None:
        _end(row, State.FINISHED, f"not sent: {reason}")
        _tell(row, f"Your scheduled message {what} was not sent: {reason}.")
    elif row.failures >= MOST_FAILURES:
        _end(row, State.PAUSED, f"paused itself after {row.failures} failures: {reason}")
        times = f"{row.failures} times in a row"
        _tell(
            row,
            f"Your schedule {what} paused itself, because it could not send {times}: {reason}."
            " Change it, then resume it.",
        )
    elif row.failures == 1:
        limit = f"after {MOST_FAILURES} failures in a row it pauses itself"
        _tell(row, f"Your schedule {what} could not send: {reason}. It goes on; {limit}.")


def _back_off(pk: int, now: datetime) -> None:
    """After something that nobody foresaw."""
    row = _row(pk)
    row.due_at = now + FIRST_PAUSE * 2**row.failures
    _fail(row, now, "An unexpected error, which the server has logged.")
    row.updated_at = now
    row.save()


_DUE = DueRows(
    rows=lambda: Schedule.objects.filter(state=State.ACTIVE),
    field="due_at",
    face="schedule",
    run=_run,
    failed=_back_off,
)


# What is written down


def _keep(
    row: Schedule, now: datetime, outcome: str, reason: str, message_id: int | None = None
) -> None:
    ScheduleRun.objects.create(
        schedule=row,
        planned_at=_planned(row),
        ran_at=now,
        outcome=outcome,
        reason=reason[:300],
        message_id=message_id,
    )


def _missed(row: Schedule, now: datetime, outcome: str, reason: str) -> None:
    _keep(row, now, outcome, reason)
    _record(events.SCHEDULE_MISSED, row, outcome=outcome, reason=reason)


def _end(row: Schedule, state: str, reason: str) -> None:
    row.state, row.reason, row.due_at = state, reason[:300], None
    _record(events.SCHEDULE_ENDED, row, state=state, reason=row.reason)


def _record(event: str, row: Schedule, **data: Any) -> None:
    record(
        event,
        actor=system_member(),
        target=f"schedule:{row.pk}",
        topics=[f"member-{row.author_id}"],
        data={"schedule": row.pk, "author": row.author.handle, **data},
    )


def _tell(row: Schedule, body: str) -> None:
    """A note of the server in the author's inbox."""
    try:
        with calling(CallContext(face="system")), transaction.atomic():
            send_message(actor=system_member(), to=f"@{row.author.handle}", body=body)
    except AppError as error:  # the outcome stands in the schedule all the same
        logger.warning("@%s could not be told of schedule %s: %s", row.author.handle, row.pk, error)
