"""Reading the ledger."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le
from django.db.models import Max, Min

from audit.entries import Entry
from audit.models import Event, EventTopic
from audit.schemas import EventOut, EventPage
from audit.topics import Sight, is_label, visible_topics
from teammcp.core import sql
from teammcp.core.actions import query
from teammcp.core.errors import CursorExpired

WINDOW = 1_000  # rows looked at per page at the most, visible or not


def head_seq() -> int:
    """The seq of the newest event; 0 in an empty ledger."""
    row = sql.one("SELECT MAX(seq) FROM audit_event")
    return int(row[0] or 0) if row else 0


def entries_after(seq: int, limit: int) -> list[Entry]:
    """Events after `seq` in order, regardless of who may see them."""
    rows = Event.objects.select_related("actor", "on_behalf_of").filter(seq__gt=seq)
    return [Entry.of(event) for event in rows.order_by("seq")[:limit]]


def check_cursor(after: int) -> int:
    """The head, if a reader can go on from `after` without missing anything; else CursorExpired."""
    bounds = Event.objects.aggregate(first=Min("seq"), head=Max("seq"))
    head, first = bounds["head"] or 0, bounds["first"] or 1
    if after > head or after < first - 1:
        raise CursorExpired(
            f"The ledger holds the events {first} to {head}; {after} cannot be continued.",
            next="Open /api/events/stream/?snapshot=true, which begins with the present state; or"
            f" read it (resume, inbox, channels), then follow from {head}.",
            head=head,
            oldest=first,
        )
    return int(head)


def entries_about(topic: str, visible: Sight, *, limit: int, before: int = 0) -> list[Entry]:
    """The newest events on a topic, of those that this reader may see, the newest first; with
    `before`, those older than that seq."""
    rows = EventTopic.objects.filter(topic=topic)
    if before:
        rows = rows.filter(event_id__lt=before)
    newest = rows.order_by("-event_id").values("event_id")[: limit * 3]
    found = Event.objects.select_related("actor", "on_behalf_of").filter(seq__in=newest)
    seen = (Entry.of(event) for event in found.order_by("-seq"))
    return [entry for entry in seen if entry.visible_to(visible)][:limit]


@query(scope="audit:read")
def list_events(
    *,
    actor: Any,
    after: Annotated[int, Ge(0)] = 0,
    limit: Annotated[int, Ge(1), Le(500)] = 100,
    topic: str = "",
) -> EventPage:
    """What happened after your cursor, in order: only what you may see.

    `cursor` is how far the ledger was looked through: pass it as `after` next time, also when
    `items` is empty. Raises cursor_expired when events after your cursor are no longer held.
    """
    head = check_cursor(after)
    visible = visible_topics(actor)
    wanted = visible.only(topic) if topic and not is_label(topic) else visible
    looked = entries_after(after, max(limit, WINDOW if topic else limit))
    seen = [entry for entry in looked if entry.visible_to(wanted)]
    if is_label(topic):
        seen = [entry for entry in seen if topic in entry.audiences]
    if len(seen) > limit:
        seen = seen[:limit]
        cursor = seen[-1].seq
    else:
        cursor = looked[-1].seq if looked else after
    items = [EventOut.model_validate(entry.public) for entry in seen]
    return EventPage(items=items, cursor=cursor, head=head, more=cursor < head)
