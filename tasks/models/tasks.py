"""Tasks: what is to be done, who does it, and what it waits for."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from messaging.models import Channel, Message
from tasks.transitions import CLOSED, OPEN, Status

TITLE_LIMIT = 200
_OPEN = sorted(status.value for status in OPEN)
_CLOSED = sorted(status.value for status in CLOSED)
HELD = Q(holder__isnull=False, claimed_at__isnull=False, expires_at__isnull=False)
UNHELD = Q(holder__isnull=True, claimed_at__isnull=True, expires_at__isnull=True)


class Task(models.Model):
    """Something to be done, shown as T-12. The lease stands in the same row, so that taking it,
    and every write under it, is one statement's business."""

    class Priority(models.IntegerChoices):
        URGENT = 0
        HIGH = 1
        NORMAL = 2
        LOW = 3

    title = models.CharField(max_length=TITLE_LIMIT)
    description = models.TextField(blank=True)
    status = models.CharField(
        max_length=11, choices=[(s.value, s.value) for s in Status], default=Status.TODO.value
    )
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    # Who did the work that is or was in review: never the one to approve it.
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    parent = models.ForeignKey(
        "self", models.PROTECT, related_name="subtasks", null=True, blank=True
    )
    # Who sees the home sees the task; without one everybody does. A subtask has its parent's.
    home = models.ForeignKey(Channel, models.PROTECT, related_name="+", null=True, blank=True)
    # Made when somebody first writes there, or follows the task.
    discussion = models.OneToOneField(
        Channel, models.PROTECT, related_name="discussed_task", null=True, blank=True
    )
    origin = models.OneToOneField(
        Message, models.PROTECT, related_name="made_task", null=True, blank=True
    )
    progress = models.PositiveSmallIntegerField(default=0)
    result = models.TextField(blank=True)
    evidence = models.JSONField(default=list, blank=True)  # lines: links, commits, file names
    points = models.JSONField(default=list, blank=True)  # [{"text": ..., "done": false}]
    skills = models.JSONField(default=list, blank=True)
    read_only = models.BooleanField(default=False)  # changes nothing but what it reports
    needs_review = models.BooleanField(default=False)
    metadata = models.JSONField(default=dict, blank=True)
    start_after = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    follow_up_at = models.DateTimeField(null=True, blank=True)
    # After so many minutes without a sign of life, whoever has the task is asked for one.
    check_in_minutes = models.PositiveIntegerField(null=True, blank=True)
    # The last sign of life of who has the task, or since when they have it.
    heard_at = models.DateTimeField(null=True, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)  # since when it has this status
    # When its reminders must be looked at next; who does so takes it away first.
    remind_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # The lease. The token counts the claims: it only ever increases, and outlives each of them.
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    token = models.PositiveBigIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    # The block: who has to act, on what, since when.
    blocked_on = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    blocked_action = models.CharField(max_length=500, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="task_lease_has_an_end",
                condition=(Q(status=Status.IN_PROGRESS.value) & HELD)
                | (~Q(status=Status.IN_PROGRESS.value) & UNHELD),
            ),
            models.CheckConstraint(
                name="task_closed_at_its_end",
                condition=Q(status__in=_CLOSED, closed_at__isnull=False)
                | Q(status__in=_OPEN, closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="task_blocked_on_somebody",
                condition=Q(status=Status.BLOCKED.value, blocked_on__isnull=False)
                | (~Q(status=Status.BLOCKED.value) & Q(blocked_on__isnull=True)),
            ),
            models.CheckConstraint(name="task_progress_in_percent", condition=Q(progress__lte=100)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "priority", "id"], name="task_board"),
            models.Index(fields=["priority", "id"], name="task_order"),
            models.Index(fields=["status", "home"], name="task_count"),
            models.Index(fields=["status", "-updated_at", "-id"], name="task_latest"),
            models.Index(
                fields=["priority", "id"], name="task_open", condition=Q(closed_at__isnull=True)
            ),
            models.Index(
                fields=["assignee", "priority", "id"],
                name="task_assignee",
                condition=Q(assignee__isnull=False),
            ),
            models.Index(fields=["creator", "-id"], name="task_creator"),
            models.Index(
                fields=["reviewer"],
                name="task_review",
                condition=Q(status=Status.IN_REVIEW.value),
            ),
            models.Index(
                fields=["blocked_on"], name="task_blocked", condition=Q(blocked_on__isnull=False)
            ),
            models.Index(fields=["holder"], name="task_holder", condition=Q(holder__isnull=False)),
            models.Index(
                fields=["expires_at"], name="task_lease", condition=Q(expires_at__isnull=False)
            ),
            models.Index(
                fields=["remind_at", "id"],
                name="task_remind",
                condition=Q(remind_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As members call it."""
        return f"T-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def urgency(self) -> str:
        """The priority in a word."""
        return self.Priority(self.priority).name.lower()

    def is_held(self, now: datetime | None = None) -> bool:
        """Whether a lease holds: one that is over holds no more, also before it is freed."""
        return self.expires_at is not None and self.expires_at > (now or timezone.now())

    @property
    def open_points(self) -> list[str]:
        return [point["text"] for point in self.points if not point["done"]]


class Dependency(models.Model):
    """That a task needs another one first."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="needs", db_index=False)
    prerequisite = models.ForeignKey(Task, models.PROTECT, related_name="needed_by")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "dependencies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "prerequisite"], name="one_dependency_each"),
            models.CheckConstraint(
                name="dependency_not_on_itself",
                condition=~Q(task=models.F("prerequisite")),
            ),
        ]

    def __str__(self) -> str:
        return f"T-{self.task_id} needs T-{self.prerequisite_id}"


class Label(models.Model):
    """A word that a task is found by."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="labels", db_index=False)
    name = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "name"], name="one_label_each")
        ]
        indexes: ClassVar = [models.Index(fields=["name", "task"], name="task_label")]

    def __str__(self) -> str:
        return self.name


class Touched(models.Model):
    """A file, folder or link that a task's work is about."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="touched", db_index=False)
    path = models.CharField(max_length=300)

    class Meta:
        verbose_name_plural = "touched"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "path"], name="one_touched_each")
        ]
        indexes: ClassVar = [models.Index(fields=["path"], name="task_touched")]

    def __str__(self) -> str:
        return self.path


class Follower(models.Model):
    """Somebody who wants to hear of a task that is not theirs."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="followers", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "member"], name="one_follower_each")
        ]

    def __str__(self) -> str:
        return f"{self.member} follows T-{self.task_id}"
