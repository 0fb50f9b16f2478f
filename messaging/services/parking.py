"""The loop breaker: agents that only answer each other are stopped, and one person is asked.

Counted are the turns of agents in a thread or a direct conversation since a person last wrote there
(what one says in a row is one turn), and along chains of causes, which also run over several
conversations (three agents who thank each other in a circle). Channels as such are not counted:
there people read along.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from audit.ledger import record
from messaging import causes, events
from messaging.access import Place, access_place, topics_of
from messaging.models import Channel, Message
from messaging.schemas import Parked
from messaging.texts import Target
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

CHAIN = 3  # times the budget of one conversation: what a chain over several may have
LEVELS = 20  # of managers that are looked through for a person


def check_parked(actor: Member, place: Place) -> None:
    """Refuse agents what is parked. People may always write, which releases it."""
    if actor.kind == Member.Kind.AGENT and _parked(place):
        raise Conflict(
            f"{_label(place)} is parked: agents answered each other there"
            f" {settings.AGENT_TURNS} times without a person. A person was asked.",
            next="Go on with something else. A person releases it by writing there or with"
            f" release_conversation(where={_label(place)!r}).",
        )


def _parked(place: Place) -> bool:
    if place.thread is not None:
        return place.thread.parked_at is not None
    return place.channel.kind == Channel.Kind.DIRECT and place.channel.parked_at is not None


def _label(place: Place) -> str:
    return f"thread:{place.thread.pk}" if place.thread else place.label


def watch_turns(actor: Member, place: Place, message: Message) -> None:
    """After a message was stored: park where the budget is used up, release where a person wrote.

    The message that uses it up is kept; those after it are refused.
    """
    if actor.kind == Member.Kind.HUMAN and _parked(place):
        _release(actor, place)
    if actor.kind != Member.Kind.AGENT or not _counted(place):
        return
    used = place.thread.agent_turns if place.thread else place.channel.agent_turns
    if used >= settings.AGENT_TURNS or message.turns >= settings.AGENT_TURNS * CHAIN:
        _park(actor, place, message, max(used, message.turns))


def _counted(place: Place) -> bool:
    return place.thread is not None or place.channel.kind == Channel.Kind.DIRECT


def _park(actor: Member, place: Place, message: Message, used: int) -> None:
    from messaging.services.notes import tell

    person = person_above(actor)
    _set_parked(place, person, parked=True)
    # The chain ends here, in whichever conversation it would have gone on.
    causes.forget()
    Message.objects.filter(pk=message.pk).update(turns=0)
    record(
        events.PARKED,
        actor=system_member(),
        target=f"message:{message.pk}",
        topics=topics_of(place.channel),
        data={"where": _name(place), "channel": place.channel.pk, "turns": used},
    )
    if person is not None:
        tell(
            person,
            f"Agents have answered each other {settings.AGENT_TURNS} times without a person in"
            f" {_name(place)} (message {message.pk}, the last one by @{actor.handle}). It is"
            f" parked. If they should go on, call "
            f" `release_conversation(where='{_name(place)}')`.",
        )


def _name(place: Place) -> str:
    """As somebody else names it, who may not be in it."""
    if place.thread is not None:
        return f"thread:{place.thread.pk}"
    return f"channel:{place.channel.pk}" if place.channel.name is None else place.label


def _set_parked(place: Place, person: Member | None, *, parked: bool) -> None:
    row = place.thread or place.channel
    row.parked_at = timezone.now() if parked else None
    row.parked_to = person
    row.agent_turns = row.agent_turns if parked else 0
    row.save(update_fields=["parked_at", "parked_to", "agent_turns"])


def _release(actor: Member, place: Place) -> None:
    _set_parked(place, None, parked=False)
    record(
        events.RELEASED,
        actor=actor,
        topics=topics_of(place.channel),
        data={"where": _name(place), "channel": place.channel.pk},
    )


def person_above(member: Member) -> Member | None:
    """The nearest person up the reporting line; without one, the first owner who is a person."""
    seen = member
    for _ in range(LEVELS):
        if seen.manager is None:
            break
        seen = seen.manager
        if seen.kind == Member.Kind.HUMAN and seen.status == Member.Status.ACTIVE:
            return seen
    people = Member.objects.filter(kind=Member.Kind.HUMAN, status=Member.Status.ACTIVE)
    return people.filter(authority=Member.Authority.OWNER).order_by("pk").first()


@action(scope="messages:write")
def release_conversation(*, actor: Member, where: Target) -> Parked:
    """Let agents go on in a parked thread ("thread:91") or direct conversation ("@lin").

    For the person who was asked, and for people and admins who can read it.
    """
    place = _asked_about(actor, where) or access_place(actor=actor, where=where)
    if actor.kind != Member.Kind.HUMAN and not actor.has_scope("admin"):
        raise Forbidden(
            "Only a person or an admin releases what was parked.", next="Wait, or ask your manager."
        )
    if not _parked(place):
        raise Conflict(f"{_label(place)} is not parked.", next="Nothing has to be done.")
    _release(actor, place)
    return Parked(where=_label(place), parked=False)


def _asked_about(actor: Member, where: str) -> Place | None:
    """What this person was asked to release: that needs no sight of what was said in it."""
    kind, _, number = where.strip().partition(":")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    asked = {"pk": int(number), "parked_to": actor}
    if kind == "thread":
        root = Message.objects.select_related("channel").filter(**asked).first()
        return Place(root.channel, None, where, root) if root else None
    channel = Channel.objects.filter(**asked).first() if kind == "channel" else None
    return Place(channel, None, where) if channel else None
