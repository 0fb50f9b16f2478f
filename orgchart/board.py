"""Who is there, as open pages are told: looked at in memory twice a second, told when it changed.

Nothing is read from the database for that but who is who, after somebody came or changed, and on
PostgreSQL now and then what other processes saw.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from audit import ephemeral
from audit.listening import connected_members
from audit.live import hub
from orgchart.models import Member
from orgchart.presence import AWAY_FOR, word_of
from orgchart.recent import seen_members
from teammcp.core import sql
from teammcp.core.ticker import every

LOOK_SECONDS = 0.5
ELSEWHERE_SECONDS = 5.0


class Board:
    """The last word told of each member."""

    def __init__(self) -> None:
        self._members: dict[int, Member] = {}
        self._words: dict[int, str] = {}
        self._mark: object = None
        self._read = 0.0

    def look(self) -> dict[int, tuple[str, str]]:
        """Who has changed since the last look: handle and word, by id."""
        here = connected_members().union(seen_members())
        if self._stale(here):
            self._refresh(here)
        changed: dict[int, tuple[str, str]] = {}
        for pk, member in self._members.items():
            word = word_of(member)
            if self._words.get(pk, "off") != word:
                self._words[pk] = word
                changed[pk] = (member.handle, word)
        return changed

    def forget(self) -> None:
        """As if nobody had been told anything. For tests."""
        self.__init__()  # type: ignore[misc]

    def _stale(self, here: frozenset[int]) -> bool:
        if self._mark != hub.access_mark or not here <= self._members.keys():
            return True
        return sql.vendor() != "sqlite" and time.monotonic() - self._read > ELSEWHERE_SECONDS

    def _refresh(self, here: frozenset[int]) -> None:
        self._mark, self._read = hub.access_mark, time.monotonic()
        lately = timezone.now() - AWAY_FOR - timedelta(minutes=1)
        rows = Member.objects.exclude(kind=Member.Kind.SYSTEM)
        known = here | {pk for pk, word in self._words.items() if word != "off"}
        wanted = rows.filter(pk__in=known) | rows.filter(last_active_at__gt=lately)
        wanted |= rows.filter(status=Member.Status.PAUSED)
        self._members = {member.pk: member for member in wanted}


board = Board()


@every(LOOK_SECONDS, apart=True)
def tell_presence() -> None:
    """Tell open pages whose presence has changed. Costs nothing while no page is open."""
    if not ephemeral.anybody():
        return
    changed = board.look()
    if changed:
        ephemeral.tell({"presence": changed})
