"""Recurring work."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models import Channel
from tasks.models.tasks import TITLE_LIMIT, Task


class Blueprint(models.Model):
    """A template of which ordinary tasks are made: by a rule, by a call, or by a webhook.

    `planned_at` is the time that the rule gives; `run_at` is when somebody shall look, which is the
    same but after an unexpected error. Who makes the task sets `run_at` to nothing in the same
    transaction: the claim.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ENDED = "ended"

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    home = models.ForeignKey(Channel, models.PROTECT, related_name="+", null=True, blank=True)
    title = models.CharField(max_length=TITLE_LIMIT)
    template = models.JSONField(default=dict)  # what create_task takes, beside title and home
    due_minutes = models.PositiveIntegerField(null=True, blank=True)  # after a task was made
    skip_if_open = models.BooleanField(default=True)
    cron = models.CharField(max_length=200, blank=True)  # empty: only by a call or a webhook
    zone = models.CharField(max_length=60)
    planned_at = models.DateTimeField(null=True, blank=True)
    run_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=300, blank=True)  # why it is in this state
    made = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    # Of the address of its webhook only the digest is kept, and its first characters.
    hook_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    hook_hint = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["run_at", "id"], name="blueprint_due", condition=Q(run_at__isnull=False)
            ),
            models.Index(fields=["author", "-id"], name="blueprint_author"),
        ]

    def __str__(self) -> str:
        return f"blueprint {self.pk}"


class BlueprintRun(models.Model):
    """What became of one time, call or delivery. That none makes a second task is the database's
    own rule, beside the claim."""

    class Trigger(models.TextChoices):
        RULE = "rule"
        CALL = "call"
        WEBHOOK = "webhook"

    class Outcome(models.TextChoices):
        MADE = "made"
        SKIPPED = "skipped"
        FAILED = "failed"

    blueprint = models.ForeignKey(Blueprint, models.PROTECT, related_name="runs", db_index=False)
    trigger = models.CharField(max_length=7, choices=Trigger.choices)
    planned_at = models.DateTimeField()
    ran_at = models.DateTimeField()
    outcome = models.CharField(max_length=7, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True)
    delivery = models.CharField(max_length=64, blank=True)  # a digest of the sender's own id
    task = models.ForeignKey(Task, models.PROTECT, related_name="made_by", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["blueprint", "planned_at"],
                name="one_task_a_due_time",
                condition=Q(trigger="rule", outcome="made"),
            ),
            models.UniqueConstraint(
                fields=["blueprint", "delivery"],
                name="one_run_a_delivery",
                condition=~Q(delivery=""),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["blueprint", "-id"], name="blueprint_history")]

    def __str__(self) -> str:
        return f"run {self.pk} of blueprint {self.blueprint_id}"
