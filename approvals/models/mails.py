"""Mail that is to be sent: kept with what it is about, so that none is forgotten or sent for what
was undone."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from approvals.models.questions import Question
from approvals.models.requests import ApprovalRequest

ERROR_LIMIT = 300


class Mail(models.Model):
    """That somebody is told by mail of what waits for them: once for each call and question."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    question = models.ForeignKey(
        Question, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    due_at = models.DateTimeField(null=True, blank=True)  # the next try; empty: it is over
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=ERROR_LIMIT, blank=True)  # of the last try, or why none
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "member"], name="one_mail_each_request",
                condition=Q(request__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["question", "member"], name="one_mail_each_question",
                condition=Q(question__isnull=False),
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="mail_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"mail to {self.member_id} about {self.about}"

    @property
    def about(self) -> ApprovalRequest | Question:
        """What waits."""
        found = self.request or self.question
        assert found is not None
        return found
