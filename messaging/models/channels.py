"""Places to talk, and who is in them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Channel(models.Model):
    """A place to talk: public, private, direct between two or more members, or about a task.

    A task's discussion has a home, the channel whose members see it; without one everybody does.
    """

    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"
        TASK = "task"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=60, unique=True, null=True, blank=True)
    purpose = models.CharField(max_length=250, blank=True)
    # "3-17" for the direct conversation of members 3 and 17: one per set of people.
    direct_key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    home = models.ForeignKey(
        "self", models.PROTECT, related_name="discussions", null=True, blank=True
    )
    # Behind the wall of a project; of the whole company without one.
    project = models.ForeignKey(
        "orgchart.Project", models.PROTECT, related_name="channels", null=True, blank=True
    )
    last_seq = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    # Of a direct conversation: messages of agents since a person last wrote; when it was parked.
    agent_turns = models.PositiveIntegerField(default=0, db_default=0)
    turn_of = models.BigIntegerField(default=0, db_default=0)  # the id of who wrote last
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_to = models.ForeignKey(  # the person who was asked
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    # So that only where something was asked anybody looks whether it is answered.
    open_questions = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"#{self.name}" if self.name else f"direct {self.direct_key}"


class Bridge(models.Model):
    """Opens one channel of a project to the members of another, until a time."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="bridges")
    project = models.ForeignKey("orgchart.Project", models.PROTECT, related_name="bridges")
    reason = models.CharField(max_length=250)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    until = models.DateTimeField()
    # When its end was written down, by whoever closed it or by the clock. What may be seen asks
    # for `until` besides, and waits for nobody.
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["until"], name="bridge_open", condition=models.Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"bridge {self.pk} into {self.channel}"


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
