"""Goals: what tasks are done for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from messaging.models import Channel
from tasks.models.tasks import TITLE_LIMIT, Task

WHOLE = 10_000  # hundredths of a percent


class Goal(models.Model):
    """What is to be reached, shown as G-3; with a due date, a milestone."""

    class Status(models.TextChoices):
        OPEN = "open"
        ACHIEVED = "achieved"
        DROPPED = "dropped"

    title = models.CharField(max_length=TITLE_LIMIT)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # Nobody, only where the owner has left and the successor may not see it.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    parent = models.ForeignKey(
        "self", models.PROTECT, related_name="subgoals", null=True, blank=True
    )
    weight = models.PositiveSmallIntegerField(default=1)  # within the parent
    # Who sees the home sees the goal; without one everybody does.
    home = models.ForeignKey(
        Channel, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    # Rolled up out of its tasks and subgoals whenever one of them changes.
    progress = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="goal_progress_within_the_whole", condition=Q(progress__lte=WHOLE)
            ),
            models.CheckConstraint(name="goal_weight", condition=Q(weight__gte=1)),
            models.CheckConstraint(
                name="goal_not_under_itself", condition=Q(parent=None) | ~Q(parent=F("id"))
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "id"], name="goal_status"),
            models.Index(
                fields=["owner"], name="goal_owner", condition=Q(status="open", owner__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As members call it."""
        return f"G-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def percent(self) -> float:
        return self.progress / 100


class GoalTask(models.Model):
    """That a task counts for a goal: for one, so that nothing is counted twice."""

    task = models.OneToOneField(Task, models.PROTECT, related_name="goal_link")
    goal = models.ForeignKey(Goal, models.PROTECT, related_name="links")
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="goal_task_weight", condition=Q(weight__gte=1))
        ]

    def __str__(self) -> str:
        return f"T-{self.task_id} counts for G-{self.goal_id}"
