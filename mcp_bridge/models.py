"""What sessions of the session era listen to. A client is told once that it is subscribed, so that
must outlive the process; in the 2026 revision the open request itself says it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from orgchart.models import Credential


class Subscription(models.Model):
    """That a session listens to an address."""

    session = models.CharField(max_length=32)  # the random part of the session's id
    credential = models.ForeignKey(Credential, models.PROTECT, related_name="+", db_index=False)
    uri = models.CharField(max_length=500)
    expires_at = models.DateTimeField(db_index=True)  # no session with this id is valid any more

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "uri"], name="one_subscription_each")
        ]

    def __str__(self) -> str:
        return f"{self.session} to {self.uri}"
