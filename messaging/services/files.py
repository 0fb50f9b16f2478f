"""Uploading, posting and deleting files."""

from __future__ import annotations

import base64 as encoding
import hashlib
from typing import Annotated, Any

from annotated_types import MaxLen
from django.conf import settings
from django.utils import timezone
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from audit.ledger import record, text_digest
from messaging import events, filestore
from messaging.access import topics_of
from messaging.fileaccess import access_file, access_folder
from messaging.filenames import FileName, clean_file_name, key_of, shared, split_path
from messaging.fileschemas import FileOut
from messaging.filestore import Draft
from messaging.filetypes import check_type, type_of
from messaging.models import Attachment, Channel, File
from messaging.quota import check_quota, check_size
from messaging.selectors.files import INLINE_LIMIT, files_out
from messaging.selectors.messages import RowId
from messaging.services.attaching import put_into
from messaging.services.sending import send_message
from messaging.texts import BODY_LIMIT
from orgchart.models import Member
from teammcp.core import sql
from teammcp.core.actions import action
from teammcp.core.errors import Forbidden, InvalidInput, Unavailable


class Inline:
    """A small content that came within a call."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __str__(self) -> str:
        """What a client key knows of the content, the same as of a draft."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


def _inline(content: bytes) -> Inline:
    if len(content) > INLINE_LIMIT:
        raise PydanticCustomError(
            "too_large",
            "a call takes up to {limit} bytes; send larger files as the body of"
            " POST {url}/api/files/?name=NAME with your token, for example with"
            " curl --data-binary @NAME",
            {"limit": INLINE_LIMIT, "url": settings.PUBLIC_URL},
        )
    return Inline(content)


def _from_text(value: Any) -> Inline | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise PydanticCustomError("text", "must be text")
    return _inline(value.encode())


def _from_base64(value: Any) -> Inline | Draft | None:
    if value is None or isinstance(value, Draft):  # a face that took the bytes gives a draft
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("base64", "must be base64 text")
    try:
        content = encoding.b64decode("".join(value.split()), validate=True)
    except ValueError:
        raise PydanticCustomError("base64", "is not base64") from None
    return _inline(content)


Text = Annotated[Inline | None, PlainValidator(_from_text), WithJsonSchema({"type": "string"})]
Base64 = Annotated[
    Inline | Draft | None,
    PlainValidator(_from_base64),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


@action(scope="messages:write")
def upload_file(
    *,
    actor: Member,
    name: FileName,
    text: Text = None,
    base64: Base64 = None,
    to: Annotated[str, MaxLen(1_000)] = "",
    note: Annotated[str, MaxLen(BODY_LIMIT)] = "",
) -> FileOut:
    """Store a small file, from `text` or `base64`. Larger ones: the body of POST /api/files/.

    With `to` ("#general", "#general/reports", "@lin", "thread:91") it is posted there at once, with
    `note` as the message. Without, only you see it until `send(files=[id])`. Under a name that the
    folder has already, it becomes the next version.
    """
    name = clean_file_name(name)
    draft = _draft_of(text, base64)
    check_size(draft.size)
    media_type = type_of(draft.head, name, is_text=draft.is_text)
    check_type(media_type, name)
    check_quota(actor, draft.size)
    file = _store(actor, name, draft, media_type)
    if to:
        _post(actor, file, to, note)
    return files_out(actor, [file])[0]


def _draft_of(text: Inline | None, base64: Inline | Draft | None) -> Draft:
    """The content, durable. What came within a call is small, and is written here."""
    if (text is None) == (base64 is None):
        raise InvalidInput(
            "Give the content once: as text or as base64.",
            fields={"text": "one of two", "base64": "one of two"},
            next="Pass text='...' for text, base64='...' for anything else.",
        )
    content = base64 if text is None else text
    if isinstance(content, Draft):
        return content
    assert content is not None
    draft = Draft()
    draft.write(content.content)
    draft.finish()
    return draft


def _store(actor: Member, name: str, draft: Draft, media_type: str) -> File:
    sql.lock(filestore.LOCK)
    if not filestore.is_stored(draft.sha256):  # swept away under our hands
        raise Unavailable(
            "The bytes could not be kept just now; nothing was changed.", next="Send them again."
        )
    file = File.objects.create(
        uploader=actor,
        uploader_kind=actor.kind,
        name=name,
        key=key_of(name),
        size=draft.size,
        sha256=draft.sha256,
        media_type=media_type,
        created_at=timezone.now(),
    )
    record(
        events.FILE_UPLOADED,
        actor=actor,
        target=f"file:{file.pk}",
        topics=[f"member-{actor.pk}"],
        data={
            "file": file.pk,
            "size": file.size,
            "type": media_type,
            "sha256": file.sha256,
            "name_sha256": text_digest(name),
        },
    )
    return file


def _post(actor: Member, file: File, to: str, note: str) -> None:
    where, parts = split_path(to)
    if parts:
        access_folder(actor=actor, path=to)  # refused before anything is said
    receipt = send_message(actor=actor, to=where, body=note or shared([file.name]), files=[file.pk])
    if parts:
        put_into(receipt.id, access_folder(actor=actor, path=to).folder)


@action(scope="messages:write")
def delete_file(*, actor: Member, file_id: RowId) -> FileOut:
    """Delete a file everywhere it was posted; its bytes go with the last file that has them.

    For its uploader, and for admins who can see it. What it was posted with stays.
    """
    file = access_file(actor=actor, file_id=file_id)
    if file.uploader_id != actor.pk and not actor.has_scope("admin"):
        raise Forbidden(
            f"Only its uploader, @{file.uploader.handle}, can delete this file.", next="Ask them."
        )
    answer = files_out(actor, [file])[0]
    posted = Attachment.objects.filter(file=file).values("channel")
    channels = Channel.objects.filter(pk__in=posted).order_by("pk")
    places = [topic for channel in channels for topic in topics_of(channel)]
    File.objects.filter(pk=file.pk).update(deleted_at=timezone.now())
    record(
        events.FILE_DELETED,
        actor=actor,
        target=f"file:{file.pk}",
        topics=[f"member-{file.uploader_id}", *places],
        data={"file": file.pk, "size": file.size, "sha256": file.sha256},
    )
    return answer
