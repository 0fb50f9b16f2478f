"""Posting files with a message."""

from __future__ import annotations

from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import Place, place_name, topics_of
from messaging.fileaccess import no_file, visible_files
from messaging.filenames import key_of
from messaging.models import Attachment, File, Folder, Message
from orgchart.models import Member

FILES_LIMIT = 20  # with one message


def attach(actor: Member, place: Place, message: Message, files: list[int]) -> None:
    """Post files that the actor may see with a message that was stored just now. For actions only.

    From here on they are as visible as it is. Raises NotFound for the first that is not there.
    """
    wanted = list(dict.fromkeys(files))
    found = visible_files(actor).in_bulk(wanted)
    missing = [pk for pk in wanted if pk not in found]
    if missing:
        raise no_file(missing[0])
    for position, pk in enumerate(wanted):
        _attach(found[pk], place, message, position)
    message.file_count = len(wanted)
    Message.objects.filter(pk=message.pk).update(file_count=len(wanted))
    record(
        events.FILES_ATTACHED,
        actor=actor,
        target=f"message:{message.pk}",
        topics=topics_of(place.channel),
        data={
            "message": message.pk,
            "channel": place.channel.pk,
            "where": place_name(place.channel),
            "count": len(wanted),
            "files": [{"file": pk, "sha256": found[pk].sha256} for pk in wanted],
        },
    )


def _attach(file: File, place: Place, message: Message, position: int) -> None:
    Attachment.objects.create(
        file=file,
        message=message,
        position=position,
        channel=place.channel,
        name=file.name,
        key=file.key,
        version=_next_version(place.channel.pk, None, file.key),
        created_at=timezone.now(),
    )


def _next_version(channel_id: int, folder: Folder | None, key: str) -> int:
    """Those of deleted files count too, so that a version never means two things."""
    rows = Attachment.objects.filter(channel=channel_id, folder=folder, key=key)
    newest: int | None = rows.aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def put_into(message_id: int, folder: Folder | None) -> None:
    """Lay what was posted with a message just now into a folder. For actions only."""
    for row in Attachment.objects.filter(message=message_id):
        row.version = _next_version(row.channel_id, folder, row.key)
        row.folder = folder
        row.save(update_fields=["folder", "version"])


def rename_rows(rows: list[Attachment], folder: Folder | None, name: str) -> None:
    """Lay all versions of a file elsewhere or under another name. For actions only."""
    first = _next_version(rows[0].channel_id, folder, key_of(name)) if rows else 1
    for version, row in enumerate(rows, start=first):
        row.folder, row.name, row.key, row.version = folder, name, key_of(name), version
        row.save(update_fields=["folder", "name", "key", "version"])


def forget_files(message: Message) -> None:
    """The files of an erased message go too, unless they stand elsewhere. For actions only."""
    elsewhere = Attachment.objects.filter(file=OuterRef("pk"), message__erased_at=None)
    gone = File.objects.filter(attachments__message=message, deleted_at=None)
    gone.exclude(Exists(elsewhere)).update(deleted_at=message.deleted_at)
