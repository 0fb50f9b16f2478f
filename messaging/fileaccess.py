"""Who may see which file: one rule for every face.

A file is as visible as the messages that it was posted with. Before it is posted anywhere, only its
uploader sees it; once posted, the places decide, for its uploader as for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from messaging.access import Place, access_place, visible_channels
from messaging.filenames import key_of, split_path
from messaging.models import Attachment, File, Folder
from orgchart.models import Member
from teammcp.core.errors import InvalidInput, NotFound


def standing(message: str) -> Q:
    """Which messages show their files; `message` is the way to them ("message__"). What hides a
    message belongs here, and hides its files everywhere."""
    return Q((f"{message}deleted_at", None))


def shown(rows: QuerySet[Attachment]) -> QuerySet[Attachment]:
    """Of these attachments, those whose message and file still stand."""
    return rows.filter(standing("message__"), file__deleted_at=None)


def visible_attachments(actor: Member) -> QuerySet[Attachment]:
    """Every posting of a file that the actor may see."""
    return shown(Attachment.objects.filter(channel__in=visible_channels(actor)))


def visible_files(actor: Member) -> QuerySet[File]:
    """Every file that the actor may see."""
    posted_here = visible_attachments(actor).filter(file=OuterRef("pk"))
    return File.objects.filter(deleted_at=None).filter(Q(Exists(posted_here)) | unposted(actor))


def unposted(actor: Member) -> Q:
    """The files that the actor has uploaded and that were never posted."""
    return Q(~Exists(Attachment.objects.filter(file=OuterRef("pk"))), uploader=actor)


def access_file(*, actor: Member, file_id: int) -> File:
    """A file that the actor may see. Raises NotFound."""
    found = visible_files(actor).select_related("uploader").filter(pk=file_id).first()
    if found is None:
        raise no_file(file_id)
    return found


def no_file(file_id: int) -> NotFound:
    """The one answer for a file that is absent, hidden or deleted."""
    return NotFound(
        f"There is no file {file_id}.", next="list_files and search_files show what there is."
    )


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder as this member names it; its root where `folder` is None."""

    place: Place
    folder: Folder | None
    path: str


class Tree:
    """The folders of some channels, read with one query. A channel has a limited number."""

    def __init__(self, channels: Iterable[int]) -> None:
        rows = Folder.objects.filter(channel__in=set(channels))
        self.folders = {folder.pk: folder for folder in rows}
        self._by_place = {(f.channel_id, f.parent_id, f.key): f for f in self.folders.values()}

    def named(self, channel_id: int, parent: Folder | None, name: str) -> Folder | None:
        return self._by_place.get((channel_id, parent.pk if parent else None, key_of(name)))

    def below(self, channel_id: int, parent: Folder | None) -> list[Folder]:
        """The folders in a folder, by name."""
        wanted = parent.pk if parent else None
        rows = self.folders.values()
        inside = (f for f in rows if (f.channel_id, f.parent_id) == (channel_id, wanted))
        return sorted(inside, key=lambda folder: folder.key)

    def names(self, folder_id: int | None) -> list[str]:
        """The names from the root to this folder."""
        names: list[str] = []
        while folder_id is not None:
            folder = self.folders[folder_id]
            names.append(folder.name)
            folder_id = folder.parent_id
        return names[::-1]

    def walk(self, place: Place, parts: list[str]) -> Folder | None:
        """The folder that these names lead to. Raises NotFound."""
        folder: Folder | None = None
        for part in parts:
            folder = self.named(place.channel.pk, folder, part)
            if folder is None:
                raise no_path("/".join([place.label, *parts]))
        return folder


def access_folder(*, actor: Member, path: str) -> FolderPlace:
    """The folder that "#general/reports" names, or the root of a place. Raises NotFound."""
    where, parts = split_path(path)
    place = access_place(actor=actor, where=where)
    if place.thread is not None:
        if parts:
            raise InvalidInput(
                "A thread has no folders.",
                fields={"path": "a folder of a thread"},
                next=f"The folders are those of its channel, {place.label}.",
            )
        return FolderPlace(place, None, f"thread:{place.thread.pk}")
    tree = Tree([place.channel.pk])
    folder = tree.walk(place, parts)
    return FolderPlace(place, folder, joined(place.label, tree, folder.pk if folder else None))


def joined(label: str, tree: Tree, folder_id: int | None, *names: str) -> str:
    """A path as this member writes it."""
    return "/".join([label, *tree.names(folder_id), *names])


def no_path(path: str) -> NotFound:
    place = path.partition("/")[0]
    return NotFound(f"There is no {path[:200]}.", next=f"list_files {place!r} shows what there is.")
