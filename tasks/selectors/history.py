"""What happened to a task."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le

from audit.entries import Entry
from audit.models import Event, EventTopic
from audit.topics import visible_topics
from orgchart.models import Member
from tasks.access import Ref, access_task
from tasks.schemas import Change, Changes
from teammcp.core.actions import query


@query(scope="tasks:read")
def list_task_history(
    *,
    actor: Member,
    task: Ref,
    limit: Annotated[int, Ge(1), Le(200)] = 50,
    before: Annotated[int, Ge(0), Le(2**62)] = 0,
) -> Changes:
    """Every change of a task, the newest first: who, when, by which face, before and after.

    What happened while it was hidden from you stays hidden.
    """
    found = access_task(actor=actor, task=task)
    about = EventTopic.objects.filter(topic=f"task-{found.pk}")
    if before:
        about = about.filter(event__lt=before)
    page = list(about.order_by("-event_id").values_list("event_id", flat=True)[: limit + 1])
    rows = Event.objects.select_related("actor", "on_behalf_of").filter(seq__in=page[:limit])
    topics = visible_topics(actor)
    seen = [entry for row in rows.order_by("-seq") if (entry := Entry.of(row)).visible_to(topics)]
    more = len(page) > limit
    return Changes(
        items=[_change(entry) for entry in seen],
        more=more,
        cursor=page[limit - 1] if more else None,
    )


def _change(entry: Entry) -> Change:
    return Change(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        face=entry.face,
        kind=entry.kind,
        sentence=entry.public["sentence"],
        changed=entry.data.get("changed", {}),
    )
