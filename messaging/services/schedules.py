"""Messages that are sent later: making, changing, pausing and cancelling them.

What happens when one is due: `running`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from django.db import transaction
from django.utils import timezone

from audit.ledger import record, text_digest
from messaging import events
from messaging.conditions import CONDITION_LIMIT, clean_condition
from messaging.cron import clean_cron, clean_zone
from messaging.models import Channel, Message, Schedule
from messaging.schedule_schemas import ScheduleDetail
from messaging.selectors.schedules import (
    OPEN,
    RowId,
    access_schedule,
    schedule_detail,
    target_of,
)
from messaging.services.sending import send_message
from messaging.texts import Body, Target, clean_body
from messaging.timing import (
    CronText,
    Moment,
    Timing,
    ZoneText,
    following,
    sentence_of,
    timing_of,
)
from orgchart.models import Member
from teammcp.core import gate
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput

MOST = 200  # open schedules of one member
State = Schedule.State
Priority = Literal["now", "next", "later"]
Late = Literal["skip", "once"]
ConditionText = Annotated[str, MaxLen(CONDITION_LIMIT)]
Count = Annotated[int, Ge(0), Le(1_000_000)]
Minutes = Annotated[int, Ge(0), Le(60 * 24 * 366)]


@action(scope="messages:write")
def schedule_message(
    *,
    actor: Member,
    to: Target,
    body: Body,
    at: Moment = "",
    cron: CronText = "",
    zone: ZoneText = "UTC",
    priority: Priority = "next",
    expects_reply: bool = False,
    until: Moment = "",
    max_runs: Count = 0,
    late: Late = "once",
    condition: ConditionText = "",
    expires_minutes: Minutes = 0,
) -> ScheduleDetail:
    """Send a message later, once (`at`) or again and again (`cron`), on the clock of `zone`.

    at: "2030-01-31T09:00". cron: minute hour day month weekday, such as "0 9 * * MON-FRI". A run
    that an outage delayed is sent once with a note, or not at all with late "skip". condition:
    "unless answered 91", "when answered 91", "when acknowledged 91 by @kay", "when T-12 is done".
    expires_minutes drops a direct message that is still unread then. It is sent as you, with your
    rights at that time.
    """
    _check_room(actor)
    now = timezone.now()
    timing = timing_of(at=at, cron=cron, zone=zone, until=until, now=now)
    _check_runs(timing.cron, max_runs)
    row = Schedule(
        author=actor,
        to=to.strip(),
        body=clean_body(body),
        priority=priority,
        expects_reply=expects_reply,
        late=late,
        max_runs=max_runs or None,
        condition=clean_condition(actor, condition) if condition.strip() else "",
        expires_minutes=expires_minutes or None,
        created_at=now,
        updated_at=now,
    )
    _set_timing(row, timing)
    _rehearse(row)
    row.save(force_insert=True)
    _record(events.SCHEDULE_CREATED, actor, row, **_told(row))
    return schedule_detail(actor, row)


@action(scope="messages:write")
def update_schedule(
    *,
    actor: Member,
    schedule_id: RowId,
    state: Literal["active", "paused"] | None = None,
    to: Target | None = None,
    body: Body | None = None,
    at: Moment = "",
    cron: CronText = "",
    zone: ZoneText = "",
    priority: Priority | None = None,
    expects_reply: bool | None = None,
    until: Moment | None = None,
    max_runs: Count | None = None,
    late: Late | None = None,
    condition: ConditionText | None = None,
    expires_minutes: Minutes | None = None,
) -> ScheduleDetail:
    """Pause, resume (state) or change a scheduled message; what you leave out stays as it is.

    "" takes until and condition away, 0 max_runs and expires_minutes. What a pause left out is not
    made up for. Admins may pause and resume those of others, but not change what others say.
    """
    row = _open_schedule(actor, schedule_id)
    given: dict[str, Any] = {
        "to": to, "body": body, "priority": priority, "expects_reply": expects_reply,
        "max_runs": max_runs, "late": late, "condition": condition,
        "expires_minutes": expires_minutes,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value is not None}
    retimed = bool(at.strip() or cron.strip() or zone.strip()) or until is not None
    if (changes or retimed) and row.author_id != actor.pk:
        raise Forbidden(
            "What it says, and when, is its author's own; others can only pause or cancel it.",
            next=f"Pass state alone, or ask @{row.author.handle}.",
        )
    before = _told(row)
    if retimed:
        _retime(row, at=at, cron=cron, zone=zone, until=until)
    if changes:
        _change(row, changes)
    _move(row, state, moved=retimed)
    return _saved(actor, row, before)


@action(scope="messages:write")
def cancel_schedule(*, actor: Member, schedule_id: RowId) -> ScheduleDetail:
    """End a scheduled message for good; what it has sent stays. For its author, and for admins."""
    row = _open_schedule(actor, schedule_id)
    row.state, row.reason = State.CANCELLED, f"cancelled by @{actor.handle}"
    row.due_at, row.updated_at = None, timezone.now()
    row.save(update_fields=["state", "reason", "due_at", "updated_at"])
    _record(events.SCHEDULE_CANCELLED, actor, row)
    return schedule_detail(actor, row)


def _check_room(actor: Member) -> None:
    if Schedule.objects.filter(author=actor, state__in=OPEN).count() >= MOST:
        raise Conflict(
            f"You have {MOST} scheduled messages already.",
            next="Cancel some that list_schedules shows with cancel_schedule.",
        )


def _check_runs(cron: str, max_runs: int) -> None:
    if max_runs and not cron:
        raise InvalidInput(
            "A message that is sent once has one run.",
            fields={"max_runs": "only with cron"},
            next="Leave max_runs out.",
        )


def _open_schedule(actor: Member, schedule_id: int) -> Schedule:
    row = access_schedule(actor=actor, schedule_id=schedule_id, lock=True)
    if row.state not in OPEN:
        raise Conflict(
            f"Schedule {row.pk} has ended: {row.reason or row.state}.",
            next="Make a new one with schedule_message.",
        )
    return row


def _set_timing(row: Schedule, timing: Timing) -> None:
    row.cron, row.zone, row.until = timing.cron, timing.zone, timing.until
    row.planned_at = row.due_at = timing.first


def _retime(row: Schedule, *, at: str, cron: str, zone: str, until: str | None) -> None:
    """Read anew what is given together with what stays."""
    zone = zone.strip() or row.zone
    if not at.strip() and not cron.strip():
        if row.cron:
            cron = row.cron
        elif row.planned_at:
            at = row.planned_at.isoformat()
    end = until if until is not None else ""
    if until is None and row.until and not at.strip():
        end = row.until.isoformat()
    _set_timing(row, timing_of(at=at, cron=cron, zone=zone, until=end, now=timezone.now()))
    if not row.cron:
        row.max_runs = None


def _change(row: Schedule, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    row.body = clean_body(row.body)
    row.max_runs, row.expires_minutes = row.max_runs or None, row.expires_minutes or None
    _check_runs(row.cron, row.max_runs or 0)
    if row.max_runs is not None and row.max_runs <= row.sent:
        raise InvalidInput(
            f"It was sent {row.sent} times already.",
            fields={"max_runs": "reached already"},
            next=f"Give more than {row.sent}, or 0 for no limit.",
        )
    if "condition" in changes:
        given = row.condition.strip()
        row.condition = clean_condition(row.author, given) if given else ""
    if "to" in changes:
        row.to, row.channel = row.to.strip(), None
    _rehearse(row)


def _move(row: Schedule, state: str | None, *, moved: bool) -> None:
    """To the state that is asked for; a schedule that goes on begins with what comes from now."""
    now = timezone.now()
    resumed = state == State.ACTIVE and row.state == State.PAUSED
    if resumed and not moved:
        row.planned_at = _next_of(row, now)
    if state is not None and state != row.state:
        row.state, row.reason, row.failures = State(state), "", 0
    active = row.state == State.ACTIVE
    if resumed or moved or not active:
        row.due_at = row.planned_at if active else None


def _next_of(row: Schedule, now: datetime) -> datetime:
    clean_zone(row.zone)  # somebody may have changed the row by hand
    if row.cron:
        clean_cron(row.cron)
    planned = following(row, now) if row.cron else row.planned_at
    if planned is None or planned <= now:
        raise Conflict(
            f"The time of schedule {row.pk} has passed.",
            next="Give it a new one with at or cron, or a later until.",
        )
    return planned


def _rehearse(row: Schedule) -> None:
    """Refuse now what sending would refuse: the message is sent, and that is undone.

    Leaves in the row the target as it is understood and the channel, if there is one already.
    """
    with gate.rehearsal(), transaction.atomic():
        receipt = send_message.call(row.author, payload_of(row))
        channel_id = Message.objects.values_list("channel_id", flat=True).get(pk=receipt.id)
        transaction.set_rollback(True)
    row.to = receipt.where
    row.channel = Channel.objects.filter(pk=channel_id).first()


def payload_of(row: Schedule) -> dict[str, Any]:
    """The message as `send_message` takes it."""
    payload = {
        "to": target_of(row),
        "body": row.body,
        "priority": row.priority,
        "expects_reply": row.expects_reply,
    }
    if row.expires_minutes:
        payload["expires_minutes"] = row.expires_minutes
    return payload


def _saved(actor: Member, row: Schedule, before: dict[str, Any]) -> ScheduleDetail:
    """Write down what is different now, if anything is."""
    after = _told(row)
    changed = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
    if changed:
        row.updated_at = timezone.now()
        row.save()
        _record(
            events.SCHEDULE_CHANGED, actor, row, changed=changed, what=", ".join(sorted(changed))
        )
    return schedule_detail(actor, row)


def _told(row: Schedule) -> dict[str, Any]:
    """What the ledger keeps of a schedule: all but its text."""
    return {
        "to": row.to,
        "when": f"{sentence_of(row.cron, row.zone, row.planned_at)} ({row.zone})",
        "cron": row.cron,
        "until": row.until.isoformat() if row.until else None,
        "max_runs": row.max_runs,
        "late": row.late,
        "condition": row.condition,
        "expires_minutes": row.expires_minutes,
        "priority": row.priority,
        "expects_reply": row.expects_reply,
        "state": row.state,
        "sha256": text_digest(row.body),
    }


def _record(event: str, actor: Member, row: Schedule, **data: Any) -> None:
    record(
        event,
        actor=actor,
        target=f"schedule:{row.pk}",
        topics=[f"member-{row.author_id}", f"member-{actor.pk}"],
        data={"schedule": row.pk, **data},
    )
