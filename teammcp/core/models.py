"""The memory of client keys."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class ClientKey(models.Model):
    """The first answer to a keyed call. Rows are never deleted: a key holds for good."""

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    key = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    result = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "key"], name="one_answer_per_client_key")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"
