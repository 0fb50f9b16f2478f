"""For whom a message is. Only these get a delivery; everybody else in the channel has it unread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.text import slugify

from messaging import hot
from messaging.access import Place
from messaging.models import Channel, Follow, Membership, Message
from messaging.texts import EVERYBODY, mentioned
from orgchart.chart import successor_of
from orgchart.models import Member
from orgchart.selectors import visible_members
from orgchart.walls import bound, seen_among


@dataclass(slots=True)
class Audience:
    """Recipients with the strongest reason why, and those named who are not among them."""

    author: Member
    reasons: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    """labels by id, also of the retired, for whom nothing is stored"""
    outsiders: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    told: frozenset[int] = frozenset()
    """who hears of it otherwise, and needs no delivery"""
    spoken: frozenset[int] = frozenset()
    """beyond a wall, and named where they have spoken: there their name is known"""

    def add(self, listeners: list[hot.Listener], reason: str) -> None:
        for pk, handle, status in listeners:
            if pk == self.author.pk or pk in self.reasons or pk in self.told:
                continue
            active = status == Member.Status.ACTIVE
            label = f"@{handle}" if active else f"@{handle} ({self._state(pk, status)})"
            if status != Member.Status.RETIRED:  # else nobody is left who could acknowledge it
                self.reasons[pk] = reason
            self.names.setdefault(pk, label)

    def _state(self, pk: int, status: str) -> str:
        """ "paused", "retired", or "retired; @lin took over" """
        if status != Member.Status.RETIRED:
            return status
        heir = successor_of(Member.objects.get(pk=pk))
        if heir is None or heir.pk not in seen_among(self.author, [heir.pk]):
            return status
        return f"retired; @{heir.handle} took over"

    @property
    def labels(self) -> list[str]:
        """Whom the author is told: "@kay (paused)"."""
        return list(self.names.values())

    def veil(self, actor: Member) -> Audience:
        """Name nobody of whom the author may not know: what was written to all is theirs all the
        same."""
        if bound(actor):
            known = seen_among(actor, self.names) | self.spoken
            self.names = {pk: name for pk, name in self.names.items() if pk in known}
        return self


def audience_of(actor: Member, place: Place, body: str, *, told: Collection[int] = ()) -> Audience:
    """Direct, then mentioned, then followers of the thread, then those who watch the channel; none
    of those who were `told` otherwise."""
    heard = Audience(actor, told=frozenset(told))
    if place.channel.kind == Channel.Kind.DIRECT:
        heard.add(hot.everyone_in(place.channel.pk), "direct")
    if names := mentioned(body):
        _add_mentioned(heard, place, names)
    if place.thread is not None:
        heard.add(hot.followers(place.thread.pk, place.channel.pk), "reply")
    if place.channel.kind != Channel.Kind.DIRECT:
        heard.add(hot.watchers(place.channel.pk), "watching")
    return heard.veil(actor)


def mentions_of(actor: Member, place: Place, body: str) -> Audience:
    """Only those whom a text names."""
    heard = Audience(actor)
    if names := mentioned(body):
        _add_mentioned(heard, place, names)
    return heard.veil(actor)


def _add_mentioned(heard: Audience, place: Place, names: list[str]) -> None:
    channel_id = place.channel.pk
    if EVERYBODY.intersection(names):
        heard.add(hot.members(channel_id), "mention")
    handles = [name for name in names if ":" not in name and name not in EVERYBODY]
    named = _known(heard, place, hot.named(handles, channel_id)) if handles else []
    known = {handle for handle, *_ in named}
    heard.unknown += [f"@{handle}" for handle in handles if handle not in known]
    inside = [(pk, handle, status) for _, pk, handle, status, member in named if member]
    # Somebody named by handle may be missing; of a group, only those in the channel are meant.
    missing = {handle: status for _, _, handle, status, member in named if not member}
    heard.outsiders += [f"@{handle}" for handle, status in missing.items() if status != "retired"]
    for group in (name for name in names if ":" in name):
        members = _group(heard.author, group)
        if not members:
            heard.unknown.append(f"@{group}")
        inside += _inside(members, channel_id)
    heard.add(inside, "mention")
    if place.thread is not None:
        follows = [Follow(thread=place.thread, member_id=pk) for pk, *_ in inside]
        Follow.objects.bulk_create(follows, ignore_conflicts=True)


def _inside(members: list[Member], channel_id: int) -> list[hot.Listener]:
    rows = Membership.objects.filter(channel_id=channel_id, member__in=members)
    inside = set(rows.values_list("member_id", flat=True))
    return [(m.pk, m.handle, m.status) for m in members if m.pk in inside]


def _known(heard: Audience, place: Place, named: list[hot.Named]) -> list[hot.Named]:
    """Who is beyond a wall is nobody, unless they have spoken here, over a bridge."""
    ids = {pk for _, pk, *_ in named}
    known = seen_among(heard.author, ids)
    if known != ids and place.channel.project_id is not None:
        said = Message.objects.filter(channel=place.channel, author__in=ids - known)
        heard.spoken = frozenset(said.values_list("author_id", flat=True).distinct())
    return [one for one in named if one[1] in known | heard.spoken]


def _group(author: Member, name: str) -> list[Member]:
    """The members of `dept:slug`, or whose title is `role:slug`."""
    kind, _, slug = name.partition(":")
    active = visible_members(author).filter(~Q(status=Member.Status.RETIRED))
    if kind == "dept":
        return list(active.filter(department__slug=slug))
    return [member for member in active.exclude(title="") if slugify(member.title) == slug]
