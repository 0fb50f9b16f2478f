"""Questions that anybody puts to people, and who was told of them and shown them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from approvals.models.requests import REASON_LIMIT

TEXT_LIMIT = 300
DETAILS_LIMIT = 8_000
OPTION_LIMIT = 120


class Question(models.Model):
    """Something that somebody wants to know of others by some time, and what holds if nobody
    answers. It consents to nothing: what a policy holds is asked by a request."""

    class Status(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        DEFAULTED = "defaulted"  # nobody answered in time: the default holds
        UNANSWERED = "unanswered"  # nobody answered in time, and nothing holds
        WITHDRAWN = "withdrawn"

    class Cost(models.TextChoices):
        """Of waiting. Steps, and no sums: what two members count in different money says nothing
        about which of them to answer first."""

        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"

    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    face = models.CharField(max_length=12)
    text = models.CharField(max_length=TEXT_LIMIT)
    details = models.TextField(blank=True)  # Markdown
    asked = models.JSONField()  # groups, as approvers are named; who that is comes out on answering
    options = models.JSONField(default=list, blank=True)  # none: any text answers it
    default = models.CharField(max_length=OPTION_LIMIT, blank=True)  # one of the options, or none
    cost = models.CharField(max_length=8, choices=Cost.choices, default=Cost.MEDIUM)
    cost_reason = models.CharField(max_length=TEXT_LIMIT, blank=True)
    about_action = models.CharField(max_length=60, blank=True)
    arguments = models.JSONField(default=dict, blank=True)  # of that action
    answer_by = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # the next reminder, or the end
    reminded = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    answer = models.CharField(max_length=REASON_LIMIT, blank=True)
    comment = models.CharField(max_length=REASON_LIMIT, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    # Whose place it was: the member's own, or of whom they stand in for.
    seat = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False,
    )  # fmt: skip
    answer_face = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=REASON_LIMIT, blank=True)  # of another end, in words
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["asker", "-id"], name="question_of_asker"),
            models.Index(fields=["status", "-id"], name="question_by_status"),
            models.Index(fields=["due_at"], name="question_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What people and agents call it: "Q-7"."""
        return f"Q-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class Hearer(models.Model):
    """A member who has to do with a question: when they were told of it, and when it was first
    shown to them. Lists do not count."""

    question = models.ForeignKey(Question, models.PROTECT, related_name="hearers", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    told_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True)
    face = models.CharField(max_length=12, blank=True)  # on which it was shown

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["question", "member"], name="one_hearer_each")
        ]
        indexes: ClassVar = [models.Index(fields=["member", "-question"], name="hearer_of_member")]

    def __str__(self) -> str:
        return f"{self.member_id} of Q-{self.question_id}"
