"""Messages that are sent later, what became of each run, and messages that expire."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.channels import Channel
from messaging.models.messages import Message


class Schedule(models.Model):
    """A message that is sent once, or again and again, in its author's name.

    `planned_at` is the time that the rule gives; `due_at` is when somebody shall look, which is the
    same but after an unexpected error. Who runs it sets `due_at` to nothing in the transaction that
    sends: the claim.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    class Late(models.TextChoices):
        SKIP = "skip"
        ONCE = "once"

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # As the author named it. A channel is found by its row, so that a renamed one stays the target.
    to = models.CharField(max_length=400)
    channel = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    body = models.TextField()
    priority = models.CharField(max_length=5, choices=Message.Priority.choices)
    expects_reply = models.BooleanField(default=False)
    cron = models.CharField(max_length=200, blank=True)  # empty: once
    zone = models.CharField(max_length=60)
    planned_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    max_runs = models.PositiveIntegerField(null=True, blank=True)
    late = models.CharField(max_length=4, choices=Late.choices, default=Late.ONCE)
    condition = models.CharField(max_length=200, blank=True)
    expires_minutes = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=300, blank=True)  # why it is in this state
    sent = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], name="schedule_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(fields=["author", "-id"], name="schedule_author"),
        ]

    def __str__(self) -> str:
        return f"schedule {self.pk}"


class ScheduleRun(models.Model):
    """What became of a due time. That a second message for one due time cannot exist is the
    database's own rule, beside the claim."""

    class Outcome(models.TextChoices):
        SENT = "sent"
        SKIPPED = "skipped"
        FAILED = "failed"

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="history", db_index=False)
    planned_at = models.DateTimeField()
    ran_at = models.DateTimeField()
    outcome = models.CharField(max_length=7, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True)
    message = models.ForeignKey(
        Message, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "planned_at"],
                name="one_message_per_due_time",
                condition=Q(outcome="sent"),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["schedule", "-id"], name="schedule_history")]

    def __str__(self) -> str:
        return f"run {self.pk} of schedule {self.schedule_id}"


class Expiry(models.Model):
    """When a direct message leaves the inbox of those who have not read it, and who they were."""

    message = models.OneToOneField(Message, models.PROTECT, related_name="expiry", primary_key=True)
    expires_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    dropped = models.JSONField(default=list, blank=True)  # handles at that time

    class Meta:
        verbose_name_plural = "expiries"
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"], name="expiry_due", condition=Q(done_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"expiry of message {self.message_id}"
