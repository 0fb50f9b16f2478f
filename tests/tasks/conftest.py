"""Shorthands for tasks."""

from __future__ import annotations

from typing import Any

from messaging.models import Delivery
from orgchart.models import Member
from tasks.models import Task
from tasks.services import claim_task, create_task


def make(actor: Member, title: str = "Rotate the signing keys", **fields: Any) -> str:
    """The name of a new task."""
    return create_task(actor=actor, title=title, **fields).task.id


def held(creator: Member, holder: Member, title: str = "Rotate the keys", **fields: Any) -> str:
    """The name of a new task that somebody holds."""
    name = make(creator, title, **fields)
    claim_task(actor=holder, task=name)
    return name


def row(name: str) -> Task:
    return Task.objects.get(pk=int(name[2:]))


def told(member: Member) -> list[str]:
    """What waits in a member's inbox, the oldest first."""
    rows = Delivery.objects.filter(recipient=member, acknowledged_at=None, withdrawn_at=None)
    return list(rows.order_by("pk").values_list("message__body", flat=True))
