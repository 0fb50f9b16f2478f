"""When somebody is at work. An app above knows calendars and says so here; until then everybody is
always at work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from orgchart.models import Member

NextOpen = Callable[[Member, datetime], datetime]
_known: list[NextOpen] = []


def knows_hours(next_open: NextOpen) -> NextOpen:
    """Register what gives the moment itself if the member is at work then, else the next one at
    which they are."""
    _known[:] = [next_open]
    return next_open


def at_work_from(member: Member, at: datetime) -> datetime:
    """This moment if the member is at work, else when they are next."""
    return _known[0](member, at) if _known else at
