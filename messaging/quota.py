"""How much may be stored: by one member, and by all.

The row of a file is refused when it would exceed the member's quota, so that it is never exceeded.
What is still on its way counts as well, in this process: uploads at the same time cannot fill the
disk between them.
"""

from __future__ import annotations

import threading
from collections import Counter

from django.conf import settings
from django.db.models import Sum

from messaging.models import File
from orgchart.models import Member
from teammcp.core.errors import Conflict, TooLarge

_lock = threading.Lock()
_in_flight: Counter[int] = Counter()


class Reservation:
    """Room for an upload that is on its way."""

    def __init__(self, actor: Member) -> None:
        self._actor = actor
        self._size = 0
        self._used, self._total = used_by(actor), used_by_all()

    def grow(self, size: int) -> None:
        """Make it at least this large. Raises Conflict where there is no room."""
        more = size - self._size
        if more <= 0:
            return
        with _lock:
            own, others = _in_flight[self._actor.pk], _in_flight.total()
            _check(self._used + own, more, settings.FILE_MEMBER_QUOTA, "Your files")
            _check(self._total + others, more, settings.FILE_TOTAL_QUOTA, "The company's files")
            _in_flight[self._actor.pk] += more
        self._size = size

    def release(self) -> None:
        with _lock:
            _in_flight[self._actor.pk] -= self._size
            if not _in_flight[self._actor.pk]:
                del _in_flight[self._actor.pk]
        self._size = 0


def used_by(actor: Member) -> int:
    """Bytes of the files that a member uploaded and did not delete."""
    return _sum(File.objects.filter(uploader=actor, deleted_at=None).aggregate(all=Sum("size")))


def used_by_all() -> int:
    return _sum(File.objects.filter(deleted_at=None).aggregate(all=Sum("size")))


def _sum(found: dict[str, int | None]) -> int:
    return found["all"] or 0


def check_quota(actor: Member, size: int) -> None:
    """Raises Conflict if so much more may not be stored."""
    _check(used_by(actor), size, settings.FILE_MEMBER_QUOTA, "Your files")
    _check(used_by_all(), size, settings.FILE_TOTAL_QUOTA, "The company's files")


def _check(used: int, more: int, limit: int, whose: str) -> None:
    if used + more > limit:
        raise Conflict(
            f"{whose} take {used:,} of {limit:,} bytes; {more:,} more do not fit.",
            next="Delete files that nobody needs (delete_file), or ask the operator for more room.",
            used=used,
            limit=limit,
        )


def check_size(size: int) -> None:
    """Raises TooLarge for more than one file may have."""
    limit = settings.FILE_MAX_BYTES
    if size > limit:
        raise TooLarge(
            f"A file may have {limit:,} bytes at the most; this one has {size:,} or more.",
            next="Send a smaller one, or split it. The operator sets TEAMMCP_FILE_MAX_MB.",
            limit=limit,
        )
