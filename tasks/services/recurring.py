"""Making the tasks of blueprints: when the rule says so, at a call, or at a webhook's delivery."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated, Any, NamedTuple

from annotated_types import MaxLen
from django.conf import settings
from django.utils import timezone

from messaging.cron import newest_run, next_run, runs_after
from messaging.selectors.messages import RowId
from messaging.services.notes import tell
from messaging.walls import COMPANY
from orgchart import chart
from orgchart.models import Member
from orgchart.selectors import system_member
from orgchart.tokens import digest_of
from tasks import texts, time_events
from tasks.blueprints import noted
from tasks.models import Blueprint, BlueprintRun, Task
from tasks.selectors.blueprints import State, access_blueprint
from tasks.services.creating import create_task
from tasks.time_schemas import BlueprintMade
from tasks.transitions import OPEN
from teammcp.core.actions import action
from teammcp.core.due import DueRows
from teammcp.core.errors import AppError, Conflict, Held, NotFound, Unavailable
from teammcp.core.texts import UNKEPT

HOOK = "hook_"  # what the secrets of webhooks begin with
MOST_FAILURES = 5  # in a row; then a blueprint pauses itself
MOST_COUNTED = 100  # times that an outage left out, as far as they are told
LOOKED_BACK = 50  # runs among which an open task is looked for
Outcome, Trigger = BlueprintRun.Outcome, BlueprintRun.Trigger
Secret = Annotated[str, MaxLen(200), UNKEPT]
Delivery = Annotated[str, MaxLen(500)]


class Turn(NamedTuple):
    """One occasion to make a task."""

    trigger: str
    planned_at: datetime
    now: datetime
    note: str = ""
    delivery: str = ""
    payload: dict[str, Any] | None = None


def hook_address(secret: str) -> str:
    return f"{settings.PUBLIC_URL}/api/hooks/{secret}/"


# By the rule


def make_due(now: datetime) -> int:
    """Make the tasks whose time has come; how many blueprints were looked at. For any number of
    callers: each time makes one task at most."""
    return DueRows(Blueprint.objects.all, "run_at", "schedule", _run).run_due(now)


def _run(pk: int, now: datetime) -> None:
    row = Blueprint.objects.select_related("author", "home").get(pk=pk)
    if row.state != State.ACTIVE or row.planned_at is None:
        return
    planned = newest_run(row.cron, row.zone, row.planned_at, now)
    turn = Turn(Trigger.RULE, planned, now, _left_out(row, planned))
    try:
        _check_author_at_work(row)
        _turn(row.author, row, turn)
    except Held as held:  # it is made as soon as somebody agreed, without this rule
        _keep(row, turn, Outcome.SKIPPED, held.message.rstrip("."))
        noted(system_member(), row, time_events.BLUEPRINT_MISSED, reason=held.message)
    except AppError as error:
        if isinstance(error, Unavailable):
            raise
        _failed(row, turn, error.message.rstrip("."))
    if row.state == State.ACTIVE:
        row.planned_at = row.run_at = next_run(row.cron, row.zone, now)
    row.updated_at = now
    row.save()


def _left_out(row: Blueprint, planned: datetime) -> str:
    """How many earlier times an outage left out, in words."""
    assert row.planned_at is not None
    if planned == row.planned_at:
        return ""
    later = takewhile(lambda run: run < planned, runs_after(row.cron, row.zone, row.planned_at))
    count = 1 + len(list(islice(later, MOST_COUNTED - 1)))
    least = "at least " if count == MOST_COUNTED else ""
    return f"{least}{count} earlier {'time was' if count == 1 else 'times were'} missed"


def _check_author_at_work(row: Blueprint) -> None:
    if row.author.status != Member.Status.ACTIVE:
        raise Conflict(
            f"@{row.author.handle} is {row.author.status}.",
            next="Its tasks are made again once its author is at work.",
        )


def _failed(row: Blueprint, turn: Turn, reason: str) -> None:
    """A time at which the author may not make it: told once, and paused if it goes on so."""
    row.failures += 1
    _keep(row, turn, Outcome.FAILED, reason)
    noted(system_member(), row, time_events.BLUEPRINT_MISSED, reason=reason)
    what = f"Your blueprint {row.pk} “{row.title[:80]}”"
    if row.failures >= MOST_FAILURES:
        row.state, row.run_at = State.PAUSED, None
        row.reason = f"paused itself after {row.failures} failures: {reason}"[:300]
        noted(system_member(), row, time_events.BLUEPRINT_PAUSED, reason=reason)
        _tell(row, f"{what} paused itself: {reason}. Change it, then resume it.")
    elif row.failures == 1:
        limit = f"after {MOST_FAILURES} failures in a row it pauses itself"
        _tell(row, f"{what} could not make its task: {reason}. It goes on; {limit}.")


def _tell(row: Blueprint, words: str) -> None:
    if row.author.status != Member.Status.RETIRED:
        tell(row.author, words)


# By a call, and by a webhook


@action(scope="tasks:write")
def run_blueprint(*, actor: Member, blueprint_id: RowId) -> BlueprintMade:
    """Make the task of a blueprint now, as you and with your rights. Nothing is made while one is
    open, where it says so; a paused one makes none."""
    row = access_blueprint(actor=actor, blueprint_id=blueprint_id, lock=True)
    _check_active(row)
    now = timezone.now()
    return _made(_once(actor, row, Turn(Trigger.CALL, now, now)))


@action(scope="tasks:write")
def take_hook(
    *,
    actor: Member,
    token: Secret,
    delivery: Delivery = "",
    payload: texts.Metadata = {},  # noqa: B006
) -> BlueprintMade:
    """Take a delivery to the webhook of a blueprint of yours: its task is made, once for each
    `delivery` id. `payload` is kept in the task's metadata."""
    rows = Blueprint.objects.select_related("author", "home")
    row = rows.filter(hook_digest=digest_of(token), author=actor).first()
    if row is None:
        raise no_hook()
    key = digest_of(delivery) if delivery.strip() else ""
    earlier = BlueprintRun.objects.filter(blueprint=row, delivery=key).first() if key else None
    if earlier is not None:
        return _made(earlier, repeated=True)
    _check_active(row)
    now = timezone.now()
    turn = Turn(Trigger.WEBHOOK, now, now, delivery=key, payload=texts.metadata(payload))
    return _made(_once(actor, row, turn))


