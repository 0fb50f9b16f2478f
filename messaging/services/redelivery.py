"""Dead letters: what was offered again and again, or fetched by nobody, and never acknowledged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.ledger import record
from audit.topics import inbox_topic
from messaging import events
from messaging.access import visible_channels
from messaging.models import Delivery
from messaging.models.deliveries import OFFERS
from messaging.schemas import DeadLetter
from messaging.selectors.redelivery import dead_letter_out, visible_dead_letters
from messaging.services.notes import tell
from messaging.services.offering import AGAIN_AFTER
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, NotFound
from teammcp.core.ticker import every

UNFETCHED = timedelta(days=7)  # stored and never even offered: its reader does not come any more
SWEEP_SECONDS = 60
AT_ONCE = 100  # per sweep: the lane has other work


@every(SWEEP_SECONDS)
def sweep() -> None:
    """Set aside what is due now. Safe in any number of processes: each row changes once."""
    bury(timezone.now())


def bury(now: datetime) -> int:
    """Turn deliveries that nobody acknowledged into dead letters; how many. The sender of each
    hears of it once."""
    due = [*_tired(now)[:AT_ONCE], *_unfetched(now)[:AT_ONCE]]
    for row in due:
        _bury(row, now)
    return len(due)


def _open() -> QuerySet[Delivery]:
    # Reminders are their member's own affair: no sender hears of them, so they never die.
    rows = Delivery.objects.filter(acknowledged_at=None, withdrawn_at=None, round=0)
    return rows.select_related("message__author", "message__channel", "recipient")


def _tired(now: datetime) -> QuerySet[Delivery]:
    rows = _open().filter(offers__gte=OFFERS, last_offered_at__lt=now - AGAIN_AFTER)
    return rows.order_by("last_offered_at")


def _unfetched(now: datetime) -> QuerySet[Delivery]:
    """Not for those who are paused: their mail waits until they are back."""
    rows = _open().filter(offers=0, offered_at=None, stored_at__lt=now - UNFETCHED)
    return rows.exclude(recipient__status=Member.Status.PAUSED).order_by("pk")


def _bury(row: Delivery, now: datetime) -> None:
    reason = _reason(row)
    Delivery.objects.filter(pk=row.pk).update(
        withdrawn_at=now,
        withdrawn_reason=Delivery.Withdrawn.DEAD,
        dead_at=now,
        dead_reason=reason,
    )
    sender, house = row.message.author, system_member()
    record(
        events.DEAD_LETTER,
        actor=house,
        target=f"message:{row.message_id}",
        topics=[f"member-{row.recipient_id}", f"member-{sender.pk}"],
        data={
            "delivery": row.pk,
            "message": row.message_id,
            "handle": row.recipient.handle,
            "offers": row.offers,
        },
    )
    if sender.kind != Member.Kind.SYSTEM and sender.status != Member.Status.RETIRED:
        tell(
            sender,
            f"Your message {row.message_id} to @{row.recipient.handle} waits as a dead letter:"
            f" {reason}. `redeliver(delivery={row.pk})` puts it into the inbox again.",
        )


def _reason(row: Delivery) -> str:
    if row.offers:
        return f"offered {row.offers} times and never acknowledged"
    return f"not fetched by anybody for {UNFETCHED.days} days"


@action(scope="messages:write")
def redeliver(*, actor: Member, delivery: Annotated[int, Ge(1), Le(2**62)]) -> DeadLetter:
    """Put a dead letter into its recipient's inbox again, under the same delivery id.

    For its sender, its recipient, and admins who can see its channel.
    """
    row = visible_dead_letters(actor).filter(pk=delivery).first()
    if row is None:
        raise _absent(actor, delivery)
    if row.recipient.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{row.recipient.handle} is retired and reads no messages.",
            next="Send it to somebody else: find_people shows who can help.",
        )
    row.offers, row.last_offered_at = 0, None
    row.withdrawn_at = row.dead_at = None
    row.withdrawn_reason = row.dead_reason = ""
    row.save()
    record(
        events.REDELIVERED,
        actor=actor,
        target=f"message:{row.message_id}",
        topics=[
            f"member-{row.recipient_id}",
            f"member-{row.message.author_id}",
            inbox_topic(row.recipient_id),
        ],
        data={"delivery": row.pk, "message": row.message_id, "handle": row.recipient.handle},
    )
    return dead_letter_out(actor, row)


def _absent(actor: Member, delivery: int) -> Conflict | NotFound:
    """A delivery that one may see but that is not dead is in a state of its own; else absent."""
    mine = Q(recipient=actor) | Q(message__author=actor)
    row = Delivery.objects.filter(
        mine, pk=delivery, message__channel__in=visible_channels(actor)
    ).first()
    if row is not None and row.acknowledged_at is not None:
        return Conflict(
            f"Delivery {delivery} was acknowledged at {row.acknowledged_at:%Y-%m-%d %H:%M} UTC.",
            next="Nothing has to be sent again.",
        )
    if row is not None and row.withdrawn_at is None:
        return Conflict(
            f"Delivery {delivery} is in the inbox of its recipient; it is no dead letter.",
            next="list_deliveries shows whether it was offered.",
        )
    return NotFound(
        f"There is no dead letter {delivery}.", next="list_dead_letters shows what there is."
    )
