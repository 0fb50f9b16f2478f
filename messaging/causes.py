"""What led to what: the message that a member was shown last, when they write the next.

Kept in this process for a moment and nowhere else, because asking for it would cost every message a
query. After a restart a chain begins anew, which delays the loop breaker and breaks nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from messaging.models import Message

KEPT_SECONDS = 120.0  # loops are quick; who writes later has thought or worked in between
KEPT_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Cause:
    """A message that somebody had been shown, and the length of its chain among agents."""

    message_id: int | None
    turns: int
    at: float


NONE = Cause(None, 0, 0.0)
_shown: dict[int, Cause] = {}


def note_shown(member_id: int, messages: Iterable[Message]) -> None:
    """These were put before a member just now."""
    newest = max(messages, key=lambda message: message.pk, default=None)
    if newest is None:
        return
    if len(_shown) >= KEPT_MEMBERS:
        _shown.clear()
    _shown[member_id] = Cause(newest.pk, newest.turns, time.monotonic())


def cause_for(member_id: int) -> Cause:
    """What this member was shown last, if it was just now."""
    found = _shown.get(member_id, NONE)
    return found if found.at + KEPT_SECONDS > time.monotonic() else NONE


def forget() -> None:
    """Begin all chains anew."""
    _shown.clear()
