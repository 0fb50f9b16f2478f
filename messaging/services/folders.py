"""Folders of a channel: making, moving, renaming and deleting; and where files lie in them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from audit.ledger import record, text_digest
from messaging import events
from messaging.access import Place, access_place, place_name, topics_of
from messaging.fileaccess import Tree, joined, no_path, shown
from messaging.filenames import (
    DEPTH,
    Path,
    clean_file_name,
    clean_folder_name,
    key_of,
    split_path,
)
from messaging.fileschemas import FolderOut, Moved
from messaging.models import Attachment, Folder
from messaging.services.attaching import rename_rows
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput

FOLDERS_LIMIT = 500  # in one channel: all of them are read at once


@action(scope="messages:write")
def create_folder(*, actor: Member, path: Path) -> FolderOut:
    """Make a folder in a channel or conversation that you are in: "#general/reports"."""
    place, tree, parts = _opened(actor, path)
    name = clean_folder_name(parts[-1])
    parent = tree.walk(place, parts[:-1])
    _check_free(place, tree, parent, name)
    if len(parts) > DEPTH or len(tree.folders) >= FOLDERS_LIMIT:
        raise Conflict(
            f"A channel has at most {FOLDERS_LIMIT} folders, {DEPTH} deep.",
            next="Use one of the folders that are there.",
        )
    folder = Folder.objects.create(
        channel=place.channel,
        parent=parent,
        name=name,
        key=key_of(name),
        created_by=actor,
        created_at=timezone.now(),
    )
    _record(events.FOLDER_CREATED, actor, place, f"folder:{folder.pk}", name=name)
    return FolderOut(path="/".join([place.label, *parts[:-1], name]), name=name)


@action(scope="messages:write")
def move_file(*, actor: Member, path: Path, to: Path) -> Moved:
    """Move or rename a file (with all its versions) or a folder, within its channel.

    `to` is the folder that it goes into, if there is one of that path, else its new path. A name
    that is taken there is refused.
    """
    place, tree, parts = _opened(actor, path)
    target, into, name = _target(actor, place, tree, to, parts[-1])
    parent = tree.walk(place, parts[:-1])
    folder = tree.named(place.channel.pk, parent, parts[-1])
    if folder is not None:
        _move_folder(actor, place, tree, folder, into, name)
    else:
        _move_file(actor, place, tree, parent, parts, into, name)
    return Moved(path=target)


def _target(
    actor: Member, place: Place, tree: Tree, to: str, name: str
) -> tuple[str, Folder | None, str]:
    """The new path, its folder and its last name."""
    where, parts = split_path(to)
    if access_place(actor=actor, where=where).channel.pk != place.channel.pk:
        raise Conflict(
            f"What lies in {place.label} stays there.",
            next="Post the file in the other place too: send(files=[id]).",
        )
    folder: Folder | None = None
    for depth, part in enumerate(parts):
        inside = tree.named(place.channel.pk, folder, part)
        if inside is None and depth == len(parts) - 1:
            name = part
        elif inside is None:
            raise no_path("/".join([place.label, *parts[: depth + 1]]))
        else:
            folder = inside
    return joined(place.label, tree, folder.pk if folder else None, name), folder, name


def _move_folder(
    actor: Member, place: Place, tree: Tree, folder: Folder, into: Folder | None, name: str
) -> None:
    name = clean_folder_name(name)
    above = into
    while above is not None:
        if above.pk == folder.pk:
            raise Conflict(
                f"{folder.name} cannot go into itself.", next="Choose a folder outside of it."
            )
        above = tree.folders[above.parent_id] if above.parent_id else None
    if (into.pk if into else None) != folder.parent_id or key_of(name) != folder.key:
        _check_free(place, tree, into, name)
    if len(tree.names(into.pk if into else None)) + _height(tree, folder) > DEPTH:
        raise Conflict(f"Folders go {DEPTH} deep.", next="Move it further up.")
    folder.parent, folder.name, folder.key = into, name, key_of(name)
    folder.save(update_fields=["parent", "name", "key"])
    _record(events.FOLDER_MOVED, actor, place, f"folder:{folder.pk}", name=name)


def _height(tree: Tree, folder: Folder) -> int:
    """How many levels a folder takes, itself included."""
    below = tree.below(folder.channel_id, folder)
    return 1 + max((_height(tree, one) for one in below), default=0)


def _move_file(
    actor: Member,
    place: Place,
    tree: Tree,
    parent: Folder | None,
    parts: list[str],
    into: Folder | None,
    name: str,
) -> None:
    name = clean_file_name(name)
    here = Attachment.objects.filter(channel=place.channel, folder=parent, key=key_of(parts[-1]))
    if not shown(here).exists():
        raise no_path("/".join([place.label, *parts]))
    same = into == parent and key_of(name) == key_of(parts[-1])
    if not same:
        _check_free(place, tree, into, name)
    rows = list(here.order_by("version"))
    if same:
        here.update(name=name)
    else:
        rename_rows(rows, into, name)
    files = sorted({row.file_id for row in rows})
    _record(events.FILE_MOVED, actor, place, f"file:{files[-1]}", name=name, files=files)


@action(scope="messages:write")
def delete_folder(*, actor: Member, path: Path) -> FolderOut:
    """Delete an empty folder."""
    place, tree, parts = _opened(actor, path)
    folder = tree.walk(place, parts)
    assert folder is not None
    rows = Attachment.objects.filter(folder=folder)
    if tree.below(place.channel.pk, folder) or shown(rows).exists():
        raise Conflict(f"{folder.name} is not empty.", next="Move what is in it first: move_file.")
    parent = tree.folders[folder.parent_id] if folder.parent_id else None
    for name in set(rows.values_list("name", flat=True)):  # of files that nobody sees any more
        rename_rows(list(rows.filter(name=name).order_by("version")), parent, name)
    _record(events.FOLDER_DELETED, actor, place, f"folder:{folder.pk}", name=folder.name)
    answer = FolderOut(path="/".join([place.label, *parts]), name=folder.name)
    folder.delete()
    return answer


def _opened(actor: Member, path: str) -> tuple[Place, Tree, list[str]]:
    """The place of a path in which the actor may put things in order, and the names below it."""
    where, parts = split_path(path)
    place = access_place(actor=actor, where=where)
    if not parts or place.thread is not None:
        raise InvalidInput(
            f"{path[:80]!r} names no file or folder of a channel.",
            fields={"path": "no name after the channel"},
            next="Write it out from the channel on, such as '#general/reports'.",
        )
    if place.membership is None:
        raise Conflict(f"You are not in {place.label}.", next=f"Call join_channel {place.label}.")
    if place.channel.archived_at is not None:
        raise Conflict(
            f"{place.label} is archived; its files can be read.", next="Leave them as they are."
        )
    return place, Tree([place.channel.pk]), parts


def _check_free(place: Place, tree: Tree, parent: Folder | None, name: str) -> None:
    """Raises Conflict where a file or folder has this name already."""
    channel, key = place.channel.pk, key_of(name)
    files = shown(Attachment.objects.filter(channel=channel, folder=parent, key=key))
    if tree.named(channel, parent, name) is not None or files.exists():
        path = joined(place.label, tree, parent.pk if parent else None, name)
        raise Conflict(f"{path} exists already.", next="Choose another name.")


def _record(kind: str, actor: Member, place: Place, target: str, *, name: str, **data: Any) -> None:
    record(
        kind,
        actor=actor,
        target=target,
        topics=topics_of(place.channel),
        data={
            "channel": place.channel.pk,
            "where": place_name(place.channel),
            "name_sha256": text_digest(name),
            **data,
        },
    )
