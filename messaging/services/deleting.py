"""Deleting hides a text for good; erasing destroys it. Either way its place stays in the order."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.utils import timezone
from django_q.tasks import async_task

from audit.ledger import record, text_digest
from messaging import events
from messaging.access import Place, access_message, place_name, place_of, topics_of
from messaging.models import Delivery, Message, Schedule
from messaging.schemas import Deleted
from messaging.selectors.messages import RowId
from messaging.selectors.versions import text_is_gone
from messaging.services.attaching import forget_files
from orgchart.models import Member
from teammcp.core import client_keys
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import clean_line

RUNNING = [Schedule.State.ACTIVE, Schedule.State.PAUSED]
SCHEDULING = ("schedule_message", "update_schedule", "cancel_schedule")
CLEANING = "messaging.jobs.forget_erased"
GONE = ("deleted_at", "deleted_by", "deleted_reason", "pinned_at", "pinned_by")


@action(scope="messages:write")
def delete_message(
    *,
    actor: Member,
    message_id: RowId,
    reason: Annotated[str, MaxLen(250)] = "",
    erase: bool = False,
) -> Deleted:
    """Take your own message away. Admins may take away any that they can read, with a reason.

    Its place stays and says who deleted it; the text is shown to nobody and leaves every inbox.
    With erase=true the text and all its versions are destroyed, which nobody can undo.
    """
    message = access_message(actor=actor, message_id=message_id)
    reason = clean_line("reason", reason)
    _check(actor, message, reason, erase=erase)
    place = place_of(actor, message)
    digest = text_digest(message.body)
    message.deleted_at, message.deleted_by, message.deleted_reason = timezone.now(), actor, reason
    message.pinned_at = message.pinned_by = None
    message.save(update_fields=GONE)
    left = _withdraw(message)
    versions = _erase(message) if erase else 0
    _record(actor, place, message, digest, left, versions)
    return Deleted(
        id=message.pk,
        where=place.label,
        deleted_at=message.deleted_at,
        erased=erase,
        withdrawn=len(left),
    )


def _check(actor: Member, message: Message, reason: str, *, erase: bool) -> None:
    if message.author_id != actor.pk:
        if not actor.has_scope("admin"):
            raise Forbidden(
                f"Message {message.pk} is @{message.author.handle}'s; only its author or an admin"
                " can delete it.",
                next=f"Ask @{message.author.handle}, or an admin.",
            )
        if not reason:
            raise InvalidInput(
                "What others wrote is deleted with a reason; everybody sees it in its place.",
                fields={"reason": "missing"},
                next="Pass a reason of one line.",
            )
    if message.erased_at or (message.deleted_at and not erase):
        raise text_is_gone(message)
    if erase:
        _check_schedules(message)


def _check_schedules(message: Message) -> None:
    """A text that a schedule still holds would come back."""
    row = Schedule.objects.filter(history__message=message, state__in=RUNNING).first()
    if row is not None:
        raise Conflict(
            f"Schedule {row.pk} of @{row.author.handle} says the same again; nothing was erased.",
            next=f"Call cancel_schedule {row.pk} first, then erase the message.",
        )


def _withdraw(message: Message) -> list[int]:
    """Take it out of every inbox, reminders included. Gives the members whose inbox it left."""
    rows = Delivery.objects.filter(message=message, acknowledged_at=None)
    waiting = rows.filter(withdrawn_at=None)
    left = list(waiting.values_list("recipient_id", flat=True))
    waiting.update(withdrawn_at=message.deleted_at)
    # Who comes back finds it gone, and no dead letter of it can be sent again.
    rows.update(withdrawn_reason=Delivery.Withdrawn.DELETED, dead_at=None, dead_reason="")
    return list(dict.fromkeys(left))


def _erase(message: Message) -> int:
    """Destroy the text, its versions and what it was answered with. Gives the count of texts.

    What the index and the log of the database still hold is overwritten by a job that is queued
    with the same commit.
    """
    message.body, message.erased_at = "", message.deleted_at
    message.version, message.edited_at, message.reaction_count = 1, None, 0
    message.save(update_fields=["body", "erased_at", "version", "edited_at", "reaction_count"])
    message.reactions.all().delete()
    forget_files(message)
    for row in Schedule.objects.filter(history__message=message).distinct():
        row.body = ""
        row.save(update_fields=["body"])
        client_keys.blank(SCHEDULING, about=row.pk, field="body")
    versions, _ = message.versions.all().delete()
    async_task(CLEANING)
    return versions + 1


def _record(
    actor: Member, place: Place, message: Message, digest: str, left: list[int], texts: int
) -> None:
    record(
        events.MESSAGE_ERASED if texts else events.MESSAGE_DELETED,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[
            *topics_of(place.channel),
            f"message-{message.pk}",
            *(f"member-{pk}" for pk in left),
        ],
        data={
            "message": message.pk,
            "where": place_name(place.channel),
            "channel": place.channel.pk,
            "seq": message.seq,
            "thread": message.thread_id,
            "author": message.author.handle,
            "reason": message.deleted_reason,
            "sha256": digest,
            "withdrawn": left,
            **({"texts": texts} if texts else {}),
        },
    )
