"""Which channels a member may see, and how a place is named: one rule for every face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.db.models import Q, QuerySet

from audit.topics import audience
from messaging.models import Channel, Membership, Message
from messaging.walls import shown
from orgchart.models import Member
from orgchart.selectors import access_member, visible_members
from orgchart.services.company import SYSTEM_HANDLE
from orgchart.walls import apart
from teammcp.core.cursors import number_in
from teammcp.core.errors import Conflict, InvalidInput, NotFound

DIRECT_LIMIT = 10  # members of a direct conversation, yourself included


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody reads or writes: a channel as this member sees it, or a thread in it."""

    channel: Channel
    membership: Membership | None
    label: str
    thread: Message | None = None


def visible_channels(actor: Member) -> QuerySet[Channel]:
    """Public channels, those that the actor belongs to, and discussions whose home the actor sees;
    all of them only on the actor's side of the walls between projects. Admins, who see all
    projects, see no more than others of private channels."""
    discussed = Q(kind=Channel.Kind.TASK) & at_home(actor)
    return Channel.objects.filter(shown(actor) | discussed)


def visible_places(actor: Member) -> QuerySet[Channel]:
    """The same without discussions of tasks, of which there are many: those are found by task."""
    return Channel.objects.filter(shown(actor))


def at_home(actor: Member) -> Q:
    """The rule for what has a channel as its `home`: whoever sees that channel sees it; without a
    home, everybody."""
    return Q(home=None) | shown(actor, "home")


def board_topic(home_id: int | None) -> str:
    """Whom the events of what has this home concern: one topic for all of them together, so that
    nobody's topics grow with the number of tasks."""
    return f"board-{home_id}" if home_id else "board"


def place_name(channel: Channel) -> str:
    """A channel as the ledger's sentences name it."""
    return f"#{channel.name}" if channel.name else "a direct conversation"


def topics_of(channel: Channel) -> list[str]:
    """The topics of an event in a channel."""
    own = f"channel-{channel.pk}"
    return [own, board_topic(channel.home_id)] if channel.kind == Channel.Kind.TASK else [own]


@audience
def channel_topics(actor: Member) -> Iterator[str]:
    yield board_topic(None)
    for pk in visible_places(actor).values_list("pk", flat=True):
        yield f"channel-{pk}"
        yield board_topic(pk)


Opener = Callable[[Member, str], Channel | None]
_openers: list[Opener] = []


def opens_late(opener: Opener) -> Opener:
    """Register who makes a channel of this name when somebody first writes there; None for names
    that are not theirs, or not for this member. It runs within the action that writes."""
    _openers.append(opener)
    return opener


def open_late(actor: Member, name: str) -> Channel | None:
    """The channel of this name, made just now because somebody writes there."""
    return next((found for opener in _openers if (found := opener(actor, name))), None)


def access_place(*, actor: Member, where: str) -> Place:
    """The place that "#channel", "@name", "@a,@b" or "thread:91" names. Raises NotFound."""
    where = where.strip()
    if where.startswith(("thread:", "message:")):
        return _access_thread(actor, where)
    if where.startswith("@"):
        return _access_direct(actor, where)
    return access_channel(actor=actor, channel=where)


def access_channel(*, actor: Member, channel: str) -> Place:
    """A channel by its name, with or without #, or by its id ("channel:7"). Raises NotFound."""
    wanted = channel.strip()
    if wanted.startswith("@"):
        return _access_direct(actor, wanted)
    rows = visible_channels(actor)
    if wanted.startswith("channel:") and (number := number_in(wanted[8:])) is not None:
        found = rows.filter(pk=number).first()
    else:
        found = rows.filter(name=wanted.removeprefix("#").lower()).first()
    if found is None:
        raise no_channel(actor, wanted)
    membership = Membership.objects.filter(channel=found, member=actor).first()
    return Place(found, membership, channel_label(found, actor))


def no_channel(actor: Member, wanted: str) -> NotFound:
    """The one answer for a channel that is absent or hidden."""
    name = wanted.removeprefix("#").lower()
    known = visible_places(actor).filter(archived_at=None).exclude(name=None)
    names = [known_name or "" for known_name in known.values_list("name", flat=True)]
    near = [f"#{close}" for close in get_close_matches(name, names, n=3, cutoff=0.6)]
    if near:
        suggestion = f"Did you mean {' or '.join(near)}?"
    elif visible_members(actor).filter(handles__handle=name).exists():
        suggestion = f"@{name} is a member: write to '@{name}'."
    else:
        suggestion = "list_channels shows what there is; #general is open to everybody."
    return NotFound(f"There is no channel #{name[:60]}.", next=suggestion, near=near)


