"""Leases: taking, extending and ending them, and refusing who comes too late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from annotated_types import Ge, Le

from orgchart.models import Member
from tasks.models import Task
from tasks.times import said
from teammcp.core.errors import Conflict

LONGEST = 7 * 24 * 60  # minutes: no lock without an end
AGENT_MINUTES = 30
PERSON_MINUTES = 3 * 24 * 60  # people show no sign of life every half hour

Minutes = Annotated[int, Ge(1), Le(LONGEST)]
"""How long a lease lasts, in minutes."""
Token = Annotated[int, Ge(0), Le(2**62)]
"""The token that claim_task gave."""


def usual_minutes(member: Member) -> int:
    return PERSON_MINUTES if member.kind == Member.Kind.HUMAN else AGENT_MINUTES


def taken(member: Member, task: Task, minutes: int | None, now: datetime) -> dict[str, Any]:
    """The fields of a task that this member takes now."""
    return {
        "holder": member,
        "assignee": member,
        "token": task.token + 1,
        "claimed_at": now,
        **extended(member, minutes, now),
    }


def extended(member: Member, minutes: int | None, now: datetime) -> dict[str, Any]:
    """The fields of a lease that begins anew now."""
    span = timedelta(minutes=minutes or usual_minutes(member))
    return {"expires_at": now + span, "heartbeat_at": now}


def kept_up(member: Member, task: Task, minutes: int | None, now: datetime) -> dict[str, Any]:
    """The same for a sign of life: it never shortens a lease unless it says how long."""
    fresh = extended(member, minutes, now)
    if minutes is None and task.expires_at is not None:
        fresh["expires_at"] = max(fresh["expires_at"], task.expires_at)
    return fresh


def check_fence(actor: Member, task: Task, token: int | None, *, working: bool = False) -> None:
    """Refuse the write of a late holder. Raises Conflict, naming who holds the task now.

    `working` says that only a holder does this, so that whoever is none comes too late.
    """
    held, own = task.is_held(), task.holder_id == actor.pk
    if held and own and token in {None, task.token}:
        return
    if token is not None or (own and not held) or (working and held):
        raise stale(task)


def stale(task: Task) -> Conflict:
    """Whose lease ended, and who has the task since."""
    state: dict[str, Any] = {"stale": True, "token": task.token, "status": task.status}
    if task.holder is None or not task.is_held():
        return Conflict(
            f"You hold {task.name} no more: your lease has ended, and nobody has it now. Nothing"
            " was written.",
            next=f"Claim it again: claim_task(task='{task.name}'), and look at it first."
            if task.status in {"todo", "in_progress"}
            else f"show_task(task='{task.name}') shows what became of it.",
            **state,
        )
    return Conflict(
        f"You do not hold {task.name} (any more): {held_by(task)}. Nothing was written.",
        next=f"Talk to @{task.holder.handle} in #t-{task.pk}, or take another one: claim_task"
        " without a task.",
        **state,
        **holding(task),
    )


def held_by(task: Task) -> str:
    """ "@lin holds it since 14:02 UTC, until 14:32 UTC at the latest"."""
    assert task.holder is not None
    assert task.claimed_at is not None
    assert task.expires_at is not None
    return (
        f"@{task.holder.handle} holds it since {said(task.claimed_at)}, until"
        f" {said(task.expires_at)} unless they extend it"
    )


def holding(task: Task) -> dict[str, Any]:
    """The same as data."""
    assert task.holder is not None
    assert task.claimed_at is not None
    assert task.expires_at is not None
    return {
        "holder": f"@{task.holder.handle}",
        "since": task.claimed_at.isoformat(timespec="seconds"),
        "until": task.expires_at.isoformat(timespec="seconds"),
    }
