"""What actions of messaging speak of: channels and bridges, members who are written to, messages,
schedules, wake routes. Of files: `filetouched`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from messaging.access import access_message, access_place, direct_members, visible_channels
from messaging.models import Channel, Message, Route, WakeRoute
from messaging.selectors.bridges import access_bridge
from messaging.selectors.redelivery import visible_dead_letters
from messaging.selectors.schedules import access_schedule
from orgchart.directory import best_for
from orgchart.selectors import access_own_or_administered
from teammcp.core.cursors import number_in
from teammcp.core.touched import Arguments, Touched, state_of, touching

SCHEDULED = (
    "to", "body", "priority", "expects_reply", "cron", "zone", "until", "max_runs", "late",
    "condition", "expires_minutes", "state",
)  # fmt: skip


def channel_touched(channel: Channel, *, whole: bool = False) -> Touched:
    """A channel; `whole` with what it is like, for what changes it."""
    kept = ("name", "kind", "purpose", "archived_at", "project_id")
    version = state_of(channel, *kept) if whole else ""
    name = f"#{channel.name}" if channel.name else f"channel:{channel.pk}"
    return Touched(f"channel:{channel.pk}", version, name)


@touching("send_message", "schedule_message", "update_schedule", "upload_file")
def where_to(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Where it will be read, however that is named: "#general", "@a,@b", "thread:91"."""
    to = str(arguments.get("to") or "").strip()
    if to.startswith("#"):
        for channel in channels_named(actor, to):
            yield from _with_home(channel)
    elif to.startswith("@"):
        for member in direct_members(actor, to):
            yield Touched(f"member:{member.pk}", "", f"@{member.handle}")
    elif to.startswith("skill:"):
        member = best_for(actor, to.removeprefix("skill:"))
        yield Touched(f"member:{member.pk}", "", f"@{member.handle}")
    elif to.startswith("thread:"):
        yield from _place_of(access_message(actor=actor, message_id=_id(to[7:])))


def _with_home(channel: Channel) -> Iterator[Touched]:
    """A channel, and of a task's discussion the one in which all see it."""
    yield channel_touched(channel)
    if channel.home is not None:
        yield channel_touched(channel.home)


def channels_named(actor: Any, name: str) -> list[Channel]:
    """By a look only: a discussion that opens late is not opened by asking."""
    plain = name.strip().removeprefix("#").lower()
    rows = visible_channels(actor)
    wanted = Q(name=plain)
    if plain.startswith("channel:"):
        wanted = Q(pk=_id(plain[8:]))
    return list(rows.filter(wanted)[:1])


def _place_of(message: Message) -> Iterator[Touched]:
    yield from _with_home(message.channel)
    if message.channel.kind == Channel.Kind.DIRECT:
        for row in message.channel.memberships.select_related("member"):
            yield Touched(f"member:{row.member_id}", "", f"@{row.member.handle}")


def _id(text: str) -> int:
    return number_in(text.strip()) or 0


@touching(
    "update_channel", "join_channel", "leave_channel", "invite_to_channel", "remove_from_channel",
    "set_notify", "open_bridge", "move_channel",
)  # fmt: skip
def the_channel(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    for channel in channels_named(actor, str(arguments.get("channel") or "")):
        yield channel_touched(channel, whole=True)


@touching("invite_to_channel", "remove_from_channel", "create_channel")
def who_is_named(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    named = [*(arguments.get("members") or []), *(arguments.get("invite") or [])]
    named += [arguments["member"]] if arguments.get("member") else []
    for member in direct_members(actor, ",".join(str(one) for one in named)):
        yield Touched(f"member:{member.pk}", "", f"@{member.handle}")


@touching(
    "edit_message", "delete_message", "pin_message", "unpin_message", "add_reaction",
    "remove_reaction",
)  # fmt: skip
def the_message(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_message(actor=actor, message_id=int(arguments.get("message_id") or 0))
    yield Touched(f"message:{row.pk}", state_of(row, "version", "deleted_at"), f"message:{row.pk}")
    yield channel_touched(row.channel)


@touching("update_schedule", "cancel_schedule")
def the_schedule(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_schedule(actor=actor, schedule_id=int(arguments.get("schedule_id") or 0))
    once = () if row.cron else ("planned_at",)  # which of a rule moves by itself
    version = state_of(row, *SCHEDULED, *once)
    yield Touched(f"schedule:{row.pk}", version, f"schedule:{row.pk}")
    if row.channel is not None:
        yield from _with_home(row.channel)


@touching("close_bridge")
def the_bridge(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_bridge(actor=actor, bridge_id=int(arguments.get("bridge_id") or 0))
    version = state_of(row, "reason", "until", "ended_at")
    yield Touched(f"bridge:{row.pk}", version, f"bridge:{row.pk}")
    yield channel_touched(row.channel)


@touching("save_message", "unsave_message", "follow_thread", "unfollow_thread", "promise")
def message_beside(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """A message of which only counts that it is this one."""
    if number := arguments.get("message_id") or arguments.get("thread"):
        row = access_message(actor=actor, message_id=int(number))
        yield Touched(f"message:{row.pk}", "", f"message:{row.pk}")
        yield from _with_home(row.channel)


@touching("redeliver")
def the_delivery(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    for row in visible_dead_letters(actor).filter(pk=int(arguments.get("delivery") or 0)):
        version = state_of(row, "dead_at", "dead_reason")
        yield Touched(f"delivery:{row.pk}", version, f"delivery:{row.pk}")
        yield Touched(f"member:{row.recipient_id}", "", f"@{row.recipient.handle}")


@touching("release_conversation")
def the_conversation(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    place = access_place(actor=actor, where=str(arguments.get("where") or ""))
    parked = place.thread or place.channel
    kind = "thread" if place.thread else "conversation"
    version = state_of(parked, "parked_at", "parked_to_id")
    yield Touched(f"{kind}:{parked.pk}", version, f"{kind}:{parked.pk}")
    yield from _with_home(place.channel)


@touching("set_wake_route", "set_webhook", "remove_webhook")
def the_route(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    owner = access_own_or_administered(actor=actor, handle=str(arguments.get("member") or ""))
    named = str(arguments.get("route") or Route.WEBHOOK)
    row = WakeRoute.objects.filter(member=owner, route=named).first()
    version = state_of(row, "position", "url", "secret_version", "paused_at") if row else "none"
    yield Touched(f"route:{owner.pk}:{named}", version, f"route:{named}")
