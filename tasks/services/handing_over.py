"""What a member holds and owes, to be handed over when they leave."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from django.db.models import Count, F, QuerySet

from messaging.access import at_home
from orgchart.holdings import HandOver, Holding, HoldingKind, holding_kind
from orgchart.models import Member
from tasks import events
from tasks.access import sees, whole
from tasks.models import Task
from tasks.services.recording import store, unblocked, unheld
from tasks.services.telling import called, tell_about
from tasks.times import said
from tasks.transitions import CLOSED, Status

# What makes a task a matter of somebody's.
FIELDS = {"task": "assignee", "review": "reviewer", "block": "blocked_on"}


def hand_over(
    *,
    actor: Member,
    member: Member,
    to: Member | None,
    roles: Collection[str] = FIELDS,
    hidden: bool = False,
) -> int:
    """Give the open tasks that a member has in these roles to another member, or without one to
    whoever claims them; how many. With `hidden` only those that the member does not see. What `to`
    may not see or do goes back to the pool. For actions only.
    """
    tasks = {task.pk: task for role in roles for task in whole(_in_role(role, [member.pk]))}
    given = [task for task in tasks.values() if not (hidden and sees(member, task))]
    for task in given:
        _hand_over(actor, task, member, to)
    return len(given)


def _hand_over(actor: Member, task: Task, member: Member, to: Member | None) -> None:
    able = to if to is not None and to.status == Member.Status.ACTIVE and sees(to, task) else None
    changes = dict(_changes(task, member, able))
    named = f"@{able.handle}" if able else "whoever claims it"
    store(actor, task, events.HANDED_OVER, changes, former=member.handle, to=named)
    said = f"@{actor.handle} handed {called(task)} from @{member.handle} over to {named}."
    tell_about(task, [able, task.creator], said, without=actor)


def _changes(task: Task, member: Member, to: Member | None) -> Iterator[tuple[str, Any]]:
    if task.assignee_id == member.pk:
        fits = to if to and to.pk not in {task.reviewer_id, task.blocked_on_id} else None
        yield "assignee", fits
        if task.status == Status.IN_PROGRESS:
            yield from unheld().items()
            yield "status", Status.TODO.value
    if task.reviewer_id == member.pk:
        judge = to if to and to.pk not in {task.assignee_id, task.submitted_by_id} else None
        yield "reviewer", judge or (None if task.status != Status.IN_REVIEW else _other(task))
    if task.blocked_on_id == member.pk:
        if to is not None and to.pk != task.assignee_id:
            yield "blocked_on", to
        else:  # nobody is left who could clear it but who waits
            yield from unblocked().items()
            yield "status", Status.TODO.value


def _other(task: Task) -> Member | None:
    """Who else can judge what is in review; managers and admins may in any case."""
    return task.creator if task.creator_id != task.submitted_by_id else None


# What a member has to do with open tasks, as the org chart counts it


def _in_role(role: str, member_ids: Collection[int]) -> QuerySet[Task]:
    rows = Task.objects.exclude(status__in=sorted(CLOSED))
    rows = rows.filter(**{f"{FIELDS[role]}__in": member_ids})
    return rows.order_by(F("expires_at").asc(nulls_last=True), "priority", "pk")


def _count(role: str, member_ids: Collection[int]) -> Mapping[int, int]:
    rows = _in_role(role, member_ids).order_by().values_list(FIELDS[role])
    return dict(rows.annotate(number=Count("pk")))


def _items(role: str, member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = _in_role(role, [member.pk]).filter(at_home(viewer)).select_related("blocked_on")
    return [
        Holding(role, task.name, _line(role, task), f"/tasks/{task.pk}/", task.due_at)
        for task in rows[:limit]
    ]


def _line(role: str, task: Task) -> str:
    """The title, how it stands, and what is to be done."""
    if role == "block":
        return f"{task.title}: {task.blocked_action}"
    state = task.status.replace("_", " ")
    if task.expires_at is not None:
        state += f", yours until {said(task.expires_at)}"
    if task.blocked_on is not None:
        state += f": waits for @{task.blocked_on.handle}, {task.blocked_action}"
    return f"{task.title} ({state})"


def _pass_on(role: str, over: HandOver) -> None:
    hand_over(actor=over.actor, member=over.member, to=over.successor, roles=[role])


def _kind(role: str, one: str, many: str, relation: Literal["holds", "owes"]) -> HoldingKind:
    return HoldingKind(
        role,
        load=relation == "holds",
        one=one,
        many=many,
        relation=relation,
        items=partial(_items, role),
        count=partial(_count, role),
        pass_on=partial(_pass_on, role),
    )


holding_kind(_kind("task", "task", "tasks", "holds"))
holding_kind(_kind("review", "task to review", "tasks to review", "owes"))
holding_kind(_kind("block", "task to unblock", "tasks to unblock", "owes"))
