"""Reading about messages that are sent later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from messaging.access import visible_channels
from messaging.cron import readable, zone_of
from messaging.models import Channel, Schedule, ScheduleRun
from messaging.schedule_schemas import (
    RunOut,
    ScheduleDetail,
    ScheduleOut,
    SchedulePage,
    SchedulePreview,
)
from messaging.timing import (
    CronText,
    Moment,
    ZoneText,
    following,
    sentence_of,
    timing_of,
    upcoming,
)
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.errors import NotFound

RowId = Annotated[int, Ge(1), Le(2**62)]
PREVIEWED = 5
HISTORY = 20
State = Schedule.State
OPEN = (State.ACTIVE, State.PAUSED)


def visible_schedules(actor: Member) -> QuerySet[Schedule]:
    """One's own; for admins also those that write where they can read."""
    mine = Q(author=actor)
    if actor.has_scope("admin"):
        mine |= Q(channel__in=visible_channels(actor))
    return Schedule.objects.select_related("author", "channel").filter(mine)


def access_schedule(*, actor: Member, schedule_id: int, lock: bool = False) -> Schedule:
    """A schedule that the actor may see. Raises NotFound."""
    rows = visible_schedules(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=schedule_id).first()
    if found is None:
        raise NotFound(
            f"There is no schedule {schedule_id}.", next="Call list_schedules to see yours."
        )
    return found


@query(scope="messages:read")
def list_schedules(
    *,
    actor: Member,
    state: Literal["open", "ended", "all"] = "open",
    whose: Literal["mine", "all"] = "mine",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[int, Ge(0), Le(2**62)] = 0,
) -> SchedulePage:
    """Your scheduled messages, the newest first: when each runs next and how the last run ended.

    "open" are the active and paused ones. Admins see with `whose` "all" also those of others that
    write where they can read.
    """
    rows = visible_schedules(actor)
    if whose == "mine":
        rows = rows.filter(author=actor)
    if state != "all":
        rows = rows.filter(state__in=OPEN) if state == "open" else rows.exclude(state__in=OPEN)
    if after:
        rows = rows.filter(pk__lt=after)
    page = list(rows.order_by("-pk")[:limit])
    remaining = rows.count() - len(page) if len(page) == limit else 0
    return SchedulePage(
        items=schedules_out(actor, page),
        remaining=remaining,
        cursor=str(page[-1].pk) if remaining else None,
    )


@query(scope="messages:read")
def show_schedule(*, actor: Member, schedule_id: RowId) -> ScheduleDetail:
    """One scheduled message, with its next five runs and what became of the last twenty."""
    return schedule_detail(actor, access_schedule(actor=actor, schedule_id=schedule_id))


@query(scope="messages:read")
def preview_schedule(
    *,
    actor: Member,
    at: Moment = "",
    cron: CronText = "",
    zone: ZoneText = "UTC",
    until: Moment = "",
    count: Annotated[int, Ge(1), Le(50)] = PREVIEWED,
) -> SchedulePreview:
    """When a schedule would run, before you save it: the same checks, nothing is written."""
    timing = timing_of(at=at, cron=cron, zone=zone, until=until, now=timezone.now())
    return SchedulePreview(
        words=sentence_of(timing.cron, timing.zone, timing.first),
        zone=timing.zone,
        next_runs=timing.runs(count),
    )


def schedule_detail(actor: Member, row: Schedule) -> ScheduleDetail:
    """A schedule with what comes and what was."""
    (out,) = schedules_out(actor, [row])
    runs = _runs().filter(schedule=row).order_by("-pk")[:HISTORY]
    return ScheduleDetail(
        **dict(out),
        next_runs=_next_runs(row),
        history=[_run_out(run, row.zone) for run in runs],
    )


def _next_runs(row: Schedule) -> list[datetime]:
    """Of a paused one, what would come if it were resumed now."""
    if row.state not in OPEN or not readable(row.cron, row.zone):
        return []
    paused_rule = row.cron and row.state == State.PAUSED
    first = following(row, timezone.now()) if paused_rule else row.planned_at
    left = PREVIEWED if row.max_runs is None else min(PREVIEWED, row.max_runs - row.sent)
    return upcoming(row.cron, row.zone, first, row.until, left) if first else []


def schedules_out(actor: Member, rows: Sequence[Schedule]) -> list[ScheduleOut]:
    """Schedules fetched with author and channel, as this member sees them."""
    ids = {row.channel_id for row in rows if row.channel_id}
    visible = set(visible_channels(actor).filter(pk__in=ids).values_list("pk", flat=True))
    newest = ScheduleRun.objects.filter(schedule=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    last = Schedule.objects.filter(pk__in=[row.pk for row in rows]).values(run=Subquery(newest))
    runs = {run.schedule_id: run for run in _runs().filter(pk__in=last)}
    return [_out(row, runs.get(row.pk), named=row.channel_id in visible) for row in rows]


def _out(row: Schedule, last: ScheduleRun | None, *, named: bool) -> ScheduleOut:
    place = zone_of(row.zone)
    return ScheduleOut(
        id=row.pk,
        author=row.author.handle,
        author_kind=row.author.kind,
        # Whoever has left a private channel knows it by the name that it had then.
        to=target_of(row) if named else row.to,
        body=row.body,
        priority=row.priority,
        expects_reply=row.expects_reply,
        cron=row.cron,
        words=sentence_of(row.cron, row.zone, row.planned_at),
        zone=row.zone,
        next_run=row.planned_at.astimezone(place)
        if row.planned_at and row.state == State.ACTIVE
        else None,
        until=row.until.astimezone(place) if row.until else None,
        max_runs=row.max_runs,
        late=row.late,
        condition=row.condition,
        expires_minutes=row.expires_minutes,
        state=row.state,
        reason=row.reason,
        sent=row.sent,
        last=_run_out(last, row.zone) if last else None,
    )


def target_of(row: Schedule) -> str:
    """What `send_message` takes as the target now: a channel by its present name."""
    channel = row.channel
    if channel is not None and channel.kind != Channel.Kind.DIRECT and row.to.startswith("#"):
        return f"#{channel.name}"
    return row.to


def _runs() -> QuerySet[ScheduleRun]:
    return ScheduleRun.objects.select_related("message__expiry")


def _run_out(run: ScheduleRun, zone: str) -> RunOut:
    expiry = getattr(run.message, "expiry", None)
    place = zone_of(zone)
    return RunOut(
        planned_at=run.planned_at.astimezone(place),
        ran_at=run.ran_at.astimezone(place),
        outcome=run.outcome,
        reason=run.reason,
        message_id=run.message_id,
        dropped=expiry.dropped if expiry else [],
    )
