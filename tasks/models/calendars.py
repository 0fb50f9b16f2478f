"""When people work."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce


class WorkingCalendar(models.Model):
    """The company's time zone, working hours and holidays; or, with a member, what is different for
    that one. Agents are always at work and need none."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    zone = models.CharField(max_length=60, blank=True)  # empty: the company's
    hours = models.JSONField(default=list, blank=True)  # lines such as "MON-FRI 09:00-17:00"
    holidays = models.JSONField(default=list, blank=True)  # days such as "2026-12-25"
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Coalesce("member", Value(0)), name="one_calendar_each")
        ]

    def __str__(self) -> str:
        return f"the working calendar of {self.member or 'the company'}"
