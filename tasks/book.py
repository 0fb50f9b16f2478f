"""All leases that live, and the rules about them: who stands in whose way, and whose turn it is.

Read whole, in one query. Each member has a bounded number of them, so it stays short, and which
globs overlap is nothing that a database could answer. Within a transaction that writes nobody else
changes it (`teammcp.core.sql.serialise`): that is why two never get what overlaps.

A name is free for a request if no lease that holds overlaps it, and nobody who asked before waits
for what overlaps it. Nobody overtakes, so the queue is fair; whom nothing concerns passes by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils import timezone

from orgchart.models import Member
from tasks.models import Lease
from tasks.names import Name, name_of

LIVE = (Lease.State.WAITING, Lease.State.HELD)


class Book:
    """The leases that hold now, and those that wait, the first who came first."""

    def __init__(self, leases: Iterable[Lease], now: datetime) -> None:
        self.all = list(leases)
        self.held = [lease for lease in self.all if lease.is_held(now)]
        # Who is paused or has left takes up no turn and stands in nobody's way.
        self.queue = [
            lease
            for lease in self.all
            if lease.state == Lease.State.WAITING and lease.holder.status == Member.Status.ACTIVE
        ]
        self._names = {lease.pk: [name_of(name) for name in lease.names] for lease in self.all}

    @classmethod
    def read(cls, now: datetime | None = None) -> Book:
        rows = Lease.objects.exclude(state=Lease.State.OVER).select_related("holder", "home")
        return cls(rows.order_by("pk"), now or timezone.now())

    def overlaps(self, lease: Lease, names: Iterable[Name]) -> bool:
        own = self._names[lease.pk]
        return any(one.overlaps(name) for name in names for one in own)

    def holding(self, names: Iterable[str]) -> list[Lease]:
        """The leases that hold something of these names."""
        wanted = [name_of(name) for name in names]
        return [lease for lease in self.held if self.overlaps(lease, wanted)]

    def ahead(self, names: Iterable[str], before: int | None = None) -> list[Lease]:
        """Who waits for something of these names, before this entry of the queue."""
        wanted = [name_of(name) for name in names]
        queue = (one for one in self.queue if before is None or one.pk < before)
        return [lease for lease in queue if self.overlaps(lease, wanted)]

    def in_the_way(self, lease: Lease) -> list[Lease]:
        """What an entry of the queue waits for."""
        return [*self.holding(lease.names), *self.ahead(lease.names, lease.pk)]

    def position(self, lease: Lease) -> int:
        """1 for who is next."""
        return len(self.ahead(lease.names, lease.pk)) + 1

    def next_turn(self) -> Lease | None:
        """The first who waits and whom nothing keeps waiting."""
        return next((one for one in self.queue if not self.in_the_way(one)), None)

    def circle(self, member: Member, names: Iterable[str]) -> Lease | None:
        """An entry of the queue that this member would wait for, and that itself waits, over any
        number of steps, for what the member holds; None where there is none."""
        seen: set[int] = set()
        ways = [*self.holding(names), *self.ahead(names)]
        todo = list(self._behind(ways))
        while todo:
            entry = todo.pop()
            if entry.pk in seen:
                continue
            seen.add(entry.pk)
            ways = self.in_the_way(entry)
            if any(one.holder_id == member.pk and one in self.held for one in ways):
                return entry
            todo += self._behind(ways)
        return None

    def _behind(self, ways: Iterable[Lease]) -> Iterator[Lease]:
        """The waiting on which the end of these depends: their own, or that of their holder."""
        for way in ways:
            if way.state == Lease.State.WAITING:
                yield way
            else:
                yield from (one for one in self.queue if one.holder_id == way.holder_id)
