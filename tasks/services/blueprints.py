"""Recurring work: making, changing and ending its blueprints. What they make: `recurring`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from django.db import transaction
from django.utils import timezone

from messaging.cron import clean_cron, clean_zone, next_run
from messaging.cron import never_runs as no_such_day
from messaging.selectors.messages import RowId
from messaging.timing import CronText, ZoneText
from messaging.walls import COMPANY
from orgchart import chart
from orgchart.models import Member
from orgchart.tokens import digest_of, hint_of, new_token
from tasks import texts, time_events
from tasks.blueprints import facts_of, noted, said_when
from tasks.calendars import zone_for
from tasks.models import TITLE_LIMIT, Blueprint
from tasks.selectors.blueprints import OPEN, State, access_blueprint, blueprint_detail
from tasks.services.creating import create_task, home_for, home_named
from tasks.services.firing import payload_of
from tasks.services.recurring import HOOK, hook_address
from tasks.time_schemas import BlueprintDetail, HookOut
from teammcp.core import gate
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

MOST = 100  # open blueprints of one member
TEMPLATE = (
    "description", "priority", "assignee", "reviewer", "labels", "points", "skills", "touches",
    "read_only", "metadata",
)  # fmt: skip
DueMinutes = Annotated[int, Ge(0), Le(60 * 24 * 366)]
Name = Annotated[str, MinLen(1), MaxLen(TITLE_LIMIT)]
Home = Annotated[str, MaxLen(400)]


@action(scope="tasks:write")
def create_blueprint(
    *,
    actor: Member,
    title: Name,
    description: texts.Text = "",
    cron: CronText = "",
    zone: ZoneText = "",
    due_minutes: DueMinutes = 0,
    skip_if_open: bool = True,
    home: Home = "",
    priority: texts.Priority = "normal",
    assignee: texts.Handle = "",
    reviewer: texts.Handle = "",
    labels: texts.Labels = [],  # noqa: B006
    points: texts.Points = [],  # noqa: B006
    skills: texts.Skills = [],  # noqa: B006
    touches: texts.Paths = [],  # noqa: B006
    read_only: bool = False,
    metadata: texts.Metadata = {},  # noqa: B006
) -> BlueprintDetail:
    """Let a task be made again and again: by `cron` ("0 9 * * MON-FRI", on the clock of `zone`, or
    yours), by run_blueprint, or by a webhook. It is made as you, with your rights at that time.

    `due_minutes` after it was made it is due. With `skip_if_open` none is made while one is open.
    What an outage delayed is made once. The rest is what create_task takes.
    """
    _check_room(actor)
    now = timezone.now()
    row = Blueprint(
        author=actor,
        title=title,
        home=home_for(actor, home),
        template={
            "home": home, "description": description, "priority": priority, "assignee": assignee,
            "reviewer": reviewer, "labels": labels, "points": points, "skills": skills,
            "touches": touches, "read_only": read_only, "metadata": metadata,
        },
        due_minutes=due_minutes or None,
        skip_if_open=skip_if_open,
        zone=clean_zone(zone or zone_for(actor)),
        created_at=now,
        updated_at=now,
    )  # fmt: skip
    _set_rule(row, cron)
    _rehearse(row)
    row.save(force_insert=True)
    noted(actor, row, time_events.BLUEPRINT_CREATED, when=said_when(row))
    return blueprint_detail(actor, row)


@action(scope="tasks:write")
def update_blueprint(
    *,
    actor: Member,
    blueprint_id: RowId,
    state: Literal["active", "paused"] | None = None,
    title: Name | None = None,
    description: texts.Text | None = None,
    cron: CronText | None = None,
    zone: ZoneText | None = None,
    due_minutes: DueMinutes | None = None,
    skip_if_open: bool | None = None,
    home: Home | None = None,
    priority: texts.Priority | None = None,
    assignee: texts.Handle | None = None,
    reviewer: texts.Handle | None = None,
    labels: texts.Labels | None = None,
    points: texts.Points | None = None,
    skills: texts.Skills | None = None,
    touches: texts.Paths | None = None,
    read_only: bool | None = None,
    metadata: texts.Metadata | None = None,
) -> BlueprintDetail:
    """Pause, resume (state) or change a blueprint; what is left out stays. cron "" takes the rule
    away. What a pause left out is not made up for. Its author's managers and admins may pause and
    resume it, but not change what it makes in their name."""
    row = _open_blueprint(actor, blueprint_id)
    given: dict[str, Any] = {
        "description": description, "priority": priority, "assignee": assignee,
        "reviewer": reviewer, "labels": labels, "points": points, "skills": skills,
        "touches": touches, "read_only": read_only, "metadata": metadata, "home": home,
    }  # fmt: skip
    fields: dict[str, Any] = {
        "title": title, "due_minutes": due_minutes, "skip_if_open": skip_if_open,
    }  # fmt: skip
    template = {name: value for name, value in given.items() if value is not None}
    fields = {name: value for name, value in fields.items() if value is not None}
    before = _told(row)
    if template or fields or cron is not None or zone is not None:
        _check_author(actor, row)
        _change(actor, row, fields, template, cron, zone)
    _move(row, state)
    return _saved(actor, row, before)


def _change(
    actor: Member,
    row: Blueprint,
    fields: dict[str, Any],
    template: dict[str, Any],
    cron: str | None,
    zone: str | None,
) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.due_minutes = row.due_minutes or None
    row.template = {**row.template, **template}
    if "home" in template:
        whole = template["home"].strip().lower() in {COMPANY, ""}
        row.home = None if whole else home_named(actor, template["home"])
    if cron is not None or zone is not None:
        row.zone = clean_zone(zone or row.zone)
        _set_rule(row, row.cron if cron is None else cron)
    _rehearse(row)


@action(scope="tasks:write")
def end_blueprint(*, actor: Member, blueprint_id: RowId) -> BlueprintDetail:
    """End a blueprint for good; the tasks that it made stay. For its author, their managers, and
    admins."""
    row = _open_blueprint(actor, blueprint_id)
    row.state, row.reason, row.run_at = State.ENDED, f"ended by @{actor.handle}", None
    row.hook_digest, row.hook_hint, row.updated_at = None, "", timezone.now()
    row.save()
    noted(actor, row, time_events.BLUEPRINT_ENDED)
    return blueprint_detail(actor, row)


@action(scope="tasks:write")
def make_blueprint_hook(*, actor: Member, blueprint_id: RowId) -> HookOut:
    """Give a blueprint of yours an address that makes its task at each POST; shown this once.

    Whoever knows the address can make tasks in your name. An earlier one ends.
    """
    row = _open_blueprint(actor, blueprint_id)
    _check_author(actor, row)
    secret = new_token(HOOK)
    row.hook_digest, row.hook_hint = digest_of(secret), hint_of(secret)
    row.updated_at = timezone.now()
    row.save(update_fields=["hook_digest", "hook_hint", "updated_at"])
    noted(actor, row, time_events.BLUEPRINT_HOOKED, hint=row.hook_hint)
    return HookOut(blueprint_id=row.pk, url=hook_address(secret), hint=row.hook_hint)


@action(scope="tasks:write")
def remove_blueprint_hook(*, actor: Member, blueprint_id: RowId) -> BlueprintDetail:
    """End the webhook address of a blueprint: for its author, their managers, and admins."""
    row = _open_blueprint(actor, blueprint_id)
    if row.hook_digest is None:
        raise Conflict(
            f"Blueprint {row.pk} has no webhook.",
            next=f"POST /api/blueprints/{row.pk}/hook/ makes one.",
        )
    row.hook_digest, row.hook_hint, row.updated_at = None, "", timezone.now()
    row.save(update_fields=["hook_digest", "hook_hint", "updated_at"])
    noted(actor, row, time_events.BLUEPRINT_UNHOOKED)
    return blueprint_detail(actor, row)


def _check_room(actor: Member) -> None:
    if Blueprint.objects.filter(author=actor, state__in=OPEN).count() >= MOST:
        raise Conflict(
            f"You have {MOST} blueprints already.",
            next="End some that list_blueprints shows: end_blueprint.",
        )


def _open_blueprint(actor: Member, blueprint_id: int) -> Blueprint:
    """One that the actor may steer. Raises NotFound, Forbidden, Conflict for one that has ended."""
    row = access_blueprint(actor=actor, blueprint_id=blueprint_id, lock=True)
    if row.author_id != actor.pk and not actor.has_scope("admin"):
        chart.require_above(actor, row.author, "change the recurring work of")
    if row.state not in OPEN:
        raise Conflict(
            f"Blueprint {row.pk} has ended: {row.reason}.", next="Make a new one: create_blueprint."
        )
    return row


def _check_author(actor: Member, row: Blueprint) -> None:
    if row.author_id != actor.pk:
        raise Forbidden(
            f"What blueprint {row.pk} makes, it makes in the name of @{row.author.handle}: only"
            " they change it.",
            next=f"Pass state alone, or ask @{row.author.handle}.",
        )


def _set_rule(row: Blueprint, cron: str) -> None:
    """Raises InvalidInput for a bad rule, showing the spot."""
    row.cron = clean_cron(cron) if cron.strip() else ""
    row.planned_at = row.run_at = None
    if row.cron:
        row.planned_at = next_run(row.cron, row.zone, timezone.now())
        if row.planned_at is None:
            raise no_such_day(row.cron)
        row.run_at = row.planned_at if row.state == State.ACTIVE else None


def _rehearse(row: Blueprint) -> None:
    """Refuse now what making the task would refuse: it is made, and that is undone."""
    with gate.rehearsal(), transaction.atomic():
        create_task.call(row.author, payload_of(row, timezone.now()))
        transaction.set_rollback(True)


def _move(row: Blueprint, state: str | None) -> None:
    """To the state that is asked for; what goes on begins with what comes from now."""
    if state is None or state == row.state:
        return
    row.state, row.reason, row.failures = State(state), "", 0
    if row.cron:
        _set_rule(row, row.cron)


def _told(row: Blueprint) -> dict[str, Any]:
    return {**facts_of(row), "when": said_when(row)}


def _saved(actor: Member, row: Blueprint, before: dict[str, Any]) -> BlueprintDetail:
    """Write down what is different now, if anything is."""
    after = _told(row)
    changed = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
    if changed:
        row.updated_at = timezone.now()
        row.save()
        what = ", ".join("content" if name == "sha256" else name for name in sorted(changed))
        noted(actor, row, time_events.BLUEPRINT_CHANGED, changed=changed, what=what)
    return blueprint_detail(actor, row)
