"""What is said, and who follows it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.channels import Channel


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
    # Of the first message of a thread: replies of agents since a person last wrote in it.
    agent_turns = models.PositiveIntegerField(default=0, db_default=0)
    turn_of = models.BigIntegerField(default=0, db_default=0)  # the id of who wrote last in it
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    # What its author had been shown last, and how many agents' messages long that chain is.
    cause = models.ForeignKey(
        "self",
        models.DO_NOTHING,
        related_name="+",
        null=True,
        db_index=False,
        blank=True,
        db_constraint=False,  # remembered outside the database, which may be of another life
    )
    turns = models.PositiveIntegerField(default=0, db_default=0)
    priority = models.CharField(max_length=5, choices=Priority.choices, default=Priority.NEXT)
    expects_reply = models.BooleanField(default=False)
    # How many files came with it, so that reading asks for them only where there are any.
    file_count = models.PositiveSmallIntegerField(db_default=0)
    created_at = models.DateTimeField()
    # What came after sending. Sending writes none of these, so each has a value of its own.
    version = models.PositiveIntegerField(default=1, db_default=1)
    edited_at = models.DateTimeField(null=True, blank=True)
    # Deleted: the text is kept and shown to nobody. Erased: it is gone, and all versions with it.
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False
    )
    deleted_reason = models.CharField(max_length=250, blank=True, default="", db_default="")
    erased_at = models.DateTimeField(null=True, blank=True)
    # 0 for nearly all, so that a page without reactions asks for none.
    reaction_count = models.PositiveIntegerField(default=0, db_default=0)
    # What was made of it, as its readers name that: "T-12".
    task = models.CharField(max_length=20, blank=True, default="", db_default="")
    pinned_at = models.DateTimeField(null=True, blank=True)
    pinned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "seq"], name="one_order_per_channel")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["thread", "seq"], name="message_thread", condition=Q(thread__isnull=False)
            ),
            models.Index(
                fields=["channel", "seq"],
                name="message_pinned",
                condition=Q(pinned_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    @property
    def text(self) -> str:
        """What readers see of the body: nothing once the message is deleted."""
        return "" if self.deleted_at else self.body


class MessageVersion(models.Model):
    """A text that a message had before it was edited."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    body = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "number"], name="one_text_per_version")
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.message_id}"


class Follow(models.Model):
    """A follower of a thread: hears its replies."""

    thread = models.ForeignKey(Message, models.PROTECT, related_name="follows", db_index=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # Who left is not brought back by the replies of others, only by an own one.
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thread", "member"], name="one_follow_each")
        ]

    def __str__(self) -> str:
        return f"{self.member} follows {self.thread_id}"
