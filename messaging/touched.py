"""What actions of messaging speak of: channels, members who are written to, messages, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from messaging.access import access_message, direct_members, visible_channels
from messaging.models import Channel, Message, Schedule
from orgchart.directory import best_for
from teammcp.core.cursors import number_in
from teammcp.core.touched import Arguments, Touched, state_of, touching


def channel_touched(channel: Channel, *, whole: bool = False) -> Touched:
    """A channel; `whole` with what it is like, for what changes it."""
    version = state_of(channel, "name", "kind", "purpose", "archived_at") if whole else ""
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
    "set_notify",
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
    rows = Schedule.objects.filter(author=actor, pk=int(arguments.get("schedule_id") or 0))
    for row in rows:
        version = state_of(row, "to", "body", "cron", "zone", "planned_at", "until", "state")
        yield Touched(f"schedule:{row.pk}", version, f"schedule:{row.pk}")
