"""Policies, the requests that they hold, and what people decided about them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

REASON_LIMIT = 1_000


class Policy(models.Model):
    """A rule that holds an action until the right people agree. Its conditions and stages are kept
    as `approvals.schemas` defines them."""

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=500, blank=True)
    pattern = models.CharField(max_length=80)  # over the names of actions: "edit_task", "*_channel"
    requesters = models.JSONField(default=list, blank=True)  # any of these; empty: everybody
    except_requesters = models.JSONField(default=list, blank=True)  # none of these
    arguments = models.JSONField(default=list, blank=True)  # conditions, all of which must hold
    stages = models.JSONField(default=list)  # in order
    expires_minutes = models.PositiveIntegerField()
    without_registrar = models.BooleanField(default=False, db_default=False)
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    # The stage, from 0, for which too few are left since the company changed.
    stuck_stage = models.PositiveSmallIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class ApprovalRequest(models.Model):
    """A call that was held: exactly what will run, for whom, and how far it has come."""

    class Status(models.TextChoices):
        OPEN = "open"
        CHANGES_REQUESTED = "changes_requested"
        APPROVED = "approved"  # not run yet
        EXECUTED = "executed"
        FAILED = "failed"  # approved, but its action refused when it ran
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"
        NEVER_SEEN = "never_seen"  # expired, and nobody was ever shown it
        SUPERSEDED = "superseded"  # what it speaks of has changed since

    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # Whom an inner act would have been done for, where that is somebody else.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    face = models.CharField(max_length=12)
    credential_id = models.BigIntegerField(null=True, blank=True)
    client_key = models.CharField(max_length=200, blank=True)
    key_digest = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=60)
    arguments = models.JSONField()
    before = models.JSONField(null=True, blank=True)  # the arguments of the round before this one
    touched = models.JSONField(default=list, blank=True)  # [[key, version, name], ...]
    acts = models.JSONField(default=list, blank=True)  # the gated acts: [[action, digest], ...]
    preview = models.JSONField(default=list, blank=True)  # what a trial run recorded
    digest = models.CharField(max_length=64)
    policies = models.JSONField(default=list)  # [[id, name, version], ...] as they were
    stages = models.JSONField(default=list)  # the stages of all of them, in order
    without_registrar = models.BooleanField(default=False)
    stage = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    stage_at = models.DateTimeField()  # when this stage was opened
    reminded = models.PositiveSmallIntegerField(default=0)  # steps taken in this stage
    escalated = models.PositiveSmallIntegerField(default=0)
    # The stage, from 0, for which too few are left, as somebody was told.
    stuck_stage = models.PositiveSmallIntegerField(null=True, blank=True)
    deadline = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # the next reminder, escalation or end
    run_at = models.DateTimeField(null=True, blank=True)  # approved: when it is tried (again)
    reason = models.CharField(max_length=REASON_LIMIT, blank=True)  # of the end, in words
    result = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["requester", "-id"], name="approval_of_requester"),
            models.Index(fields=["status", "-id"], name="approval_by_status"),
            models.Index(fields=["due_at"], name="approval_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["run_at"], name="approval_to_run", condition=Q(run_at__isnull=False)
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["requester", "client_key"],
                name="one_request_per_client_key",
                condition=~Q(client_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What people and agents call it: "A-12"."""
        return f"A-{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be decided, changed or withdrawn by somebody."""
        return self.status in OPEN


OPEN = frozenset({ApprovalRequest.Status.OPEN, ApprovalRequest.Status.CHANGES_REQUESTED})


class Decision(models.Model):
    """What one member said in one round. Whoever changes their mind asks for a new round."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        DECLINE = "decline"
        REQUEST_CHANGES = "request_changes"

    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="decisions", db_index=False
    )
    round = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # Whose seat it is: the member's own, or of whom they stand in for.
    seat = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    comment = models.CharField(max_length=REASON_LIMIT, blank=True)
    face = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "round", "member"], name="one_decision_each_round"
            ),
            models.UniqueConstraint(
                fields=["request", "round", "seat"], name="one_decision_per_seat"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.member_id} on A-{self.request_id}"


class Asked(models.Model):
    """That a member was told of a request: once for each stage and round. Whoever may decide is
    worked out anew when they do."""

    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="asked", db_index=False
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    round = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()
    why = models.CharField(max_length=12)  # approver, stand-in, escalation, review
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "asked"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "round", "stage", "member"], name="asked_once_each_stage"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["member", "-request"], name="asked_of_member")]

    def __str__(self) -> str:
        return f"{self.member_id} asked about A-{self.request_id}"


class Comment(models.Model):
    """Something said about a request that decides nothing."""

    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="comments", db_index=True
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    body = models.CharField(max_length=REASON_LIMIT)
    face = models.CharField(max_length=12)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"comment of {self.member_id} on A-{self.request_id}"


class Showing(models.Model):
    """When a member was first shown a request, and on which face. Lists do not count."""

    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="showings", db_index=False
    )
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    face = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "member"], name="one_first_showing_each")
        ]

    def __str__(self) -> str:
        return f"A-{self.request_id} shown to {self.member_id}"


class BreakGlass(models.Model):
    """That an owner let a held act run at once, and what somebody else found about it later."""

    request = models.OneToOneField(ApprovalRequest, models.PROTECT, related_name="broken_glass")
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=REASON_LIMIT)
    at = models.DateTimeField()
    finding = models.CharField(max_length=REASON_LIMIT, blank=True)
    justified = models.BooleanField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "broken glasses"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | ~Q(closed_by=F("member")),
                name="nobody_reviews_their_own_break",
            )
        ]

    def __str__(self) -> str:
        return f"A-{self.request_id} run at once by {self.member_id}"
