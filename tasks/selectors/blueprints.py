"""Reading about recurring work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from messaging.access import at_home
from messaging.cron import first_runs, next_run, readable, words_of, zone_of
from messaging.selectors.messages import RowId
from orgchart.models import Member
from tasks.access import visible_tasks
from tasks.models import Blueprint, BlueprintRun
from tasks.selectors.promises import Cursor
from tasks.selectors.showing import named_homes
from tasks.time_schemas import BlueprintDetail, BlueprintOut, BlueprintPage, BlueprintRunOut
from teammcp.core.actions import query
from teammcp.core.errors import NotFound

State = Blueprint.State
OPEN = (State.ACTIVE, State.PAUSED)
PREVIEWED = 5
HISTORY = 20
WITHOUT_RULE = "When somebody calls it"


def visible_blueprints(actor: Member) -> QuerySet[Blueprint]:
    """Like tasks: whoever sees the home sees the blueprint; without a home everybody does."""
    return Blueprint.objects.select_related("author", "home").filter(at_home(actor))


def access_blueprint(*, actor: Member, blueprint_id: int, lock: bool = False) -> Blueprint:
    """A blueprint that the actor may see. Raises NotFound."""
    rows = visible_blueprints(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=blueprint_id).first()
    if found is None:
        raise NotFound(
            f"There is no blueprint {blueprint_id}.", next="list_blueprints shows what there is."
        )
    return found


@query(scope="tasks:read")
def list_blueprints(
    *,
    actor: Member,
    state: Literal["open", "active", "paused", "ended", "all"] = "open",
    whose: Literal["mine", "all"] = "all",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Cursor = 0,
) -> BlueprintPage:
    """Recurring work that you may see, the newest first: when each makes its next task, and what
    became of the last time. "open" are the active and paused ones."""
    rows = visible_blueprints(actor)
    if whose == "mine":
        rows = rows.filter(author=actor)
    if state == "open":
        rows = rows.filter(state__in=OPEN)
    elif state != "all":
        rows = rows.filter(state=state)
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: limit + 1])
    page, more = found[:limit], len(found) > limit
    return BlueprintPage(
        items=blueprints_out(actor, page), more=more, cursor=str(page[-1].pk) if more else None
    )


@query(scope="tasks:read")
def show_blueprint(*, actor: Member, blueprint_id: RowId) -> BlueprintDetail:
    """One blueprint, with its next five times and what became of the last twenty."""
    return blueprint_detail(actor, access_blueprint(actor=actor, blueprint_id=blueprint_id))


def blueprint_detail(actor: Member, row: Blueprint) -> BlueprintDetail:
    """A blueprint with what comes and what was."""
    (out,) = blueprints_out(actor, [row])
    runs = BlueprintRun.objects.filter(blueprint=row).order_by("-pk")[:HISTORY]
    return BlueprintDetail(
        **dict(out),
        next_runs=_next_runs(row),
        history=_runs_out(actor, list(runs), {row.pk: row.zone}),
    )


def _next_runs(row: Blueprint) -> list[datetime]:
    """Of a paused one, what would come if it were resumed now."""
    if not row.cron or row.state not in OPEN or not readable(row.cron, row.zone):
        return []
    now = timezone.now()
    first = next_run(row.cron, row.zone, now) if row.state == State.PAUSED else row.planned_at
    if first is None:
        return []
    place = zone_of(row.zone)
    rest = first_runs(row.cron, row.zone, first, PREVIEWED - 1)
    return [run.astimezone(place) for run in (first, *rest)]


def blueprints_out(actor: Member, rows: Sequence[Blueprint]) -> list[BlueprintOut]:
    """Blueprints fetched with author and home: a few queries for all of them."""
    if not rows:
        return []
    newest = BlueprintRun.objects.filter(blueprint=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    last = Blueprint.objects.filter(pk__in=[row.pk for row in rows]).values(run=Subquery(newest))
    runs = list(BlueprintRun.objects.filter(pk__in=last))
    zones = {row.pk: row.zone for row in rows}
    shown = _runs_out(actor, runs, zones)
    lasts = {run.blueprint_id: out for run, out in zip(runs, shown, strict=True)}
    homes = named_homes(actor, [row.home for row in rows if row.home])
    return [_out(row, lasts.get(row.pk), homes) for row in rows]


def _out(row: Blueprint, last: BlueprintRunOut | None, homes: dict[int, str]) -> BlueprintOut:
    active = row.state == State.ACTIVE
    return BlueprintOut(
        id=row.pk,
        author=row.author.handle,
        title=row.title,
        home=homes.get(row.home_id or 0),
        template=row.template,
        due_minutes=row.due_minutes,
        skip_if_open=row.skip_if_open,
        cron=row.cron,
        words=words_of(row.cron) if row.cron else WITHOUT_RULE,
        zone=row.zone,
        next_run=row.planned_at.astimezone(zone_of(row.zone))
        if row.planned_at and active
        else None,
        state=row.state,
        reason=row.reason,
        made=row.made,
        hook=row.hook_hint or None,
        last=last,
    )


def _runs_out(
    actor: Member, runs: Sequence[BlueprintRun], zones: Mapping[int, str]
) -> list[BlueprintRunOut]:
    ids = [run.task_id for run in runs if run.task_id]
    seen = set(visible_tasks(actor).filter(pk__in=ids).values_list("pk", flat=True))
    return [_run_out(run, zone_of(zones[run.blueprint_id]), seen) for run in runs]


def _run_out(run: BlueprintRun, place: ZoneInfo, seen: set[int]) -> BlueprintRunOut:
    return BlueprintRunOut(
        planned_at=run.planned_at.astimezone(place),
        ran_at=run.ran_at.astimezone(place),
        trigger=run.trigger,
        outcome=run.outcome,
        reason=run.reason,
        task=f"T-{run.task_id}" if run.task_id in seen else None,
    )
