"""Reading about bridges between projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import QuerySet
from django.utils import timezone

from messaging.access import visible_channels
from messaging.models import Bridge
from messaging.schemas.bridges import BridgeOut, BridgePage
from messaging.walls import open_bridges
from orgchart.models import Member
from orgchart.walls import visible_projects
from teammcp.core.actions import query
from teammcp.core.errors import NotFound


def visible_bridges(actor: Member) -> QuerySet[Bridge]:
    """Those into channels that the actor sees: guests over them as long as they are open. For
    admins, who open and close them, all."""
    rows = Bridge.objects.select_related("channel", "project", "opened_by", "ended_by")
    if actor.has_scope("org:write"):
        return rows
    return rows.filter(channel__in=visible_channels(actor))


@query(scope="org:read")
def list_bridges(
    *,
    actor: Member,
    ended: bool = False,
    limit: Annotated[int, Ge(1), Le(200)] = 50,
    before: Annotated[int, Ge(0), Le(2**62)] = 0,
) -> BridgePage:
    """The bridges between projects into channels that you see, the newest first: until when, and
    why. With `ended` also those that lead nowhere any more."""
    rows = visible_bridges(actor)
    if not ended:
        rows = rows.filter(pk__in=open_bridges().values("pk"))
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    page, more = found[:limit], len(found) > limit
    items = bridges_out(actor, page)
    return BridgePage(items=items, more=more, cursor=page[-1].pk if more else None)


def bridges_out(actor: Member, rows: Iterable[Bridge]) -> list[BridgeOut]:
    """Bridges as this member sees them."""
    known = set(visible_projects(actor).values_list("pk", flat=True))
    now = timezone.now()
    return [
        BridgeOut(
            id=row.pk,
            channel=f"#{row.channel.name}",
            project=row.project.slug if row.project_id in known else None,
            reason=row.reason,
            opened_by=row.opened_by.handle,
            opened_at=row.opened_at,
            until=row.until,
            open=row.ended_at is None and row.until > now,
            ended_at=row.ended_at,
            ended_by=row.ended_by.handle if row.ended_by else None,
        )
        for row in rows
    ]


def access_bridge(*, actor: Member, bridge_id: int) -> Bridge:
    """A bridge that the actor sees. Raises NotFound."""
    found = visible_bridges(actor).filter(pk=bridge_id).first()
    if found is None:
        raise NotFound(
            f"There is no bridge {bridge_id}.", next="list_bridges shows those that you may see."
        )
    return found
