"""What a file is, by its content, and as what it may be served.

Neither the uploader's word nor the name decides. A browser is given the type of a picture or of
plain text only; whatever else there is goes out as bytes to be saved, so that nothing stored can
run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

import puremagic
from django.conf import settings

from teammcp.core.errors import InvalidInput

UNKNOWN = "application/octet-stream"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Shown in place; a browser runs nothing in them."""
SERVED = PICTURES | {"application/pdf", "application/zip", "audio/mpeg", "video/mp4"}
TEXT = "text/plain"
_ZIP = "application/zip"
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|form|meta|svg|\?xml-stylesheet)\b|<\?xml",
    re.IGNORECASE,
)


def type_of(head: bytes, name: str, *, is_text: bool) -> str:
    """The media type of a content that begins with `head`."""
    if is_text:
        return _text_type(head)
    return _magic(head, PurePath(name).suffix.lower())


def _text_type(head: bytes) -> str:
    found = _MARKUP.search(head)
    if found is None:
        return TEXT
    if b"<svg" in head.lower():
        return "image/svg+xml"
    return "text/xml" if found[0] == b"<?xml" else "text/html"


def _magic(head: bytes, suffix: str) -> str:
    """The best that the signature says. Of formats that look alike, such as the office documents
    in a zip, the name chooses; it chooses nothing that the signature does not allow."""
    try:
        candidates: Iterable[Any] = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    likely = [one for one in candidates if one.mime_type and len(one.byte_match) > 2]
    for one in likely:
        if one.extension == suffix:
            return str(one.mime_type)
    if head.startswith(b"PK\x03\x04"):
        return _ZIP
    return str(likely[0].mime_type) if likely else UNKNOWN


def served_type(media_type: str) -> str:
    """The Content-Type of an answer with such a file."""
    if media_type == TEXT:
        return "text/plain; charset=utf-8"
    return media_type if media_type in SERVED else UNKNOWN


def check_type(media_type: str, name: str) -> None:
    """Raises InvalidInput for a type that this company does not take."""
    allowed, blocked = settings.FILE_TYPES_ALLOWED, settings.FILE_TYPES_BLOCKED
    if (allowed and not _among(media_type, allowed)) or _among(media_type, blocked):
        takes = f"It takes {', '.join(allowed)}." if allowed else "Other types are welcome."
        raise InvalidInput(
            f"{name} is {media_type} by its content, which this company does not take.",
            fields={"name": "type not allowed"},
            next=takes,
            type=media_type,
        )


def _among(media_type: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(media_type, pattern.lower()) for pattern in patterns)
