"""For whom a message is. Only these get a delivery; everybody else in the channel has it unread."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.text import slugify

from messaging import hot
from messaging.access import Place
from messaging.models import Channel, Follow, Membership
from messaging.texts import EVERYBODY, mentioned
from orgchart.models import Handle, Member


@dataclass(slots=True)
class Audience:
    """Recipients with the strongest reason why, and those named who are not among them."""

    author_id: int
    reasons: dict[int, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    outsiders: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def add(self, listeners: list[hot.Listener], reason: str) -> None:
        for pk, handle, status in listeners:
            if pk != self.author_id and pk not in self.reasons:
                self.reasons[pk] = reason
                self.labels.append(f"@{handle}" if status == "active" else f"@{handle} ({status})")


def audience_of(actor: Member, place: Place, body: str) -> Audience:
    """Direct, then mentioned, then followers of the thread, then those who watch the channel."""
    heard = Audience(actor.pk)
    if place.channel.kind == Channel.Kind.DIRECT:
        heard.add(hot.everyone_in(place.channel.pk), "direct")
    if names := mentioned(body):
        _add_mentioned(heard, place, names)
    if place.thread is not None:
        heard.add(hot.followers(place.thread.pk, place.channel.pk), "reply")
    if place.channel.kind != Channel.Kind.DIRECT:
        heard.add(hot.watchers(place.channel.pk), "watching")
    return heard


def _add_mentioned(heard: Audience, place: Place, names: list[str]) -> None:
    if EVERYBODY.intersection(names):
        heard.add(hot.members(place.channel.pk), "mention")
    named = _named(heard, [n for n in names if ":" not in n and n not in EVERYBODY])
    grouped: dict[int, Member] = {}
    for group in (name for name in names if ":" in name):
        members = _group(group)
        grouped |= members
        if not members:
            heard.unknown.append(f"@{group}")
    wanted = named | grouped
    if not wanted:
        return
    rows = Membership.objects.filter(channel_id=place.channel.pk, member_id__in=wanted)
    inside = set(rows.values_list("member_id", flat=True))
    heard.add([(pk, m.handle, m.status) for pk, m in wanted.items() if pk in inside], "mention")
    # Of a group, only those in the channel are meant; somebody named by handle may be missing.
    heard.outsiders += [f"@{m.handle}" for pk, m in named.items() if pk not in inside]
    if place.thread is not None:
        follows = [Follow(thread=place.thread, member_id=pk) for pk in inside]
        Follow.objects.bulk_create(follows, ignore_conflicts=True)


def _named(heard: Audience, handles: list[str]) -> dict[int, Member]:
    if not handles:
        return {}
    rows = Handle.objects.filter(handle__in=handles).select_related("member")
    found = {row.handle: row.member for row in rows if row.member.kind != Member.Kind.SYSTEM}
    heard.unknown += [f"@{handle}" for handle in handles if handle not in found]
    return {m.pk: m for m in found.values() if m.status != Member.Status.RETIRED}


def _group(name: str) -> dict[int, Member]:
    """The members of `dept:slug`, or whose title is `role:slug`."""
    kind, _, slug = name.partition(":")
    active = Member.objects.filter(~Q(status=Member.Status.RETIRED))
    if kind == "dept":
        return {member.pk: member for member in active.filter(department__slug=slug)}
    titled = active.exclude(title="")
    return {member.pk: member for member in titled if slugify(member.title) == slug}
