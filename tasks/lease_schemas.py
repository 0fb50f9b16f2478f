"""What leases on names answer, on every face."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class NamedLease(Out):
    """A lease on names, or a place in the queue for one."""

    id: str
    """ "L-7": what every call takes as `lease`"""
    state: str
    """held, waiting or over"""
    names: list[str]
    holder: str
    why: str
    task: str | None
    """the task that it ends with"""
    home: str | None
    asked_at: datetime
    since: datetime | None
    until: datetime | None
    """free then, unless the holder extends it before"""
    latest: datetime | None
    """no extension goes beyond this"""
    to_confirm: bool | None
    """it came out of the queue: extend_lease before `until`, or it goes to the next"""
    position: int | None
    """in the queue; 1 is next"""
    minutes: int
    """what each extension gives"""
    token: int | None
    """shown to the holder: higher than that of every earlier lease, for whatever must refuse who
    comes late"""
    note: str | None = None


class LeasePage(Out):
    """A page of leases."""

    items: list[NamedLease]
    more: bool
    cursor: str | None
    """pass it as `after` for the next page"""


class HeldFile(Out):
    """A file that somebody else has a lease on."""

    path: str
    name: str | None
    """the name that covers it; it and the next three only where you may see the lease"""
    lease: str | None
    holder: str | None
    why: str | None
    until: datetime


class FilesChecked(Out):
    """Which of some files are in somebody else's lease."""

    checked: int
    held: list[HeldFile]
