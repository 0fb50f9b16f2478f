"""Files, where they are posted, and the folders of a channel."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from messaging.models.channels import Channel
from messaging.models.messages import Message


class File(models.Model):
    """One upload. Its bytes lie in the data folder under their SHA-256, once for all uploads of the
    same content, for as long as a row that is not deleted names them."""

    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    uploader_kind = models.CharField(max_length=8)
    name = models.CharField(max_length=150)
    key = models.CharField(max_length=450)  # the name without regard to case
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    # What the content is, whatever the uploader said.
    media_type = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["uploader", "size"], name="file_used", condition=Q(deleted_at__isnull=True)
            ),
            models.Index(
                fields=["sha256", "size"], name="file_bytes", condition=Q(deleted_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"file {self.pk}"


class Folder(models.Model):
    """A folder of a channel or conversation. `key` is the name without regard to case."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="folders", db_index=False)
    parent = models.ForeignKey("self", models.PROTECT, related_name="folders", null=True)
    name = models.CharField(max_length=60)
    key = models.CharField(max_length=180)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["channel", "parent", "key"],
                name="one_folder_each",
                condition=Q(parent__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["channel", "key"],
                name="one_top_folder_each",
                condition=Q(parent__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"folder {self.pk}"


class Attachment(models.Model):
    """That a file was posted with a message: it is as visible as that message. In the channel it
    lies in a folder under a name; posted again under that name it is the next version."""

    file = models.ForeignKey(File, models.PROTECT, related_name="attachments")
    message = models.ForeignKey(Message, models.PROTECT, related_name="attachments", db_index=False)
    position = models.PositiveSmallIntegerField()
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+", db_index=False)
    folder = models.ForeignKey(Folder, models.PROTECT, related_name="attachments", null=True)
    name = models.CharField(max_length=150)
    key = models.CharField(max_length=450)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "file"], name="one_attachment_each")
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "folder", "key", "version"], name="attachment_versions")
        ]

    def __str__(self) -> str:
        return f"file {self.file_id} with message {self.message_id}"
