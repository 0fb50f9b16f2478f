"""Members against what the ledger says of them: handles, authority, status. Passwords and
credentials are in no event, so nothing is said of those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.comparing import Comparison, Damage, compared
from audit.entries import Entry
from orgchart import events
from orgchart.models import Handle, Member

FACTS = ("handle", "authority", "status")
STATUS_AFTER = {events.RETIRED: "retired", events.PAUSED: "paused", events.UNPAUSED: "active"}


@dataclass(slots=True)
class _Known:
    """What was last recorded of a member."""

    seq: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    handles: set[str] = field(default_factory=set)


@compared
class MemberRows(Comparison):
    """Keeps a few words per member, of which there are few."""

    kinds = frozenset({
        events.REGISTERED, events.INVITED, events.UPDATED, events.PAUSED, events.UNPAUSED,
        events.RETIRED,
    })  # fmt: skip

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def look(self, events: Sequence[Entry]) -> None:
        for entry in events:
            known = self._known.setdefault(int(entry.target.removeprefix("member:")), _Known())
            known.seq = entry.seq
            known.facts |= _facts(entry)
            known.handles |= {known.facts["handle"]} if "handle" in known.facts else set()

    def end(self) -> None:
        rows = {row["pk"]: row for row in Member.objects.values("pk", *FACTS)}
        owners = dict(Handle.objects.values_list("handle", "member_id"))
        for pk, known in self._known.items():
            row = rows.get(pk)
            if row is None or any(row[name] != fact for name, fact in known.facts.items()):
                raise Damage(known.seq, f"member {pk} is not what was last recorded of it")
            for handle in sorted(known.handles):
                if owners.get(handle) != pk:
                    raise Damage(known.seq, f"the handle @{handle} no longer leads to member {pk}")


def _facts(entry: Entry) -> dict[str, Any]:
    """What holds after this event."""
    if entry.kind in STATUS_AFTER:
        return {"status": STATUS_AFTER[entry.kind]}
    if entry.kind == events.UPDATED:
        changed = entry.data["changed"]
        return {name: changed[name][1] for name in FACTS if name in changed}
    told = {name: entry.data[name] for name in FACTS if name in entry.data}
    return {"status": "active", **told}
