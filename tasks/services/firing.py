"""Making the task of a blueprint, once for each occasion."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import MaxLen
from django.utils import timezone

from messaging.cron import newest_run, runs_after
from messaging.selectors.messages import RowId
from messaging.walls import COMPANY
from orgchart import chart
from orgchart.models import Member
from orgchart.selectors import system_member
from tasks import texts, time_events
from tasks.blueprints import noted
from tasks.models import Blueprint, BlueprintRun, Task
from tasks.selectors.blueprints import State
from tasks.services.creating import create_task
from tasks.time_schemas import BlueprintMade
from tasks.transitions import OPEN
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, NotFound

MOST_COUNTED = 100  # times that an outage left out, as far as they are told
LOOKED_BACK = 50  # runs among which an open task is looked for
Outcome, Trigger = BlueprintRun.Outcome, BlueprintRun.Trigger
Delivery = Annotated[str, MaxLen(500)]
looked_at: ContextVar[datetime | None] = ContextVar("blueprintlooked_at", default=None)
"""The time for which a rule is looked at, while its task is made"""


class Turn(NamedTuple):
    """One occasion to make a task."""

    trigger: str
    planned_at: datetime
    now: datetime
    note: str = ""
    delivery: str = ""
    payload: dict[str, Any] | None = None


def turn_of_rule(row: Blueprint, now: datetime) -> Turn:
    """The newest time that the rule has given by now; this moment, where that was made already or
    left out, and somebody agreed to it since."""
    if row.planned_at is None or row.planned_at > now:
        return Turn(Trigger.RULE, now, now)
    planned = newest_run(row.cron, row.zone, row.planned_at, now)
    return Turn(Trigger.RULE, planned, now, _left_out(row, planned))


def _left_out(row: Blueprint, planned: datetime) -> str:
    """How many earlier times an outage left out, in words."""
    assert row.planned_at is not None
    if planned == row.planned_at:
        return ""
    later = takewhile(lambda run: run < planned, runs_after(row.cron, row.zone, row.planned_at))
    count = 1 + len(list(islice(later, MOST_COUNTED - 1)))
    least = "at least " if count == MOST_COUNTED else ""
    return f"{least}{count} earlier {'time was' if count == 1 else 'times were'} missed"


@action(scope="tasks:write")
def fire_blueprint(
    *,
    actor: Member,
    blueprint_id: RowId,
    trigger: Literal["rule", "webhook"],
    delivery: Delivery = "",
    payload: texts.Metadata = {},  # noqa: B006
) -> BlueprintMade:
    """Make the task of a blueprint of yours as its rule or its webhook does. On no face: it is what
    is held where a policy is about their tasks, and what runs after consent."""
    rows = Blueprint.objects.select_related("author", "home").select_for_update(of=("self",))
    row = rows.filter(pk=blueprint_id, author=actor).first()
    if row is None:
        raise NotFound(
            f"You have no blueprint {blueprint_id}.", next="list_blueprints shows yours."
        )
    known = BlueprintRun.objects.filter(blueprint=row, delivery=delivery) if delivery else None
    if known is not None and (earlier := known.first()) is not None:
        return answered(earlier, repeated=True)
    check_active(row)
    now = looked_at.get() or timezone.now()
    if trigger == "rule":
        return answered(turned(actor, row, turn_of_rule(row, now)))
    turn = Turn(Trigger.WEBHOOK, now, now, delivery=delivery, payload=texts.metadata(payload))
    return answered(turned(actor, row, turn))


def check_active(row: Blueprint) -> None:
    if row.state != State.ACTIVE:
        raise Conflict(
            f"Blueprint {row.pk} is {row.state}{': ' if row.reason else ''}{row.reason}.",
            next=f"update_blueprint(blueprint_id={row.pk}, state='active') lets it go on."
            if row.state == State.PAUSED
            else "Make a new one: create_blueprint.",
            blueprint_state=row.state,
        )


def turned(actor: Member, row: Blueprint, turn: Turn) -> BlueprintRun:
    """Take an occasion, and count it."""
    run = _turn(actor, row, turn)
    row.save(update_fields=["made", "failures"])
    return run


def answered(run: BlueprintRun, *, repeated: bool = False) -> BlueprintMade:
    return BlueprintMade(
        outcome=run.outcome,
        reason=run.reason,
        task=f"T-{run.task_id}" if run.task_id else None,
        repeated=repeated,
    )


# One task


def _turn(actor: Member, row: Blueprint, turn: Turn) -> BlueprintRun:
    """Make the task, or say that one is open. Raises AppError where the actor may not make it;
    then nothing is written. The caller saves the row."""
    if (left_out := skipped_for_open(row, turn)) is not None:
        return left_out
    made = create_task.call(actor, payload_of(row, turn.now, turn.payload))
    row.made, row.failures = row.made + 1, 0
    run = keep(row, turn, Outcome.MADE, turn.note, int(made.task.id[2:]))
    noted(
        actor, row, time_events.BLUEPRINT_RAN, name=made.task.id, trigger=turn.trigger,
        planned_at=turn.planned_at.isoformat(),
    )  # fmt: skip
    return run


def skipped_for_open(row: Blueprint, turn: Turn) -> BlueprintRun | None:
    """That nothing is made while one is open, where it is so."""
    open_one = _open_task(row) if row.skip_if_open else None
    if open_one is None:
        return None
    return skip(row, turn, "the one that was made before is still open", open_one)


def _open_task(row: Blueprint) -> int | None:
    newest = BlueprintRun.objects.filter(blueprint=row, outcome=Outcome.MADE).order_by("-pk")
    ids = list(newest.values_list("task_id", flat=True)[:LOOKED_BACK])
    still = Task.objects.filter(pk__in=ids, status__in=sorted(OPEN))
    return still.values_list("pk", flat=True).first()


def skip(row: Blueprint, turn: Turn, reason: str, task_id: int | None = None) -> BlueprintRun:
    """One row for as long as the same task is open, or the same request waits: a rule of each
    minute fills no table."""
    last = BlueprintRun.objects.filter(blueprint=row).order_by("-pk").first()
    now = (Outcome.SKIPPED, task_id, reason[:300])
    same = last is not None and (last.outcome, last.task_id, last.reason) == now
    if last is not None and same and turn.trigger == last.trigger == Trigger.RULE:
        last.planned_at, last.ran_at = turn.planned_at, turn.now
        last.save(update_fields=["planned_at", "ran_at"])
        return last
    noted(system_member(), row, time_events.BLUEPRINT_MISSED, reason=reason)
    return keep(row, turn, Outcome.SKIPPED, reason, task_id)


def keep(
    row: Blueprint, turn: Turn, outcome: str, reason: str, task_id: int | None = None
) -> BlueprintRun:
    return BlueprintRun.objects.create(
        blueprint=row,
        trigger=turn.trigger,
        planned_at=turn.planned_at,
        ran_at=turn.now,
        outcome=outcome,
        reason=reason[:300],
        delivery=turn.delivery,
        task_id=task_id,
    )


def payload_of(
    row: Blueprint, now: datetime, delivered: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The task as `create_task` takes it."""
    template = dict(row.template)
    for role in ("assignee", "reviewer"):
        template[role] = _present(template.get(role, ""))
    if row.home is not None and row.home.name:
        template["home"] = f"#{row.home.name}"  # its present name
    elif row.home is None:
        template["home"] = COMPANY
    if delivered:
        template["metadata"] = {**template.get("metadata", {}), "webhook": delivered}
    if row.due_minutes:
        template["due_at"] = now + timedelta(minutes=row.due_minutes)
    return {**template, "title": row.title}


def _present(handle: str) -> str:
    """Who does it now: the successor of who has retired; nobody, without one."""
    named = handle.strip().removeprefix("@").lower()
    member = Member.objects.filter(handles__handle=named).first() if named else None
    if member is None or member.status != Member.Status.RETIRED:
        return handle
    heir = chart.successor_of(member)
    return heir.handle if heir else ""
