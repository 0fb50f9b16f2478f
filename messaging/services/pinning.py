"""Pins: what a channel keeps at hand for everybody in it."""

from __future__ import annotations

from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import Place, access_message, place_name, place_of, topics_of
from messaging.models import Channel, Message
from messaging.responses import Pin
from messaging.selectors.messages import RowId
from messaging.selectors.versions import text_is_gone
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

PINS = 100  # in one channel


@action(scope="messages:write")
def pin_message(*, actor: Member, message_id: RowId) -> Pin:
    """Keep a message at hand for everybody in its channel; you must be in it. At most 100 each."""
    message = access_message(actor=actor, message_id=message_id)
    place = place_of(actor, message)
    _check_open(place)
    if message.deleted_at:
        raise text_is_gone(message)
    if message.pinned_at is None:
        _check_room(place)
        message.pinned_at, message.pinned_by = timezone.now(), actor
        _save(actor, place, message, events.PINNED)
    return _pin(place, message)


@action(scope="messages:write")
def unpin_message(*, actor: Member, message_id: RowId) -> Pin:
    """Take a pin off: for who pinned it, who opened the channel, and admins who can see it."""
    message = access_message(actor=actor, message_id=message_id)
    place = place_of(actor, message)
    _check_open(place)
    if message.pinned_at is not None:
        allowed = {message.pinned_by_id, place.channel.created_by_id}
        if actor.pk not in allowed and not actor.has_scope("admin"):
            pinner = message.pinned_by.handle if message.pinned_by else ""
            raise Forbidden(
                f"@{pinner} pinned message {message.pk}; only they, who opened {place.label}, or an"
                " admin can unpin it.",
                next=f"Ask @{pinner}.",
            )
        message.pinned_at = message.pinned_by = None
        _save(actor, place, message, events.UNPINNED)
    return _pin(place, message)


def _check_open(place: Place) -> None:
    if place.channel.archived_at is not None:
        raise Conflict(
            f"{place.label} is archived; its history can be read.",
            next="An archived channel can be opened again by who created it, or by an admin.",
        )
    if place.membership is None:
        raise Conflict(f"You are not in {place.label}.", next=f"Call join_channel {place.label}.")


def _check_room(place: Place) -> None:
    Channel.objects.select_for_update().get(pk=place.channel.pk)  # two may pin the last one
    pins = Message.objects.filter(channel=place.channel, pinned_at__isnull=False).count()
    if pins >= PINS:
        raise Conflict(
            f"{place.label} has {PINS} pins, which is all that it can have.",
            next="Unpin what is no longer needed: list_pins shows them.",
        )


def _save(actor: Member, place: Place, message: Message, event: str) -> None:
    message.save(update_fields=["pinned_at", "pinned_by"])
    channel = place.channel
    record(
        event,
        actor=actor,
        target=f"message:{message.pk}",
        topics=[*topics_of(channel), f"message-{message.pk}", f"pins-{channel.pk}"],
        data={
            "message": message.pk,
            "where": place_name(channel),
            "channel": channel.pk,
            "seq": message.seq,
            "thread": message.thread_id,
        },
    )


def _pin(place: Place, message: Message) -> Pin:
    return Pin(
        id=message.pk,
        where=place.label,
        pinned_at=message.pinned_at,
        pinned_by=message.pinned_by.handle if message.pinned_by else None,
    )
