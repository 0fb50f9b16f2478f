"""How members are woken: their routes, each try, and what is under way."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Route(models.TextChoices):
    """The ways to a member, in the order in which they are tried where nothing else was chosen."""

    WAITING = "waiting"  # their own call, which returns
    SUBSCRIPTION = "subscription"  # an MCP client that listens
    CONNECTOR = "connector"  # the stdio connector, which holds a stream
    STREAM = "stream"  # any other reader of the event stream
    CHANNEL = "channel"  # a Claude Code channel; the connector reports what it pushed
    HOOK = "hook"  # a client's hook; reported by it
    WEBHOOK = "webhook"


class WakeRoute(models.Model):
    """What is known of one way to a member."""

    FAILING = 3  # tries in a row without effect

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="wake_routes", db_index=False
    )
    route = models.CharField(max_length=12, choices=Route.choices)
    position = models.PositiveSmallIntegerField()
    url = models.CharField(max_length=500, blank=True, default="")
    # The secret is derived from this server's key and this number, and kept nowhere.
    secret_version = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "route"], name="one_route_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.route} to {self.member_id}"

    @property
    def failing(self) -> bool:
        return self.failures >= self.FAILING


class Wake(models.Model):
    """One try to wake a member. It points to deliveries and carries nothing of them."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    route = models.CharField(max_length=12, choices=Route.choices)
    tried_at = models.DateTimeField()
    up_to = models.BigIntegerField()  # the newest delivery that it points to
    count = models.PositiveIntegerField()  # deliveries that it stands for
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["member", "-id"], name="wake_newest")]

    def __str__(self) -> str:
        return f"wake {self.pk} of {self.member_id} by {self.route}"


class Waking(models.Model):
    """Where the waking of a member stands: which try is open, and when to look again."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", primary_key=True
    )
    up_to = models.BigIntegerField(default=0)
    route = models.CharField(max_length=12, blank=True, default="")  # of the open try
    tried = models.JSONField(default=list)  # the routes tried for what is open
    due_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="waking_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"waking of {self.member_id}"
