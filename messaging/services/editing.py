"""Editing: another text for the same message, and who needs to hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from annotated_types import Ge, Le
from django.utils import timezone

from audit.ledger import record, text_digest
from audit.topics import inbox_topic
from messaging import events, hot, implied
from messaging.access import Place, access_message, place_name, place_of, topics_of
from messaging.audience import Audience, audience_of, mentions_of
from messaging.models import Delivery, Message, MessageVersion
from messaging.schemas import Edited
from messaging.selectors.messages import RowId
from messaging.selectors.versions import text_is_gone
from messaging.services.discussions import admit_named
from messaging.services.sending import RANKS
from messaging.texts import Body, clean_body
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

Version = Annotated[int, Ge(1), Le(2**31 - 1)]


@dataclass(slots=True)
class Told:
    """Whose inboxes an edit changed: handles by id."""

    fresh: dict[int, str] = field(default_factory=dict)
    withdrawn: dict[int, str] = field(default_factory=dict)


@action(scope="messages:write", implies={"send_message": implied.said_anew})
def edit_message(
    *, actor: Member, message_id: RowId, body: Body, version: Version | None = None
) -> Edited:
    """Give your own message another text. Its earlier versions stay readable.

    Pass the `version` that you know (1 where the message shows none): if somebody edited it since,
    nothing is changed and you get the present text. Who is named newly finds it in the inbox; who
    was offered it before is not told again.
    """
    body = clean_body(body)
    message = access_message(actor=actor, message_id=message_id)
    place = place_of(actor, message)
    _check_editable(actor, place, message, version)
    if body == message.body:
        return _edited(place, message, Told(), Audience(actor))
    before = message.body
    _replace(message, body)
    admit_named(actor, place.channel, body)
    heard = audience_of(actor, place, body)
    told = _tell(actor, place, message, before, heard)
    _record(actor, place, message, before, told)
    return _edited(place, message, told, heard)


def _check_editable(actor: Member, place: Place, message: Message, version: int | None) -> None:
    if message.author_id != actor.pk:
        raise Forbidden(
            f"Message {message.pk} is @{message.author.handle}'s; only its author can edit it.",
            next=f"Answer it: send to 'thread:{message.thread_id or message.pk}'.",
        )
    if message.deleted_at:
        raise text_is_gone(message)
    if place.channel.archived_at is not None:
        raise Conflict(
            f"{place.label} is archived; its history can be read.",
            next="An archived channel can be opened again by who created it, or by an admin.",
        )
    if version is not None and version != message.version:
        raise _outdated(message)


def _outdated(message: Message) -> Conflict:
    return Conflict(
        f"Message {message.pk} is at version {message.version} by now; nothing was changed.",
        next=f"Look at its present text, then edit it with version={message.version}.",
        version=message.version,
        edited_at=message.edited_at.isoformat() if message.edited_at else None,
        body=message.body,
    )


def _replace(message: Message, body: str) -> None:
    """Keep the present text as a version and put another in its place."""
    known, written = message.version, message.edited_at or message.created_at
    MessageVersion.objects.create(
        message=message, number=known, body=message.body, written_at=written
    )
    message.body, message.version, message.edited_at = body, known + 1, timezone.now()
    rows = Message.objects.filter(pk=message.pk, version=known, deleted_at=None)
    changed = rows.update(body=body, version=message.version, edited_at=message.edited_at)
    if not changed:  # by another process, between our look and now
        message.refresh_from_db()
        raise _outdated(message)


def _tell(actor: Member, place: Place, message: Message, before: str, heard: Audience) -> Told:
    """Bring the deliveries into line with whom the text names now."""
    old, new = mentions_of(actor, place, before), mentions_of(actor, place, message.body)
    rows = {row.recipient_id: row for row in _rows_of(message)}
    told = Told()
    _add(message, place, {pk for pk in new.reasons if pk not in old.reasons}, rows, heard, told)
    gone = [rows[pk] for pk in old.reasons if pk not in new.reasons and pk in rows]
    _take_back(gone, heard, told, message.edited_at)
    return told


def _rows_of(message: Message) -> list[Delivery]:
    return list(Delivery.objects.filter(message=message, round=0).select_related("recipient"))


def _add(
    message: Message,
    place: Place,
    named: set[int],
    rows: dict[int, Delivery],
    heard: Audience,
    told: Told,
) -> None:
    """New deliveries, and those that an earlier edit took back before anybody saw them."""
    fresh = {pk: "mention" for pk in heard.reasons if pk in named and pk not in rows}
    hot.insert_deliveries(message, fresh, RANKS[message.priority], message.edited_at)
    again = [
        row for pk, row in rows.items()
        if pk in named and row.withdrawn_reason == Delivery.Withdrawn.EDITED
    ]  # fmt: skip
    back = Delivery.objects.filter(pk__in=[row.pk for row in again])
    back.update(withdrawn_at=None, withdrawn_reason="", reason="mention")
    told.fresh = {
        pk: heard.names[pk]
        for pk in [*fresh, *(row.recipient_id for row in again)]
        if pk in heard.names
    }


def _take_back(gone: list[Delivery], heard: Audience, told: Told, at: datetime | None) -> None:
    """Who is no longer named keeps what was offered; else it goes, unless it is theirs anyway."""
    unseen = [
        row for row in gone
        if row.reason == Delivery.Reason.MENTION
        and row.offered_at is None and row.acknowledged_at is None and row.withdrawn_at is None
    ]  # fmt: skip
    for reason in {heard.reasons[row.recipient_id] for row in unseen if _still(heard, row)}:
        kept = [r.pk for r in unseen if heard.reasons.get(r.recipient_id) == reason]
        Delivery.objects.filter(pk__in=kept).update(reason=reason)
    leaving = [row for row in unseen if not _still(heard, row)]
    Delivery.objects.filter(pk__in=[row.pk for row in leaving]).update(
        withdrawn_at=at, withdrawn_reason=Delivery.Withdrawn.EDITED
    )
    told.withdrawn = {row.recipient_id: f"@{row.recipient.handle}" for row in leaving}


def _still(heard: Audience, row: Delivery) -> bool:
    return row.recipient_id in heard.reasons


def _edited(place: Place, message: Message, told: Told, heard: Audience) -> Edited:
    return Edited(
        id=message.pk,
        where=f"thread:{message.thread_id}" if message.thread_id else place.label,
        version=message.version,
        edited_at=message.edited_at,
        to=list(told.fresh.values()),
        withdrawn=list(told.withdrawn.values()),
        outsiders=heard.outsiders,
        unknown=heard.unknown,
    )


def _record(actor: Member, place: Place, message: Message, before: str, told: Told) -> None:
    record(
        events.MESSAGE_EDITED,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[
            *topics_of(place.channel),
            f"message-{message.pk}",
            *map(inbox_topic, told.fresh),
            *(f"member-{pk}" for pk in told.withdrawn),
        ],
        data={
            "message": message.pk,
            "where": place_name(place.channel),
            "channel": place.channel.pk,
            "seq": message.seq,
            "thread": message.thread_id,
            "version": message.version,
            "changed": {"sha256": [text_digest(before), text_digest(message.body)]},
            "for": list(told.fresh),
            "withdrawn": list(told.withdrawn),
        },
    )
