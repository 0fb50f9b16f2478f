"""What actions of files speak of: files, the folders in which they lie, the channels of both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging.access import access_place
from messaging.fileaccess import Tree, access_file, shown
from messaging.filenames import key_of, split_path
from messaging.models import Attachment, Channel, File, Folder
from messaging.touched import channel_touched
from teammcp.core.touched import Arguments, Touched, state_of, touching, version_of


def file_touched(file: File) -> Touched:
    """A file, and everywhere it was posted."""
    posted = Attachment.objects.filter(file=file).order_by("pk")
    places = list(posted.values_list("channel", "folder", "name", "version"))
    return Touched(f"file:{file.pk}", version_of(file.deleted_at, places), f"file:{file.pk}")


@touching("delete_file")
def the_file(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    file = access_file(actor=actor, file_id=int(arguments.get("file_id") or 0))
    yield file_touched(file)
    posted = Attachment.objects.filter(file=file).values("channel")
    yield from map(channel_touched, Channel.objects.filter(pk__in=posted).order_by("pk"))


@touching("send_message")
def files_posted(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Files that are shown with a message: only that it is they counts."""
    for number in arguments.get("files") or []:
        file = access_file(actor=actor, file_id=int(number))
        yield Touched(f"file:{file.pk}", "", f"file:{file.pk}")


@touching("create_folder", "delete_folder", "move_file")
def what_lies_there(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """What a path names, and the folder around it."""
    where, parts = split_path(str(arguments.get("path") or ""))
    channel = access_place(actor=actor, where=where).channel
    yield channel_touched(channel)
    tree, folder = Tree([channel.pk]), None
    for part in parts:
        inside = tree.named(channel.pk, folder, part)
        if inside is None:
            yield from _files_named(channel, folder, part)
            return
        folder = inside
        yield Touched(f"folder:{folder.pk}", _state(folder), f"folder:{folder.pk}")


def _state(folder: Folder) -> str:
    return state_of(folder, "name", "parent_id")


def _files_named(channel: Channel, folder: Folder | None, name: str) -> Iterator[Touched]:
    """The newest file of this name in a folder."""
    rows = shown(Attachment.objects.filter(channel=channel, folder=folder, key=key_of(name)))
    newest = rows.select_related("file").order_by("-version").first()
    if newest is not None:
        yield file_touched(newest.file)
