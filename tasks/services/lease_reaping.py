"""The reaper of leases on names: what ran out is freed once, and the queue moves on."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from tasks.book import Book
from tasks.models import Lease
from tasks.services.lease_rows import free_expired, give_turns
from teammcp.core.context import CallContext, calling
from teammcp.core.lane import run_write

logger = logging.getLogger(__name__)


def reap_leases(now: datetime | None = None) -> int:
    """Free what ran out by now; how many. Any number of processes may look at the same time: each
    lease belongs to who finds its row as it was. Whoever is next gets their turn, also one who was
    passed over because they were paused."""
    now = now or timezone.now()
    rows = Lease.objects.exclude(state=Lease.State.OVER)
    due = Q(ends_at__lte=now) | Q(state=Lease.State.WAITING)
    found = rows.filter(due).order_by("ends_at", "pk").values_list("pk", "state")
    held = [pk for pk, state in found if state == Lease.State.HELD]
    freed = sum(_reap(pk, now) for pk in held)
    if len(found) > len(held) and Book.read(now).next_turn() is not None:
        with calling(CallContext(face="system")):
            run_write(give_turns)
    return freed


def _reap(pk: int, now: datetime) -> bool:
    def free() -> bool:
        lease = Lease.objects.select_related("holder", "home").get(pk=pk)
        return free_expired(lease, now)

    try:
        with calling(CallContext(face="system")):
            return run_write(free)
    except Exception:
        logger.exception("lease %s could not be freed; it is tried again", pk)
        return False
