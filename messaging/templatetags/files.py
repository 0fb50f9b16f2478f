"""How files are drawn."""

from __future__ import annotations

from django import template

from messaging.fileschemas import FileOut
from messaging.filetypes import PICTURES
from messaging.schemas import AttachmentOut

register = template.Library()


@register.filter
def is_picture(file: FileOut | AttachmentOut) -> bool:
    """Whether it can be shown in place."""
    return file.type in PICTURES


@register.filter
def kind(file: FileOut | AttachmentOut) -> str:
    """Its type in a word or two."""
    if file.type.startswith("text/") or file.type == "image/svg+xml":
        return {"text/plain": "text", "image/svg+xml": "SVG"}.get(file.type, file.type[5:].upper())
    if file.type == "application/octet-stream":
        return "data"
    family, _, name = file.type.partition("/")
    short = name.rpartition(".")[2].upper()
    return short if family == "application" else f"{short} {family}"
