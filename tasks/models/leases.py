"""Leases on anything with a name, and the queue for them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from messaging.models import Channel
from tasks.models.tasks import Task


class Lease(models.Model):
    """Somebody's hold on some names, shown as L-7, or their place in the queue for them."""

    class State(models.TextChoices):
        WAITING = "waiting"
        HELD = "held"
        OVER = "over"

    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    names = models.JSONField()  # as tasks/names.py keeps them
    why = models.CharField(max_length=500, blank=True)
    minutes = models.PositiveIntegerField()  # asked for: each sign of life gives so many
    state = models.CharField(max_length=7, choices=State.choices)
    # Who sees the home sees the lease; without one everybody does.
    home = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    # The work that it is taken for, with which it ends.
    task = models.ForeignKey(
        Task, models.PROTECT, related_name="leases", null=True, blank=True, db_index=False
    )
    # Higher than that of every lease that began before; 0 as long as none has begun.
    token = models.PositiveBigIntegerField(default=0)
    asked_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    # A turn that came in the queue is to be taken up, lest one who is gone keeps others waiting.
    taken_up = models.BooleanField(default=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="lease_has_an_end",
                condition=Q(
                    state="waiting",
                    token=0,
                    held_at__isnull=True,
                    ends_at__isnull=True,
                    over_at__isnull=True,
                )
                | Q(
                    state="held",
                    token__gt=0,
                    held_at__isnull=False,
                    ends_at__isnull=False,
                    over_at__isnull=True,
                )
                | Q(state="over", ends_at__isnull=True, over_at__isnull=False),
            ),
            models.UniqueConstraint(name="lease_token", fields=["token"], condition=Q(token__gt=0)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="lease_live", condition=~Q(state="over")),
            models.Index(fields=["ends_at"], name="lease_end", condition=Q(ends_at__isnull=False)),
            models.Index(fields=["holder"], name="lease_holder", condition=~Q(state="over")),
            models.Index(
                fields=["task"],
                name="lease_task",
                condition=~Q(state="over") & Q(task__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As members call it."""
        return f"L-{self.pk}"

    def is_held(self, now: datetime | None = None) -> bool:
        """Whether it holds: one that has run out holds no more, also before it is freed."""
        return self.ends_at is not None and self.ends_at > (now or timezone.now())
