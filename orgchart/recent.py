"""Who was active just now, as this process saw it: what is not written down yet."""

from __future__ import annotations

import threading
from datetime import datetime

from django.utils import timezone

_lock = threading.Lock()
_seen: dict[int, datetime] = {}
_unwritten: tuple[dict[int, datetime], dict[int, datetime]] = ({}, {})


def touch(member_id: int, credential_id: int | None = None) -> None:
    """This member did something just now."""
    now = timezone.now()
    with _lock:
        members, credentials = _unwritten
        _seen[member_id] = members[member_id] = now
        if credential_id is not None:
            credentials[credential_id] = now


def last_seen(member_id: int) -> datetime | None:
    """When this process last saw the member act."""
    return _seen.get(member_id)


def take_unwritten() -> tuple[dict[int, datetime], dict[int, datetime]]:
    """Members and credentials with their times since the last call."""
    global _unwritten
    with _lock:
        taken, _unwritten = _unwritten, ({}, {})
    return taken
