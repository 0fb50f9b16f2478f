"""What members do with a message: react to it, and keep it for later."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.messages import Message


class Reaction(models.Model):
    """That a member answered a message with an emoji. It counts once and wakes nobody."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="reactions", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    emoji = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "member", "emoji"], name="one_reaction_each")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} of {self.member_id} on {self.message_id}"


class Saved(models.Model):
    """A message that a member keeps for later, and when to be reminded of it. Private."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    message = models.ForeignKey(Message, models.PROTECT, related_name="+", db_index=False)
    note = models.CharField(max_length=250, blank=True)
    saved_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "saved"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "message"], name="one_saved_each")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["remind_at"],
                name="saved_due",
                condition=Q(remind_at__isnull=False, reminded_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.message_id} saved by {self.member_id}"
