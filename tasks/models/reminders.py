"""Which reminders went out."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from tasks.models.promises import Promise
from tasks.models.tasks import Task


class Reminder(models.Model):
    """One step of a reminder that climbs. That a step is taken once is the database's own rule,
    beside the claim of the row that it is about."""

    class Kind(models.TextChoices):
        DUE_SOON = "due_soon"
        OVERDUE = "overdue"
        FOLLOW_UP = "follow_up"
        SILENCE = "silence"
        REVIEW = "review"
        BLOCK = "block"

    task = models.ForeignKey(
        Task, models.PROTECT, related_name="reminders", null=True, blank=True, db_index=False
    )
    promise = models.ForeignKey(
        Promise, models.PROTECT, related_name="reminders", null=True, blank=True, db_index=False
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    # What it is about: a time, and who had to act. Another time or member is another occasion.
    occasion = models.CharField(max_length=80)
    step = models.PositiveSmallIntegerField()  # 0: who has to act; then up the reporting line
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="reminder_about_one_thing",
                condition=Q(task__isnull=False, promise__isnull=True)
                | Q(task__isnull=True, promise__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["task", "kind", "occasion", "step"],
                name="one_reminder_a_step",
                condition=Q(task__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["promise", "kind", "occasion", "step"],
                name="one_reminder_a_step_of_a_promise",
                condition=Q(promise__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"reminder {self.pk}"
