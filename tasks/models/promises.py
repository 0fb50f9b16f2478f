"""What members promised each other, and by when."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models import Message
from tasks.models.tasks import Task

PROMISE_LIMIT = 500


class Promise(models.Model):
    """Something that a member said they would do by a time."""

    class State(models.TextChoices):
        OPEN = "open"
        KEPT = "kept"
        BROKEN = "broken"
        RELEASED = "released"

    # Who owes it: the one who made it, or who took over from them.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    text = models.CharField(max_length=PROMISE_LIMIT)
    task = models.ForeignKey(
        Task, models.PROTECT, related_name="promises", null=True, blank=True, db_index=False
    )
    message = models.ForeignKey(
        Message, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    note = models.CharField(max_length=500, blank=True)  # of who closed it
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    # When its reminders must be looked at next; who does so takes it away first.
    remind_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="promise_closed_by_somebody",
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False, closed_by__isnull=False)),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["member", "-id"], name="promise_member"),
            models.Index(fields=["to", "-id"], name="promise_to", condition=Q(to__isnull=False)),
            models.Index(
                fields=["remind_at", "id"],
                name="promise_remind",
                condition=Q(remind_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"promise {self.pk}"