def no_hook() -> NotFound:
    """The one answer for an address that was never given out, and one that has ended."""
    return NotFound(
        "There is no webhook at this address.",
        next="Ask who gave you the address for the present one.",
    )


def _check_active(row: Blueprint) -> None:
    if row.state != State.ACTIVE:
        raise Conflict(
            f"Blueprint {row.pk} is {row.state}{': ' if row.reason else ''}{row.reason}.",
            next=f"update_blueprint(blueprint_id={row.pk}, state='active') lets it go on."
            if row.state == State.PAUSED
            else "Make a new one: create_blueprint.",
            blueprint_state=row.state,
        )


def _once(actor: Member, row: Blueprint, turn: Turn) -> BlueprintRun:
    run = _turn(actor, row, turn)
    row.save(update_fields=["made", "failures"])
    return run


def _made(run: BlueprintRun, *, repeated: bool = False) -> BlueprintMade:
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
    open_one = _open_task(row) if row.skip_if_open else None
    if open_one is not None:
        return _skip(row, turn, open_one)
    made = create_task.call(actor, payload_of(row, turn.now, turn.payload))
    row.made, row.failures = row.made + 1, 0
    run = _keep(row, turn, Outcome.MADE, turn.note, int(made.task.id[2:]))
    noted(
        actor, row, time_events.BLUEPRINT_RAN, name=made.task.id, trigger=turn.trigger,
        planned_at=turn.planned_at.isoformat(),
    )  # fmt: skip
    return run


def _open_task(row: Blueprint) -> int | None:
    newest = BlueprintRun.objects.filter(blueprint=row, outcome=Outcome.MADE).order_by("-pk")
    ids = list(newest.values_list("task_id", flat=True)[:LOOKED_BACK])
    still = Task.objects.filter(pk__in=ids, status__in=sorted(OPEN))
    return still.values_list("pk", flat=True).first()


def _skip(row: Blueprint, turn: Turn, task_id: int) -> BlueprintRun:
    """One row for as long as the same task is open: a rule of each minute fills no table."""
    reason = "the one that was made before is still open"
    last = BlueprintRun.objects.filter(blueprint=row).order_by("-pk").first()
    same = last is not None and (last.outcome, last.task_id) == (Outcome.SKIPPED, task_id)
    if last is not None and same and turn.trigger == last.trigger == Trigger.RULE:
        last.planned_at, last.ran_at = turn.planned_at, turn.now
        last.save(update_fields=["planned_at", "ran_at"])
        return last
    noted(system_member(), row, time_events.BLUEPRINT_MISSED, reason=reason)
    return _keep(row, turn, Outcome.SKIPPED, reason, task_id)


def _keep(
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
