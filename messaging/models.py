"""Channels, messages, and who they are for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Channel(models.Model):
    """A place to talk: public, private, or direct between two or more members."""

    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=60, unique=True, null=True, blank=True)
    purpose = models.CharField(max_length=250, blank=True)
    # "3-17" for the direct conversation of members 3 and 17: one per set of people.
    direct_key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    last_seq = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"#{self.name}" if self.name else f"direct {self.direct_key}"


class Membership(models.Model):
    """A member of a channel, how far they have read, and what they want to hear."""

    class Notify(models.TextChoices):
        ALL = "all"
        MENTIONS = "mentions"
        MUTE = "mute"

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="memberships", db_index=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    read_seq = models.BigIntegerField(default=0)
    notify = models.CharField(max_length=8, choices=Notify.choices, default=Notify.MENTIONS)
    joined_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "member"], name="one_membership_each")
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.channel}"


class Message(models.Model):
    """Something said. `seq` counts within the channel, the same for every reader."""

    class Priority(models.TextChoices):
        NOW = "now"
        NEXT = "next"
        LATER = "later"

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="messages", db_index=False)
    seq = models.BigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # Written down at the time, so that a badge can't change later.
    author_kind = models.CharField(max_length=8)
    face = models.CharField(max_length=12)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False
    )
    body = models.TextField()
    thread = models.ForeignKey(
        "self", models.PROTECT, related_name="replies", null=True, db_index=False
    )
    reply_count = models.PositiveIntegerField(default=0)
    priority = models.CharField(max_length=5, choices=Priority.choices, default=Priority.NEXT)
    expects_reply = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "seq"], name="one_order_per_channel")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["thread", "seq"], name="message_thread", condition=Q(thread__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class Follow(models.Model):
    """A follower of a thread: hears its replies."""

    thread = models.ForeignKey(Message, models.PROTECT, related_name="follows", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thread", "member"], name="one_follow_each")
        ]

    def __str__(self) -> str:
        return f"{self.member} follows {self.thread_id}"


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

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries", db_index=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=8, choices=Reason.choices)
    rank = models.PositiveSmallIntegerField()  # 0 now, 1 next, 2 later: the order of the inbox
    stored_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    offered_route = models.CharField(max_length=12, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    # The recipient may not see the channel any more; undone when they come back.
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "recipient"], name="one_delivery_each")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["recipient", "rank", "-id"],
                name="delivery_open",
                condition=Q(acknowledged_at__isnull=True, withdrawn_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} to {self.recipient_id}"
