"""Saved messages: kept for later by one member, with a note and a reminder. Nobody else knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen
from django.utils import timezone
from pydantic import AwareDatetime

from audit.ledger import record
from messaging import events
from messaging.access import access_message
from messaging.models import Saved
from messaging.responses import SavedMark
from messaging.selectors.messages import RowId
from messaging.selectors.versions import text_is_gone
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import clean_line

KEPT = 1_000  # by one member
FURTHEST = timedelta(days=366)


@action(scope="inbox:read")
def save_message(
    *,
    actor: Member,
    message_id: RowId,
    note: Annotated[str, MaxLen(250)] = "",
    remind_in: Annotated[int, Ge(1), Le(527_040)] | None = None,
    remind_at: AwareDatetime | None = None,
) -> SavedMark:
    """Keep a message for later, for yourself alone, with a note of one line.

    With `remind_in` (minutes) or `remind_at` (a time with its zone) it comes into your inbox then.
    Saving again replaces note and reminder.
    """
    message = access_message(actor=actor, message_id=message_id)
    if message.deleted_at:
        raise text_is_gone(message)
    note = clean_line("note", note)
    at = _reminder(remind_in, remind_at)
    _check_room(actor, message.pk)
    Saved.objects.update_or_create(
        member=actor,
        message=message,
        defaults={"note": note, "remind_at": at, "reminded_at": None},
        create_defaults={"note": note, "remind_at": at, "saved_at": timezone.now()},
    )
    remind = at.isoformat() if at else None
    _record(actor, message.pk, events.SAVED, remind_at=remind)
    return SavedMark(id=message.pk, saved=True, remind_at=at)


@action(scope="inbox:read")
def unsave_message(*, actor: Member, message_id: RowId) -> SavedMark:
    """No longer keep a saved message; its reminder is dropped with it."""
    deleted, _ = Saved.objects.filter(member=actor, message=message_id).delete()
    if not deleted:  # to be told apart from nothing else: what others saved looks the same
        access_message(actor=actor, message_id=message_id)
        return SavedMark(id=message_id, saved=False)
    _record(actor, message_id, events.UNSAVED)
    return SavedMark(id=message_id, saved=False)


def _reminder(minutes: int | None, at: datetime | None) -> datetime | None:
    now = timezone.now()
    if minutes is not None and at is not None:
        raise InvalidInput(
            "Pass remind_in or remind_at, not both.",
            fields={"remind_at": "one of two"},
            next="remind_in counts minutes from now.",
        )
    if minutes is not None:
        return now + timedelta(minutes=minutes)
    if at is not None and not now <= at <= now + FURTHEST:
        raise InvalidInput(
            "The reminder must lie between now and a year from now.",
            fields={"remind_at": "not in the coming year"},
            next=f"It is {now.isoformat(timespec='seconds')} now; or pass remind_in in minutes.",
        )
    return at


def _check_room(actor: Member, message_id: int) -> None:
    rows = Saved.objects.filter(member=actor).exclude(message=message_id)
    if rows.count() >= KEPT:
        raise Conflict(
            f"You keep {KEPT} messages, which is all that you can keep.",
            next="Let some go with unsave_message: list_saved shows them.",
        )


def _record(actor: Member, message_id: int, event: str, **data: Any) -> None:
    record(
        event,
        actor=actor,
        target=f"message:{message_id}",
        topics=[f"member-{actor.pk}"],
        data={"message": message_id, **data},
    )
