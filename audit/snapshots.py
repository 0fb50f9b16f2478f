"""The present state, for a reader who begins to follow events or whose cursor has expired.

Apps above register their part: what one member sees of it now. The parts are read after the head
of the ledger, so that following from that head misses nothing; an event that a part has in it
already may come again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from audit.selectors import head_seq
from teammcp.core.actions import Action

Part = Action[..., Any]
_parts: dict[str, Part] = {}


def snapshot_part(name: str, part: Part) -> None:
    """Register a query that needs no arguments as what a member sees now under this name."""
    _parts[name] = part


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a member sees, at least up to `head`."""

    head: int
    parts: dict[str, Any]

    @property
    def wire(self) -> bytes:
        """As the first frame of an event stream."""
        body = orjson.dumps({"head": self.head, **self.parts})
        return b"id: %d\nevent: snapshot\ndata: %s\n\n" % (self.head, body)


def snapshot_of(actor: Any) -> Snapshot:
    """The parts that this member's scopes admit: few queries, and bounded in size, since each part
    is a page that says what remains."""
    head = head_seq()
    allowed = {name: part for name, part in _parts.items() if actor.has_scope(part.scope)}
    return Snapshot(head, {name: part(actor=actor).model_dump() for name, part in allowed.items()})
