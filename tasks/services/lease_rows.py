"""Writing a lease down, and what follows when one ends: whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from audit.ledger import record, text_digest
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import system_member
from tasks import events
from tasks.access import lease_topics
from tasks.book import Book
from tasks.comparing import facts_of_lease
from tasks.models import Lease
from tasks.services.recording import plain
from tasks.times import said

TURN_MINUTES = 5  # to take up what came out of the queue
State = Lease.State


def on(lease: Lease) -> str:
    """The names of a lease, as a sentence has them."""
    return ", ".join(lease.names)


def called(lease: Lease) -> str:
    """A lease as a sentence names it. Only for those who see it."""
    return f"{lease.name} on {on(lease)}"


def keep(
    actor: Member, lease: Lease, kind: str, changes: Mapping[str, Any] | None = None, **data: Any
) -> None:
    """Set these fields, or without any store a new row, and record it. For actions and the reaper
    only."""
    changed = {name: [getattr(lease, name), value] for name, value in (changes or {}).items()}
    for name, value in (changes or {}).items():
        setattr(lease, name, value)
    if changes:
        lease.save(update_fields=[*changes])
    else:
        lease.save(force_insert=True)
    note(actor, lease, kind, changed, **data)


def note(
    actor: Member, lease: Lease, kind: str, changed: Mapping[str, list[Any]], **data: Any
) -> None:
    """Record an event about a lease as it stands now."""
    differing = {
        name: [plain(name, value) for value in pair]
        for name, pair in changed.items()
        if pair[0] != pair[1]
    }
    record(
        kind,
        actor=actor,
        target=f"lease:{lease.pk}",
        topics=lease_topics(lease),
        data={
            "lease": lease.pk,
            "name": lease.name,
            "holder": lease.holder.handle,
            "names": lease.names,
            "on": on(lease),
            "why": text_digest(lease.why),
            "is": facts_of_lease(lease),
            "changed": differing,
            **data,
        },
    )


def begun(lease: Lease, now: datetime, *, turn: bool = False) -> dict[str, Any]:
    """The fields of a lease that begins now; `turn` says that it came out of the queue."""
    minutes = min(lease.minutes, TURN_MINUTES) if turn else lease.minutes
    highest = Lease.objects.filter(token__gt=0).aggregate(highest=Max("token"))["highest"]
    return {
        "state": State.HELD,
        "token": (highest or 0) + 1,
        "held_at": now,
        "ends_at": now + timedelta(minutes=minutes),
        "heartbeat_at": now,
        "taken_up": not turn,
    }


def finished() -> dict[str, Any]:
    """The fields of a lease that is over. Its token stays: nobody gets it again."""
    return {"state": State.OVER, "ends_at": None, "over_at": timezone.now()}


def finish(actor: Member, lease: Lease, kind: str, **data: Any) -> None:
    """End a lease or a place in the queue, and give the turn to who waits for it. For actions
    only."""
    keep(actor, lease, kind, finished(), **data)
    give_turns()


def free_expired(lease: Lease, now: datetime) -> bool:
    """End a lease that is over: compare and set. False if somebody was faster, or it was extended.
    Its holder is told once. For actions and the reaper only."""
    ended = lease.ends_at
    if ended is None or ended > now:
        return False
    fields = finished()
    mine = Lease.objects.filter(pk=lease.pk, token=lease.token, ends_at=ended)
    if not mine.update(**fields):
        return False
    changed = {name: [getattr(lease, name), value] for name, value in fields.items()}
    for name, value in fields.items():
        setattr(lease, name, value)
    note(system_member(), lease, events.LEASE_EXPIRED, changed, ended_at=ended.isoformat())
    again = f"take_lease(names={lease.names}) if you still need it."
    if lease.taken_up:
        over = f"Your lease {called(lease)} ran out at {said(ended)} without a sign of life."
    else:
        over = f"Your turn for {on(lease)} passed at {said(ended)}: nobody took up {lease.name}."
    tell_holder(lease, f"{over} {again}")
    return True


def present_book(now: datetime) -> Book:
    """The book without what has run out, which is freed first, as the reaper does. For actions
    only."""
    book = Book.read(now)
    late = [one for one in book.all if one.state == State.HELD and not one.is_held(now)]
    if not late:
        return book
    for lease in late:
        free_expired(lease, now)
    give_turns()
    return Book.read(now)


def give_turns() -> int:
    """Let everybody who waits and whom nothing keeps waiting any more have their lease; how many.
    For actions and the reaper only."""
    given = 0
    while (lease := Book.read().next_turn()) is not None:
        _give_turn(lease)
        given += 1
    return given


def _give_turn(lease: Lease) -> None:
    keep(system_member(), lease, events.LEASE_GRANTED, begun(lease, timezone.now(), turn=True))
    assert lease.ends_at is not None
    tell_holder(
        lease,
        f"Your turn: {called(lease)} is yours now, until {said(lease.ends_at)}."
        f" extend_lease(lease='{lease.name}') by then keeps it for {lease.minutes} minutes;"
        " without that it goes to the next.",
    )


def tell_holder(lease: Lease, text: str) -> None:
    """Put a sentence into the inbox of the holder, and wake them."""
    if lease.holder.status != Member.Status.RETIRED and lease.holder.kind != Member.Kind.SYSTEM:
        tell(lease.holder, text)
