"""What apps hold against what the ledger says of it.

An app registers a `Comparison`. The verifier hands it the events of its kinds in order, a chunk at
a time, and it compares them with its rows; the newest event about a row is the truth about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import orjson
from django.db.models import Model

from audit.entries import Entry


class Damage(Exception):
    """What was found, and at which event; None where the ledger knows nothing of it."""

    def __init__(self, seq: int | None, reason: str) -> None:
        super().__init__(reason)
        self.seq = seq
        self.reason = reason


class Comparison:
    """One pass over the ledger. What it keeps between chunks must not grow with the ledger."""

    kinds: ClassVar[frozenset[str] | None] = None
    """the kinds of events that it wants; None for all"""

    def look(self, events: Sequence[Entry]) -> None:
        """Compare the next events, without those of other kinds. Raises Damage."""
        raise NotImplementedError

    def end(self) -> None:
        """What only the whole ledger can tell. Raises Damage."""


class RowsAsRecorded(Comparison):
    """Rows of which the newest event about each tells how it stands. Keeps between chunks only
    those of which an event still to come tells that."""

    model: ClassVar[type[Model]]
    one: ClassVar[str]
    """how damage names a row: "message {pk}" """
    many: ClassVar[str]

    def __init__(self) -> None:
        self._unproved: dict[int, int] = {}
        self._recorded = 0

    def count(self, rows: int) -> None:
        """So many rows more there must be after an event."""
        self._recorded += rows

    def judge(self, pk: int, seq: int, *, as_recorded: bool) -> None:
        """Whether a row is as an event left it, so long as no later one says otherwise."""
        if as_recorded:
            self._unproved.pop(pk, None)
        else:
            self._unproved[pk] = seq

    def end(self) -> None:
        if self._unproved:
            pk, seq = min(self._unproved.items(), key=lambda item: item[1])
            raise Damage(seq, f"{self.one.format(pk=pk)} is not what was last recorded of it")
        stored = self.model._default_manager.count()
        if stored != self._recorded:
            raise Damage(None, f"{stored - self._recorded} {self.many} were never recorded")


class FactsAsRecorded(RowsAsRecorded):
    """Rows of which each event says how they stand after it. Of an event that does not, from before
    it was said, nothing is known."""

    key: ClassVar[str]
    """under which an event has the number of the row"""
    created: ClassVar[frozenset[str]]
    """the kinds with which a row begins"""
    said: ClassVar[str] = "is"
    """under which an event has the facts"""

    def facts(self, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def number(self, entry: Entry) -> int:
        """Which row an event is about."""
        return int(entry.data[self.key])

    def look(self, events: Sequence[Entry]) -> None:
        rows = self.model._default_manager.in_bulk({self.number(entry) for entry in events})
        for entry in events:
            pk = self.number(entry)
            row = rows.get(pk)
            if row is None:
                raise Damage(entry.seq, f"{self.one.format(pk=pk)} is missing")
            self.count(entry.kind in self.created)
            said = entry.data.get(self.said)
            self.judge(pk, entry.seq, as_recorded=said is None or said == self.facts(row))


def content_digest(content: list[Any]) -> str:
    """The digest of what a row says, for its facts."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


Make = Callable[[], Comparison]
_registered: list[Make] = []


def compared(make: Make) -> Make:
    """Register what is made for each verification."""
    _registered.append(make)
    return make


class Comparisons:
    """All of them, in one verification."""

    def __init__(self) -> None:
        self._all = [make() for make in _registered]

    def look(self, events: Sequence[Entry]) -> None:
        for one in self._all:
            wanted = [e for e in events if one.kinds is None or e.kind in one.kinds]
            if wanted:
                _guarded(wanted[0].seq, one.look, wanted)

    def end(self) -> None:
        for one in self._all:
            _guarded(None, one.end)


def _guarded(seq: int | None, step: Callable[..., None], *arguments: Any) -> None:
    try:
        step(*arguments)
    except (AttributeError, LookupError, TypeError, ValueError):  # data or rows without a sense
        raise Damage(seq, "what it says, or what is stored of it, makes no sense") from None
