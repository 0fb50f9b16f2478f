"""Taking a lease on names, or a place in the queue for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen
from django.utils import timezone

from messaging.models import Channel
from orgchart.models import Member
from tasks import events
from tasks.access import access_task
from tasks.book import Book
from tasks.lease_schemas import NamedLease
from tasks.models import Lease, Task
from tasks.names import MOST, kept, name_of, overlapping
from tasks.selectors.leases import LONGEST_HOURS, lease_out, seen
from tasks.services.creating import home_for
from tasks.services.lease_rows import begun, keep, on, present_book
from tasks.times import said
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import clean_line

MINUTES = 30
MOST_EACH = 20  # leases and places in the queue of one member
NAMED = 5  # leases that a refusal names

LeaseMinutes = Annotated[int, Ge(1), Le(LONGEST_HOURS * 60)]
"""How long a lease lasts without a sign of life, in minutes."""


@action(scope="tasks:write")
def take_lease(
    *,
    actor: Member,
    names: Annotated[list[Annotated[str, MaxLen(1000)]], MinLen(1), MaxLen(MOST)],
    minutes: LeaseMinutes = MINUTES,
    why: Annotated[str, MaxLen(500)] = "",
    task: Annotated[str, MaxLen(20)] = "",
    home: Annotated[str, MaxLen(400)] = "",
    wait: bool = False,
) -> NamedLease:
    """Take anything with a name for yourself, for a time: all of the names, or none.

    Files by path or glob ("src/api/**", "web:docs/*.md"), a slot ("deploy:production"), a customer.
    Taken: the error says by whom, until when. With `wait` you stand in the queue and are told when
    it is your turn. With a `task` of yours it ends when that ends, and is seen by whoever sees it;
    else whoever sees `home`, a channel, sees it. extend_lease is the sign of life.
    """
    wanted = kept(names)
    work = _work(actor, task)
    place = _place(actor, home, work)
    now = timezone.now()
    book = present_book(now)
    if (own := _known(actor, book, wanted)) is not None:
        return lease_out(actor, own, note="You have it already; extend_lease makes it longer.")
    _check_own(actor, book, wanted)
    lease = Lease(
        holder=actor, names=wanted, minutes=minutes, why=clean_line("why", why), home=place,
        task=work, asked_at=now, state=Lease.State.WAITING,
    )  # fmt: skip
    if not book.holding(wanted) and not book.ahead(wanted):
        for name, value in begun(lease, now).items():
            setattr(lease, name, value)
        keep(actor, lease, events.LEASE_TAKEN, None, minutes=minutes)
        return lease_out(actor, lease)
    if not wait:
        raise _taken(actor, book, wanted)
    _check_circle(actor, book, wanted)
    keep(actor, lease, events.LEASE_QUEUED, None, minutes=minutes)
    return lease_out(actor, lease, note="You are told when it is your turn.")


def _work(actor: Member, task: str) -> Task | None:
    if not task:
        return None
    found = access_task(actor=actor, task=task)
    if not found.is_open or found.assignee_id != actor.pk:
        raise Conflict(
            f"{found.name} is not your work now, so no lease of yours can end with it.",
            next=f"Claim it first: claim_task(task='{found.name}'), or leave task out.",
            status=found.status,
        )
    return found


def _place(actor: Member, home: str, work: Task | None) -> Channel | None:
    if work is None:
        return home_for(actor, home)
    if home and home_for(actor, home) != work.home:
        raise InvalidInput(
            "A lease for a task is seen by whoever sees the task.",
            fields={"home": "is given already"},
            next="Leave home out.",
        )
    return work.home


def _known(actor: Member, book: Book, wanted: list[str]) -> Lease | None:
    """The lease, or place in the queue, that the actor has on exactly these names."""
    names = {name_of(name) for name in wanted}
    own = (one for one in book.all if one.holder_id == actor.pk)
    return next((one for one in own if {name_of(name) for name in one.names} == names), None)


def _check_own(actor: Member, book: Book, wanted: list[str]) -> None:
    """Raises Conflict for what overlaps a lease of one's own, and for one lease too many."""
    own = [lease for lease in book.all if lease.holder_id == actor.pk]
    for lease in own:
        if common := overlapping(wanted, lease.names):
            raise Conflict(
                f"{', '.join(common)}: you have {lease.name} on {on(lease)} already"
                f" ({lease.state}).",
                next=f"Extend it, or release it first: release_lease(lease='{lease.name}').",
                lease=lease.name,
            )
    if len(own) >= MOST_EACH:
        raise Conflict(
            f"You have {MOST_EACH} leases and places in the queue, which is the most.",
            next="Release one that you need no more: list_leases(which='mine').",
        )


def _check_circle(actor: Member, book: Book, wanted: list[str]) -> None:
    if (entry := book.circle(actor, wanted)) is None:
        return
    known = bool(seen(actor, [entry]))
    who = f"@{entry.holder.handle} ({entry.name} on {on(entry)})" if known else "somebody"
    raise Conflict(
        f"You would wait for each other for ever: {who} waits for what you hold.",
        next="Release what you hold, then take all that you need in one call.",
    )


def _taken(actor: Member, book: Book, wanted: list[str]) -> Conflict:
    """Who holds what, since when, until when, and how long the queue is."""
    held, ahead = book.holding(wanted), book.ahead(wanted)
    known = {lease.pk for lease in seen(actor, held)}
    facts = [_fact(lease, wanted, known=lease.pk in known) for lease in held[:NAMED]]
    sentences = [_sentence(fact) for fact in facts]
    if len(held) > NAMED:
        sentences.append(f"{len(held) - NAMED} more leases are in the way")
    if ahead:
        waiting = "1 other waits" if len(ahead) == 1 else f"{len(ahead)} others wait"
        sentences.append(f"{waiting} for it")
    return Conflict(
        f"Nothing was taken. {'; '.join(sentences)}.",
        next="Send it again with wait=true to stand in the queue, or take other names.",
        overlaps=facts,
        position=len(ahead) + 1,
    )


def _fact(lease: Lease, wanted: list[str], *, known: bool) -> dict[str, Any]:
    """What a refusal says of a lease. Of a hidden one only what whoever asks has to know: which of
    their own names are taken, and until when."""
    assert lease.ends_at is not None
    assert lease.held_at is not None
    fact: dict[str, Any] = {
        "names": overlapping(wanted, lease.names),
        "until": lease.ends_at.isoformat(timespec="seconds"),
    }
    if known:
        latest = lease.held_at + timedelta(hours=LONGEST_HOURS)
        fact |= {
            "lease": lease.name,
            "on": overlapping(lease.names, wanted),
            "holder": f"@{lease.holder.handle}",
            "why": lease.why,
            "since": lease.held_at.isoformat(timespec="seconds"),
            "latest": latest.isoformat(timespec="seconds"),
        }
    return fact


def _sentence(fact: dict[str, Any]) -> str:
    names = ", ".join(fact["names"])
    until = said(_time(fact["until"]))
    if "holder" not in fact:
        return f"{names} is taken until {until}, unless that is extended"
    why = f" ({fact['why']})" if fact["why"] else ""
    return (
        f"{names} is taken: {fact['holder']} holds {', '.join(fact['on'])} as {fact['lease']}{why}"
        f" since {said(_time(fact['since']))}, until {until} unless they extend it, and"
        f" {said(_time(fact['latest']))} at the latest"
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
