"""Whom a message is for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.messages import Message

OFFERS = 5  # unacknowledged so often, minutes apart each time: then it is a dead letter


class Delivery(models.Model):
    """That a message is for somebody: three facts, never merged.

    Stored (the row), offered (`offered_at`, by which route), acknowledged (by the recipient's own
    call). Only those have a row whom the message is *for*; everybody else has a read cursor.
    """

    class Reason(models.TextChoices):
        DIRECT = "direct"
        MENTION = "mention"
        REPLY = "reply"
        WATCHING = "watching"
        REMINDER = "reminder"

    class Withdrawn(models.TextChoices):
        LEFT = "left"  # undone when the recipient comes back
        EDITED = "edited"
        DELETED = "deleted"
        EXPIRED = "expired"
        DEAD = "dead"

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries", db_index=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=8, choices=Reason.choices)
    rank = models.PositiveSmallIntegerField()  # 0 now, 1 next, 2 later: the order of the inbox
    stored_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    offered_route = models.CharField(max_length=12, blank=True)
    # Offers that were some minutes apart: who polls every second was not asked sixty times.
    offers = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_offered_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    # It left the inbox without an acknowledgement, and why.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # A dead letter: nobody acknowledged it, so it is withdrawn too, and why is known.
    dead_at = models.DateTimeField(null=True, blank=True)
    dead_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    withdrawn_reason = models.CharField(
        max_length=8, choices=Withdrawn.choices, blank=True, default="", db_default=""
    )
    # 0 for what the message itself brought; then one for each reminder of it.
    round = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message", "recipient", "round"], name="one_delivery_each"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["recipient", "rank", "-id"],
                name="delivery_open",
                condition=Q(acknowledged_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["recipient", "-id"],
                name="delivery_dead",
                condition=Q(acknowledged_at__isnull=True, dead_at__isnull=False),
            ),
            models.Index(
                fields=["last_offered_at"],
                name="delivery_tired",
                condition=Q(
                    acknowledged_at__isnull=True, withdrawn_at__isnull=True, offers__gte=OFFERS
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} to {self.recipient_id}"
