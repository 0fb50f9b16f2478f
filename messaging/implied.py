"""Which arguments of actions of messaging do what another action is there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging.access import access_message, place_of
from messaging.models import Channel
from messaging.touched import channels_named
from orgchart.selectors import access_member
from teammcp.core.touched import Arguments


def invited(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new channel lets colleagues in."""
    if values["invite"]:
        yield {"channel": f"#{values['name'].removeprefix('#')}", "members": values["invite"]}


def joined(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Who writes in a public channel joins it."""
    if not values["to"].strip().startswith("#"):
        return
    for channel in channels_named(actor, values["to"]):
        outside = not channel.memberships.filter(member=actor.pk).exists()
        if outside and channel.kind == Channel.Kind.PUBLIC:
            yield {"channel": f"#{channel.name}"}


def left(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Who takes themselves out leaves."""
    if access_member(actor=actor, handle=values["member"]).pk == actor.pk:
        yield {"channel": values["channel"]}


def said_anew(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Other words in the place of a message are a message with these words."""
    message = access_message(actor=actor, message_id=values["message_id"])
    thread = f"thread:{message.thread_id}" if message.thread_id else ""
    yield {"to": thread or place_of(actor, message).label, "body": values["body"]}
