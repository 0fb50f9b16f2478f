"""What was asked and is not answered yet."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.messages import Message


class Question(models.Model):
    """A message that expects a reply: open in both inboxes until one comes."""

    message = models.OneToOneField(
        Message, models.PROTECT, related_name="question", primary_key=True
    )
    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    due_at = models.DateTimeField()  # of the next step up the reporting line
    steps = models.PositiveSmallIntegerField(default=0)  # taken so far
    answer = models.ForeignKey(
        Message, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="question_open", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["asker"], name="question_of", condition=Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"
