"""Who was active just now, as this process saw it: what is not written down yet."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from django.utils import timezone

from audit.listening import rested_at
from teammcp.core.context import is_looking_again

RESTS_WITHIN = timedelta(seconds=1)  # a call that goes on to wait does so at once
_lock = threading.Lock()
_seen: dict[int, datetime] = {}
_before: dict[int, datetime] = {}  # when they last did something before that
_unwritten: tuple[dict[int, datetime], dict[int, datetime]] = ({}, {})


def touch(member_id: int, credential_id: int | None = None) -> None:
    """This member did something just now."""
    if is_looking_again():
        return
    now, acted = timezone.now(), last_acted(member_id)
    with _lock:
        members, credentials = _unwritten
        if acted is not None:
            _before[member_id] = acted
        _seen[member_id] = members[member_id] = now
        if credential_id is not None:
            credentials[credential_id] = now


def last_seen(member_id: int) -> datetime | None:
    """When this process last saw the member act."""
    return _seen.get(member_id)


def last_acted(member_id: int) -> datetime | None:
    """When this process last saw the member do more than listen or wait."""
    seen, rested = _seen.get(member_id), rested_at(member_id)
    if seen is None or rested is None or not seen <= rested <= seen + RESTS_WITHIN:
        return seen
    return _before.get(member_id)


def seen_members() -> list[int]:
    """All whom this process has seen."""
    return list(_seen)


def forget() -> None:
    """As if nobody had ever been here. For tests."""
    take_unwritten()
    _seen.clear()
    _before.clear()


def take_unwritten() -> tuple[dict[int, datetime], dict[int, datetime]]:
    """Members and credentials with their times since the last call."""
    global _unwritten
    with _lock:
        taken, _unwritten = _unwritten, ({}, {})
    return taken
