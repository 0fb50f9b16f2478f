"""Making the tasks of blueprints: when the rule says so, at a call, or at a webhook's delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from annotated_types import MaxLen
from django.conf import settings
from django.utils import timezone

from messaging.cron import next_run
from messaging.selectors.messages import RowId
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import system_member
from orgchart.tokens import digest_of
from tasks import texts, time_events
from tasks.blueprints import noted
from tasks.models import Blueprint
from tasks.selectors.blueprints import State, access_blueprint
from tasks.services.firing import (
    Delivery,
    Outcome,
    Trigger,
    Turn,
    answered,
    check_active,
    fire_blueprint,
    keep,
    looked_at,
    skip,
    skipped_for_open,
    turn_of_rule,
    turned,
)
from tasks.time_schemas import BlueprintMade
from teammcp.core.actions import action
from teammcp.core.due import DueRows
from teammcp.core.errors import AppError, Conflict, Held, NotFound, Unavailable
from teammcp.core.texts import UNKEPT
from teammcp.core.touched import Arguments

HOOK = "hook_"  # what the secrets of webhooks begin with
MOST_FAILURES = 5  # in a row; then a blueprint pauses itself
Secret = Annotated[str, MaxLen(200), UNKEPT]


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
    turn, token = turn_of_rule(row, now), looked_at.set(now)
    try:
        _check_author_at_work(row)
        if skipped_for_open(row, turn) is None:  # else nobody would be asked for anything
            fire_blueprint.call(row.author, {"blueprint_id": pk, "trigger": "rule"})
            row.refresh_from_db(fields=["made", "failures"])
    except Held as held:  # its task is made as soon as somebody agreed
        skip(row, turn, held.message.rstrip("."))
    except AppError as error:
        if isinstance(error, Unavailable):
            raise
        _failed(row, turn, error.message.rstrip("."))
    finally:
        looked_at.reset(token)
    if row.state == State.ACTIVE:
        row.planned_at = row.run_at = next_run(row.cron, row.zone, now)
    row.updated_at = now
    row.save()


def _check_author_at_work(row: Blueprint) -> None:
    if row.author.status != Member.Status.ACTIVE:
        raise Conflict(
            f"@{row.author.handle} is {row.author.status}.",
            next="Its tasks are made again once its author is at work.",
        )


def _failed(row: Blueprint, turn: Turn, reason: str) -> None:
    """A time at which the author may not make it: told once, and paused if it goes on so."""
    row.failures += 1
    keep(row, turn, Outcome.FAILED, reason)
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
    check_active(row)
    now = timezone.now()
    return answered(turned(actor, row, Turn(Trigger.CALL, now, now)))


def _without_its_secret(actor: Member, values: Arguments) -> tuple[str, Arguments]:
    """A delivery as it is kept until people agree: of which blueprint, not by which address."""
    row = _hooked(actor, values["token"])
    rest = {"delivery": _key_of(values["delivery"]), "payload": values["payload"]}
    return "fire_blueprint", {"blueprint_id": row.pk, "trigger": "webhook", **rest}


@action(scope="tasks:write", kept_as=_without_its_secret)
def take_hook(
    *,
    actor: Member,
    token: Secret,
    delivery: Delivery = "",
    payload: texts.Metadata = {},  # noqa: B006
) -> BlueprintMade:
    """Take a delivery to the webhook of a blueprint of yours: its task is made, once for each
    `delivery` id. `payload` is kept in the task's metadata."""
    _, arguments = _without_its_secret(
        actor, {"token": token, "delivery": delivery, "payload": payload}
    )
    return fire_blueprint.call(actor, arguments)


def _hooked(actor: Member, token: str) -> Blueprint:
    """The actor's blueprint with this address. Raises NotFound."""
    row = Blueprint.objects.filter(hook_digest=digest_of(token), author=actor).first()
    if row is None:
        raise no_hook()
    return row


def _key_of(delivery: str) -> str:
    return digest_of(delivery) if delivery.strip() else ""


def no_hook() -> NotFound:
    """The one answer for an address that was never given out, and one that has ended."""
    return NotFound(
        "There is no webhook at this address.",
        next="Ask who gave you the address for the present one.",
    )
