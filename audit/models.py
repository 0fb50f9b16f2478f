"""The ledger: every accepted write, in commit order, as a hash chain."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Event(models.Model):
    """One thing that happened. Rows are only ever added, by `audit.ledger.record`."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False
    )
    face = models.CharField(max_length=12)
    request_id = models.CharField(max_length=40)
    target = models.CharField(max_length=80)
    topics = models.JSONField()
    data = models.JSONField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.target}"


class EventTopic(models.Model):
    """Which topics an event belongs to, for reading one topic's history in order."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="+", db_index=False)
    topic = models.CharField(max_length=60)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["topic", "event"], name="one_row_per_topic_and_event")
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


class Checkpoint(models.Model):
    """The head of the chain at some time, signed. Copies kept elsewhere prove truncation."""

    seq = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"checkpoint at {self.seq}"
