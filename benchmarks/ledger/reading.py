"""The ledger as it lies in the file, and what the checks look up in it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATABASE = "teammcp.sqlite3"
COLUMNS = (
    "seq, at, kind, actor_id, on_behalf_of_id, face, request_id, target, topics, data,"
    " previous_hash, hash"
)
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the ledger."""

    seq: int
    at: str
    kind: str
    actor: int
    on_behalf_of: int | None
    face: str
    request_id: str
    target: str
    topics: list[str]
    data: dict[str, Any]
    previous: str
    hash: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> Event:
        seq, at, kind, actor, on_behalf_of, face, request_id, target, topics, data, *hashes = row
        return cls(
            seq, stamp(at), kind, actor, on_behalf_of, face, request_id, target,
            json.loads(topics), json.loads(data), *hashes,
        )  # fmt: skip


@dataclass
class Ledger:
    """All events, and what the checks look up again and again."""

    events: list[Event]
    agents: dict[int, int] = field(default_factory=dict)
    """by an agent, who registered it"""
    handles: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_call: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    policies: list[Event] = field(default_factory=list)
    requests: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))
    standing: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger of a data directory, or of a database file."""
        file = path / DATABASE if path.is_dir() else path
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as rows:
            found = rows.execute(f"SELECT {COLUMNS} FROM audit_event ORDER BY seq")  # noqa: S608
            ledger = cls([Event.of(row) for row in found])
        for event in ledger.events:
            ledger._note(event)
        return ledger

    def _note(self, event: Event) -> None:
        self.by_call[event.request_id].append(event)
        if event.kind == "member.registered":
            member = int(event.target.removeprefix("member:"))
            self.agents[member] = event.on_behalf_of or event.actor
            self.handles[member].add(event.data["handle"])
        elif event.kind.startswith("policy."):
            self.policies.append(event)
        elif event.kind.startswith("approval."):
            self.requests[event.data["approval"]].append(event)
        elif event.kind.startswith("standing."):
            self.standing[event.data["standing"]].append(event)

    def barred(self, askers: Iterable[int], *, registrars: bool) -> set[int]:
        """Who does not count for what these ask for: they, their agents, and where the policy says
        so whoever registered them."""
        asking = set(askers)
        found = set(asking)
        if registrars:
            found.update(*map(self._above, asking))
        return found | {agent for agent in self.agents if asking & set(self._above(agent))}

    def _above(self, agent: int) -> Iterator[int]:
        while agent in self.agents:
            agent = self.agents[agent]
            yield agent

    def stages_of(self, policy: str, before: int) -> list[dict[str, Any]] | None:
        """The stages of a policy as the ledger has them at that time; None for an unknown one."""
        now: dict[str, Any] = {}
        found = None
        for event in self.policies:
            if event.seq >= before:
                break
            if event.kind == "policy.created":
                now[event.target] = event.data["is"]["stages"]
            elif event.kind == "policy.changed" and "stages" in event.data["changed"]:
                now[event.target] = event.data["changed"]["stages"][1]
            if event.data["policy"] == policy:
                found = event.target
        return now.get(found) if found else None


def stamp(at: str) -> str:
    """A time as the chain has it, from how SQLite keeps it."""
    day, clock = at[:10], at[11:].removesuffix("+00:00").removesuffix("Z")
    whole, _, part = clock.partition(".")
    return f"{day}T{whole}.{part:0<6}Z"


def digest_of(previous: str, event: Event) -> str:
    """The hash that an event should have."""
    content = [
        previous, event.seq, event.at, event.kind, event.actor, event.on_behalf_of, event.face,
        event.request_id, event.target, event.topics, event.data,
    ]  # fmt: skip
    packed = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(packed.encode()).hexdigest()


def broken_chain(events: Sequence[Event]) -> Iterator[str]:
    """The first break; what comes behind it proves nothing."""
    previous = GENESIS
    for number, event in enumerate(events, 1):
        if event.seq != number:
            yield f"the ledger jumps from {number - 1} to {event.seq}"
            return
        if event.previous != previous or event.hash != digest_of(previous, event):
            yield f"event {event.seq} ({event.kind}) is not what the chain says"
            return
        previous = event.hash
