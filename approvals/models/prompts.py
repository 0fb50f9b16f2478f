"""What clients ask of their own tools."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from approvals.models.requests import REASON_LIMIT, ApprovalRequest


class Prompt(models.Model):
    """A client that asks whether it may use one of its own tools, and what it was told. A request
    that was approved lets exactly one of them pass."""

    class Answer(models.TextChoices):
        ASKED = ""
        ALLOW = "allow"
        DENY = "deny"

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    call = models.CharField(max_length=120)  # as the client names it: "toolu_01..."
    digest = models.CharField(max_length=64)  # of tool and input
    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, related_name="prompts", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    message = models.CharField(max_length=REASON_LIMIT, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "call"], name="one_prompt_per_call"),
            models.UniqueConstraint(
                fields=["request"],
                name="one_use_of_an_approved_prompt",
                condition=Q(answer="allow"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call} of {self.member_id}"
