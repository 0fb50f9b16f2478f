"""Places and their addresses, and the composer that writes to them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from messaging.schemas import ChannelOut, Receipt
from orgchart.models import Member


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a page is: what the actions call it, and its address."""

    where: str
    url: str


@dataclass(frozen=True, slots=True)
class Place:
    """A page of its own in the sidebar."""

    url: str
    icon: str
    name: str


def channel_spot(name: str) -> Spot:
    return spot_of(f"#{name}")


def direct_spot(handles: str) -> Spot:
    names = [part.strip().removeprefix("@") for part in handles.split(",")]
    return spot_of(",".join(f"@{name}" for name in names if name))


def spot_of(label: str) -> Spot:
    """The spot of a place as messages name it: "#general", "@lin,@ada"."""
    if label.startswith("#"):
        return Spot(label, f"/channels/{quote(label[1:])}/")
    return Spot(label, f"/direct/{quote(label.replace('@', ''), safe=',')}/")


@dataclass(frozen=True, slots=True)
class Composer:
    """The form that writes to a place."""

    id: str
    url: str
    to: str
    to_words: str
    may_interrupt: bool
    client_key: str


def composer_for(actor: Member, spot: Spot, *, thread: int | None = None) -> Composer:
    """A fresh one. Its key makes a repeated send of the same text one message."""
    return Composer(
        id=f"thread-{thread}" if thread else "main",
        url=f"/threads/{thread}/" if thread else spot.url,
        to=f"thread:{thread}" if thread else spot.where,
        to_words="the thread" if thread else spot.where,
        may_interrupt=may_interrupt(actor),
        client_key=new_key(),
    )


def may_interrupt(actor: Member) -> bool:
    """Whether priority `now` is offered; sending decides."""
    return actor.kind == Member.Kind.HUMAN or actor.has_scope("admin")


def new_key() -> str:
    return str(uuid.uuid4())


def note_on(receipt: Receipt) -> str:
    """What the author should know about whom the message did not reach."""
    notes = []
    away = [name for name in receipt.to if "(" in name]
    if away:
        notes.append(f"It waits for {_listed(away)}.")
    if receipt.outsiders:
        verb = "is" if len(receipt.outsiders) == 1 else "are"
        notes.append(f"{_listed(receipt.outsiders)} {verb} not here and will not see it.")
    unknown: list[str] = getattr(receipt, "unknown", [])
    if unknown:
        notes.append(f"Nobody is called {_listed(unknown)}.")
    return " ".join(notes)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def title_of(channel: ChannelOut) -> dict[str, Any]:
    """What the head of a page says about the place."""
    plain = channel.name.removeprefix("#")
    begins = f"{channel.name} begins here" if channel.kind != "direct" else "It begins here"
    text = channel.purpose or (
        f"Only you and {channel.name.replace(',', ', ')} can read this."
        if channel.kind == "direct"
        else "Nobody has said what it is for yet."
    )
    return {"title": plain, "begins": begins, "begins_text": text}
