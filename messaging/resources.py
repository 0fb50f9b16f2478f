"""What of messaging can be read by address."""

from __future__ import annotations

from typing import Any

from audit.topics import inbox_topic
from messaging import events, selectors, services
from messaging.access import access_channel, access_message, access_place, visible_places
from messaging.schemas import ChannelPage
from orgchart.models import Member
from teammcp.core.resources import Changes, Resource, Suggestions


def _inbox_changes(actor: Member) -> Changes:
    """What wakes the inbox, but for what one did oneself."""
    own = actor.pk
    return Changes(frozenset([inbox_topic(own)]), lambda event: event.actor_id != own)


def _channels_changes(actor: Member) -> Changes:
    visible = visible_places(actor).values_list("pk", flat=True)
    return Changes(frozenset(f"channel-{pk}" for pk in visible))


def _where(name: str) -> str:
    return name if name.startswith("@") else f"#{name.removeprefix('#')}"


def _channel_changes(actor: Member, name: str) -> Changes:
    place = access_channel(actor=actor, channel=_where(name))
    return Changes(frozenset([f"channel-{place.channel.pk}"]), _is_no_coming_or_going)


def _is_no_coming_or_going(event: Any) -> bool:
    return event.kind not in {events.MEMBER_JOINED, events.MEMBER_LEFT}


def _thread_changes(actor: Member, id: str) -> Changes:  # noqa: A002
    place = access_place(actor=actor, where=f"thread:{id}")
    assert place.thread is not None
    return _about(place.channel.pk, place.thread.pk)


def _message_changes(actor: Member, id: str) -> Changes:  # noqa: A002
    values = selectors.show_message.validate({"message_id": id})
    message = access_message(actor=actor, message_id=values["message_id"])
    return _about(message.channel_id, message.pk)


def _about(channel: int, message: int) -> Changes:
    """Events about a message and about the answers to it."""
    target = f"message:{message}"

    def concerns(event: Any) -> bool:
        named = {event.data.get("message"), event.data.get("thread")}
        return event.target == target or message in named

    return Changes(frozenset([f"channel-{channel}"]), concerns)


def _names(page: ChannelPage) -> list[str]:
    return [item.name.removeprefix("#") for item in page.items]


RESOURCES = [
    Resource(
        services.check_inbox,
        "inbox",
        title="Your inbox",
        description="What waits for you, urgent first. Reading acknowledges nothing: call `ack`.",
        changes=_inbox_changes,
    ),
    Resource(
        selectors.list_channels,
        "channels",
        title="Channels",
        description="The channels and conversations that you may see, with what is unread.",
        changes=_channels_changes,
        pages=("after",),
    ),
    Resource(
        selectors.read,
        "channel",
        title="A channel",
        description="The newest messages of a channel, or of a conversation (`@lin`), oldest"
        " first; `before` and `after` take the cursors that it gives.",
        variable="name",
        pages=("before", "after"),
        arguments=lambda name: {"where": _where(name)},
        changes=_channel_changes,
        suggestions=Suggestions(
            selectors.list_channels, lambda typed: {"query": typed[:80], "limit": 200}, _names
        ),
    ),
    Resource(
        selectors.read,
        "thread",
        title="A thread",
        description="A message and the answers to it, by its id; paged as a channel is.",
        variable="id",
        pages=("before", "after"),
        arguments=lambda id: {"where": f"thread:{id}"},  # noqa: A006
        changes=_thread_changes,
    ),
    Resource(
        selectors.show_message,
        "message",
        title="A message",
        description="One message, by its id.",
        variable="id",
        arguments=lambda id: {"message_id": id},  # noqa: A006
        changes=_message_changes,
    ),
]
