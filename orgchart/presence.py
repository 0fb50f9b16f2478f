"""Presence: derived from what a member does and from its connections, never stored, never set.

| word | what it says |
| --- | --- |
| in a turn | an agent that called seconds ago: it is at work |
| online | did something in the last two minutes |
| idle | connected and quiet: it hears what is sent to it |
| away | neither connected nor heard of for a while |
| off | not heard of for half an hour, or retired |
| paused | stopped by somebody who may |

So an agent that is idle and one that has died differ: only the first is connected. Who closes a
page or loses a connection is away a second later; whoever calls now and then over REST, without a
connection, is online for two minutes after each call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from django.utils import timezone

from audit.listening import PAGE, connections, left_at
from orgchart import recent

TURN = timedelta(seconds=20)
ONLINE_FOR = timedelta(minutes=2)
AWAY_FOR = timedelta(minutes=30)
GRACE = timedelta(seconds=1)  # a page that gives way to the next one, a stream that comes again
ELSEWHERE_FOR = timedelta(
    seconds=25
)  # what another process wrote of its connections counts so long

Word = Literal["in a turn", "online", "idle", "away", "off", "paused"]
WORDS: tuple[Word, ...] = get_args(Word)  # those who are here first


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether somebody is there, and how one knows."""

    word: Word
    why: str


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of life of one member, of all processes together."""

    how: frozenset[str]
    """the ways in which it is connected"""
    acted: datetime | None
    seen: datetime | None
    left: datetime | None
    """when its last connection ended, if it has done nothing since"""


def presence_of(member: Any) -> Presence:
    """The presence of a member now."""
    if member.status == "retired":
        return Presence("off", "retired")
    if member.status == "paused":
        return Presence("paused", f"paused: {member.paused_reason}".removesuffix(": "))
    now = timezone.now()
    signs = _signs(member, now)
    word = _word(signs, now, agent=member.kind == "agent")
    return Presence(word, _why(word, signs, now))


def word_of(member: Any) -> Word:
    """The presence of a member in one word."""
    return presence_of(member).word


def _signs(member: Any, now: datetime) -> Signs:
    how = connections(member.pk)
    elsewhere = member.connected_at
    if not how and elsewhere is not None and now - elsewhere < ELSEWHERE_FOR:
        how = frozenset({"connection"})
    acted, written = recent.last_acted(member.pk), member.last_active_at
    seen = max(filter(None, (written, recent.last_seen(member.pk))), default=None)
    left = left_at(member.pk)
    if left is not None and (how or (seen is not None and seen > left)):
        left = None
    if not recent.last_seen(member.pk) and acted is None:
        acted = written  # what an earlier start, or another process, has seen
    return Signs(how, acted, seen, left)


def _word(signs: Signs, now: datetime, *, agent: bool) -> Word:
    quiet = now - signs.acted if signs.acted else AWAY_FOR
    if signs.left is not None and now - signs.left >= GRACE:
        return "away" if now - signs.left < AWAY_FOR else "off"
    if agent and quiet < TURN:
        return "in a turn"
    if quiet < ONLINE_FOR:
        return "online"
    if signs.how or signs.left is not None:
        return "idle"
    unheard = now - signs.seen if signs.seen else AWAY_FOR
    if unheard < ONLINE_FOR:
        return "online"
    return "away" if unheard < AWAY_FOR else "off"


def _why(word: Word, signs: Signs, now: datetime) -> str:
    """How one knows, in a few words."""
    last = max(filter(None, (signs.seen, signs.left)), default=None)
    if signs.how and word != "in a turn":
        how = (
            "has a page open"
            if signs.how == {PAGE}
            else f"connected by {' and '.join(sorted(signs.how))}"
        )
        return how if signs.acted is None else f"{how}, did something {_ago(now - signs.acted)}"
    if last is None:
        return "never seen"
    if word in ("away", "off"):
        return f"not connected, last sign of life {_ago(now - last)}"
    return f"called {_ago(now - last)}"


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= max(size, 120):
            return f"{seconds // size} {unit} ago"
    return "just now"
