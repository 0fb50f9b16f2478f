"""What is arranged ahead: who decides for whom, and what is approved before it is asked for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from approvals.models.requests import REASON_LIMIT, ApprovalRequest, Policy


class StandIn(models.Model):
    """Who decides for somebody who is away, from when to when, and on which actions."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )  # who stands in
    absent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )  # for whom
    pattern = models.CharField(max_length=80, default="*")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # before its time
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(member=F("absent")), name="nobody_stands_in_for_themselves"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="a_stand_in_ends_after_it_begins"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="stand_in_until")]

    def __str__(self) -> str:
        return f"{self.member_id} for {self.absent_id}"


class StandingApproval(models.Model):
    """An approval given beforehand: for one requester, so many times, until some time."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+", db_index=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    pattern = models.CharField(max_length=80)
    arguments = models.JSONField(default=list, blank=True)  # conditions, all of which must hold
    uses_left = models.PositiveIntegerField()
    uses = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()
    reason = models.CharField(max_length=REASON_LIMIT, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # The request by which the others agreed to it, where one person was not enough.
    agreed_in = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["requester", "until"],
                name="standing_usable",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"standing approval {self.pk}"


class StandingUse(models.Model):
    """One act that a standing approval let pass."""

    standing = models.ForeignKey(StandingApproval, models.PROTECT, related_name="used")
    action = models.CharField(max_length=60)
    arguments = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"use {self.pk} of standing approval {self.standing_id}"
