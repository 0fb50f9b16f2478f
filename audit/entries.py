"""An event in memory, as the ledger wrote it and as viewers receive it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from audit import kinds
from audit.topics import Sight, about_members, audiences_of, is_place

if TYPE_CHECKING:
    from audit.models import Event


@dataclass
class Entry:
    """One event. Shared by all viewers, so what it renders is rendered once."""

    seq: int
    at: datetime
    kind: str
    actor_id: int
    actor: str
    on_behalf_of_id: int | None
    on_behalf_of: str | None
    face: str
    request_id: str
    target: str
    topics: list[str]
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Entry:
        """From a row fetched with its actor and on_behalf_of."""
        other = event.on_behalf_of
        return cls(
            seq=event.seq,
            at=event.at,
            kind=event.kind,
            actor_id=event.actor_id,
            actor=event.actor.handle,
            on_behalf_of_id=event.on_behalf_of_id,
            on_behalf_of=other.handle if other else None,
            face=event.face,
            request_id=event.request_id,
            target=event.target,
            topics=event.topics,
            data=event.data,
        )

    @property
    def changes_access(self) -> bool:
        known = kinds.registry.get(self.kind)
        return known is not None and known.changes_access

    @functools.cached_property
    def audiences(self) -> frozenset[str]:
        return frozenset(audiences_of(self.topics))

    @functools.cached_property
    def _about(self) -> frozenset[int]:
        return about_members(self.topics)

    def visible_to(self, sight: Sight) -> bool:
        """Whether a reader with these eyes may have this event."""
        if self.audiences.isdisjoint(sight):
            return False
        return not sight.hidden or self._hearable(sight)

    def _hearable(self, sight: Sight) -> bool:
        if not sight.hidden.isdisjoint(self._about):
            return False
        if sight.hidden.isdisjoint({self.actor_id, self.on_behalf_of_id}):
            return True
        return any(is_place(topic) for topic in self.audiences & sight)

    @functools.cached_property
    def public(self) -> dict[str, Any]:
        """What a viewer receives, over every face."""
        return {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "sentence": kinds.sentence(
                self.kind, actor=self.actor, target=self.target, data=self.data
            ),
            "actor": self.actor,
            "on_behalf_of": self.on_behalf_of,
            "face": self.face,
            "request_id": self.request_id,
            "target": self.target,
            "topics": sorted(self.audiences),
            "data": self.data,
        }

    @functools.cached_property
    def wire(self) -> bytes:
        """The event as a frame of a server-sent event stream."""
        body = orjson.dumps(self.public)
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.seq, self.kind.encode(), body)
