"""What apps hold against what the ledger says of it.

An app registers a `Comparison`. The verifier hands it the events of its kinds in order, a chunk at
a time, and it compares them with its rows; the newest event about a row is the truth about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

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