def house_place(actor: Member, where: str) -> Place | None:
    """Where the server itself has told this member something; nothing before it has."""
    if where.strip().lower() != f"@{SYSTEM_HANDLE}":
        return None
    own = Membership.objects.filter(
        member=actor,
        channel__kind=Channel.Kind.DIRECT,
        channel__memberships__member__kind=Member.Kind.SYSTEM,
    )
    membership = own.select_related("channel").first()
    return Place(membership.channel, membership, f"@{SYSTEM_HANDLE}") if membership else None


def _access_direct(actor: Member, where: str) -> Place:
    if house := house_place(actor, where):
        return house
    others = direct_members(actor, where)
    key = direct_key([actor, *others])
    found = Channel.objects.filter(direct_key=key).first()
    label = ",".join(f"@{other.handle}" for other in others)
    if found is None:
        raise NotFound(
            f"You have no conversation with {label} yet.", next=f"Begin it: send to {label!r}."
        )
    membership = Membership.objects.filter(channel=found, member=actor).first()
    return Place(found, membership, label)


def direct_members(actor: Member, where: str) -> list[Member]:
    """The members whom "@a" or "@a,@b" names, without the actor. Raises NotFound, InvalidInput."""
    names = list(dict.fromkeys(part.strip() for part in where.split(",") if part.strip()))
    members = {
        member.pk: member for member in (access_member(actor=actor, handle=n) for n in names)
    }
    members.pop(actor.pk, None)
    if not members:
        raise InvalidInput(
            "A direct message needs somebody else to read it.",
            fields={"to": "only yourself"},
            next="Name a colleague, such as '@lin'.",
        )
    if len(members) >= DIRECT_LIMIT:
        raise InvalidInput(
            f"A direct conversation has at most {DIRECT_LIMIT} members.",
            fields={"to": "too many"},
            next="Create a private channel and invite them.",
        )
    if two := apart(list(members.values())):
        raise Conflict(
            f"@{two[0].handle} and @{two[1].handle} are in different projects: a conversation would"
            " lead through the wall.",
            next="Write to each of them alone, or ask an admin for a bridge: open_bridge.",
        )
    return sorted(members.values(), key=lambda member: member.handle)


def direct_key(members: Iterable[Member]) -> str:
    """One direct conversation per set of members."""
    return "-".join(str(pk) for pk in sorted(member.pk for member in members))


def place_of(actor: Member, message: Message) -> Place:
    """Where a message that this member may read stands: in its channel, or in a thread of it."""
    channel = message.channel
    membership = Membership.objects.filter(channel=channel, member=actor).first()
    return Place(channel, membership, channel_label(channel, actor), message.thread)


def _access_thread(actor: Member, where: str) -> Place:
    kind, _, number = where.partition(":")
    message = access_message(actor=actor, message_id=_row_id(number), named=where)
    root = message.thread if message.thread_id and kind == "thread" else message
    membership = Membership.objects.filter(channel=message.channel, member=actor).first()
    return Place(message.channel, membership, channel_label(message.channel, actor), root)


def access_message(*, actor: Member, message_id: int, named: str = "") -> Message:
    """A message that the actor may read. Raises NotFound."""
    rows = Message.objects.select_related("channel", "author", "on_behalf_of", "thread")
    found = rows.filter(pk=message_id, channel__in=visible_channels(actor)).first()
    if found is None:
        raise NotFound(
            f"There is no {named[:40] or f'message:{message_id}'}.",
            next="Ids of messages come from check_inbox, read and search.",
        )
    return found


def _row_id(text: str) -> int:
    """A row id out of text; 0, which no row has, for anything else."""
    return number_in(text) or 0


def channel_label(channel: Channel, actor: Member) -> str:
    """How this member names the channel: what `send(to=...)` takes."""
    if channel.name:
        return f"#{channel.name}"
    return direct_labels([channel], actor)[channel.pk]


def direct_labels(channels: Iterable[Channel], actor: Member) -> dict[int, str]:
    """The names of direct conversations as this member sees them: the others in them."""
    handles: dict[int, list[str]] = {channel.pk: [] for channel in channels}
    rows: Any = (
        Membership.objects.filter(channel__in=handles)
        .exclude(member=actor)
        .order_by("member__handle")
        .values_list("channel_id", "member__handle")
    )
    for channel_id, handle in rows:
        handles[channel_id].append(f"@{handle}")
    return {pk: ",".join(names) for pk, names in handles.items()}
