"""What stands beside the texts of a page: fetched for all of them at once, and only where there is
something, so that an ordinary page asks for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from messaging.fileaccess import shown
from messaging.models import Attachment, Message, Reaction
from messaging.schemas import AttachmentOut
from orgchart.models import Member

NAMED = 20  # of those who reacted alike; the others are counted

Groups = dict[str, list[str]]
"""Handles by emoji."""


@dataclass(frozen=True, slots=True)
class Marks:
    """By id of the member or message."""

    handles: Mapping[int, str] = field(default_factory=dict)
    """of those who deleted or pinned something"""
    reactions: Mapping[int, Groups] = field(default_factory=dict)
    files: Mapping[int, list[AttachmentOut]] = field(default_factory=dict)


NO_MARKS = Marks()


def marks_of(actor: Member, messages: Iterable[Message]) -> Marks:
    """What the messages of a page need beside their rows."""
    messages = list(messages)
    named = {pk for row in messages for pk in (row.deleted_by_id, row.pinned_by_id) if pk}
    reacted = [row.pk for row in messages if row.reaction_count and not row.deleted_at]
    carrying = [row.pk for row in messages if row.file_count and not row.deleted_at]
    if not (named or reacted or carrying):
        return NO_MARKS
    return Marks(
        handles=_handles(named) if named else {},
        reactions=reactions_of(actor, reacted) if reacted else {},
        files=files_of(carrying) if carrying else {},
    )


def _handles(members: Iterable[int]) -> dict[int, str]:
    return dict(Member.objects.filter(pk__in=members).values_list("pk", "handle"))


def files_of(messages: Iterable[int]) -> dict[int, list[AttachmentOut]]:
    """The files that came with these messages, which their reader may see."""
    found: dict[int, list[AttachmentOut]] = {}
    rows = shown(Attachment.objects.filter(message__in=messages)).select_related("file")
    for row in rows.order_by("message_id", "position"):
        file = row.file
        one = AttachmentOut(id=file.pk, name=row.name, size=file.size, type=file.media_type)
        found.setdefault(row.message_id, []).append(one)
    return found


def reactions_of(actor: Member, messages: Iterable[int]) -> dict[int, Groups]:
    """Who reacted how to these messages: the emoji in the order of their first use, the reader
    before others, so that one's own reaction is never among those who are only counted."""
    rows = Reaction.objects.filter(message__in=messages).order_by("pk")
    found: dict[int, Groups] = {}
    for message, emoji, handle in rows.values_list("message_id", "emoji", "member__handle"):
        names = found.setdefault(message, {}).setdefault(emoji, [])
        names.insert(0 if handle == actor.handle else len(names), handle)
    return {message: _shortened(groups) for message, groups in found.items()}


def _shortened(groups: Groups) -> Groups:
    return {
        emoji: [*names[:NAMED], f"+{len(names) - NAMED}"] if len(names) > NAMED else names
        for emoji, names in groups.items()
    }
