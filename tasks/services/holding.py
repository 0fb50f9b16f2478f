"""Leases on names that somebody holds: extended, released, broken; and how they end with others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any

from annotated_types import MaxLen, MinLen
from django.utils import timezone

from orgchart.chart import require_above
from orgchart.models import Member
from tasks import events
from tasks.access import LeaseRef, access_lease
from tasks.book import Book
from tasks.lease_schemas import NamedLease
from tasks.models import Lease, Task
from tasks.names import overlapping
from tasks.selectors.leases import LONGEST_HOURS, lease_out, seen
from tasks.services.lease_rows import called, finish, keep, on, tell_holder
from tasks.services.leases import Token
from tasks.services.recording import follows_tasks
from tasks.services.taking import LeaseMinutes
from tasks.times import said
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import clean_line

State = Lease.State


@action(scope="tasks:write")
def extend_lease(
    *,
    actor: Member,
    lease: LeaseRef,
    minutes: LeaseMinutes | None = None,
    token: Token | None = None,
) -> NamedLease:
    """Show that you still need a lease, or take up your turn: it lasts anew, as long as it did at
    first or `minutes`.

    It never lasts longer than a day in all; then release it and take it again.
    """
    found = access_lease(actor=actor, lease=lease)
    _check_fence(actor, found, token)
    if found.state == State.WAITING:
        raise Conflict(
            f"It is not your turn yet: {found.name} is number"
            f" {Book.read().position(found)} in the queue for {on(found)}.",
            next="You are told when it is; check_inbox with wait_seconds waits for that.",
        )
    now = timezone.now()
    assert found.held_at is not None
    assert found.ends_at is not None
    wanted = now + timedelta(minutes=minutes or found.minutes)
    if minutes is None:  # a sign of life never shortens it
        wanted = max(wanted, found.ends_at)
    until = min(wanted, found.held_at + timedelta(hours=LONGEST_HOURS))
    changes = {"ends_at": until, "heartbeat_at": now, "taken_up": True}
    keep(actor, found, events.LEASE_EXTENDED, changes)
    return lease_out(actor, found)


@action(scope="tasks:write")
def release_lease(*, actor: Member, lease: LeaseRef, token: Token | None = None) -> NamedLease:
    """Give a lease back, or leave the queue. Who waits for it gets it at once."""
    found = access_lease(actor=actor, lease=lease)
    _check_fence(actor, found, token)
    waited = found.state == State.WAITING
    finish(actor, found, events.LEASE_UNQUEUED if waited else events.LEASE_RELEASED)
    return lease_out(actor, found)


@action(scope="tasks:write")
def break_lease(
    *, actor: Member, lease: LeaseRef, reason: Annotated[str, MinLen(1), MaxLen(300)]
) -> NamedLease:
    """End the lease of somebody who stands below you, or their place in the queue: for managers
    and admins. They are told, with the reason."""
    found = access_lease(actor=actor, lease=lease)
    text = clean_line("reason", reason, required=True)
    if found.holder_id == actor.pk:
        raise Conflict(
            f"{found.name} is your own.", next=f"release_lease(lease='{found.name}') ends it."
        )
    require_above(actor, found.holder, "break a lease of")
    if found.state == State.OVER:
        raise _over(actor, found)
    waited = found.state == State.WAITING
    finish(actor, found, events.LEASE_BROKEN, reason=text)
    what = "took you out of the queue:" if waited else "broke your lease"
    stop = "" if waited else " Stop working on it: it is somebody else's now."
    tell_holder(found, f"@{actor.handle} {what} {called(found)}. Reason: {text}.{stop}")
    return lease_out(actor, found)


def _check_fence(actor: Member, lease: Lease, token: int | None) -> None:
    """Raises Forbidden for somebody else's lease, Conflict for one that is over, or that is not
    the one with this token."""
    if lease.holder_id != actor.pk:
        raise Forbidden(
            f"{lease.name} is a lease of @{lease.holder.handle}.",
            next=f"Ask @{lease.holder.handle}; their managers and admins can break_lease it.",
        )
    over = lease.state == State.OVER or (lease.state == State.HELD and not lease.is_held())
    if over or (token is not None and token != lease.token):
        raise _over(actor, lease)


def _over(actor: Member, lease: Lease) -> Conflict:
    """Who has the names since."""
    holding = Book.read().holding(lease.names)
    known = {one.pk for one in seen(actor, holding)}
    facts = [_now(one, lease, known=one.pk in known) for one in holding]
    sentences = [
        f"{', '.join(fact['names'])} is held by {fact.get('holder', 'somebody else')} now, until"
        f" {said(one.ends_at)}"
        for fact, one in zip(facts, holding, strict=True)
        if one.ends_at is not None
    ]
    free = "nobody has it now"
    return Conflict(
        f"{called(lease)} is not yours any more: {'; '.join(sentences) or free}. Nothing was"
        " changed.",
        next=f"take_lease(names={lease.names}{', wait=true' if holding else ''}) asks for it"
        " again; look first what changed meanwhile.",
        stale=True,
        token=lease.token,
        held=facts,
    )


def _now(one: Lease, lease: Lease, *, known: bool) -> dict[str, Any]:
    fact: dict[str, Any] = {"names": overlapping(lease.names, one.names)}
    if known:
        fact |= {"holder": f"@{one.holder.handle}", "lease": one.name}
    return fact


# With the task that it was taken for


@follows_tasks
def leases_follow(actor: Member, task: Task, fields: Collection[str]) -> None:
    """A lease ends with its task: when that is closed, or its holder has it no more. And it is
    seen by whoever sees the task."""
    if not {"status", "assignee", "home"} & set(fields):
        return
    rows = Lease.objects.exclude(state=State.OVER).filter(task=task)
    for lease in rows.select_related("holder", "home").order_by("-state", "pk"):  # waiting first
        if not task.is_open or task.assignee_id != lease.holder_id:
            finish(actor, lease, events.LEASE_ENDED, task=task.name)
            if lease.holder_id != actor.pk:
                tell_holder(
                    lease, f"{called(lease)} ended with {task.name}, which is yours no more."
                )
        elif lease.home_id != task.home_id:
            keep(actor, lease, events.LEASE_MOVED, {"home": task.home}, task=task.name)
