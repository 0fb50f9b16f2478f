"""Reading about waking: routes, tries, and the acknowledgement after each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from annotated_types import Ge, Le, MaxLen

from messaging.models import Delivery, Route, Wake, WakeRoute
from messaging.schemas import WakeOut, WakeRouteOut, WakeRoutes
from orgchart.models import Member
from orgchart.selectors import access_own_or_administered
from teammcp.core.actions import query

LOOKED_AT = 50  # tries that the figures of a route come from


@query(scope="inbox:read")
def list_wake_routes(
    *,
    actor: Member,
    member: Annotated[str, MaxLen(40)] = "",
    limit: Annotated[int, Ge(0), Le(100)] = 20,
) -> WakeRoutes:
    """How you are woken: each route in order, whether it works, and the newest tries.

    Of each try: when, by which route, and when the delivery that it pointed to was fetched and
    acknowledged. For yourself; admins for anybody.
    """
    owner = access_own_or_administered(actor=actor, handle=member)
    known = {row.route: row for row in WakeRoute.objects.filter(member=owner)}
    tries = tries_of(owner, max(limit, LOOKED_AT))
    rows = [known.get(name) or _unused(owner, name, at) for at, name in enumerate(Route.values)]
    rows.sort(key=lambda row: row.position)
    return WakeRoutes(
        member=owner.handle,
        routes=[route_out(row, [one for one in tries if one.route == row.route]) for row in rows],
        tries=tries[:limit],
    )


def _unused(owner: Member, route: str, at: int) -> WakeRoute:
    return WakeRoute(member=owner, route=route, position=at * 10)


def tries_of(owner: Member, limit: int) -> list[WakeOut]:
    """The newest tries to wake a member, each with what followed."""
    wakes = list(Wake.objects.filter(member=owner).order_by("-pk")[:limit])
    pointed = Delivery.objects.filter(recipient=owner, pk__in={wake.up_to for wake in wakes})
    followed = {row.pk: row for row in pointed}
    return [_wake_out(wake, followed.get(wake.up_to)) for wake in wakes]


def _wake_out(wake: Wake, delivery: Delivery | None) -> WakeOut:
    acknowledged = delivery.acknowledged_at if delivery else None
    return WakeOut(
        route=wake.route,
        tried_at=wake.tried_at,
        deliveries=wake.count,
        up_to=wake.up_to,
        error=wake.error,
        fetched_at=delivery.offered_at if delivery else None,
        acknowledged_at=acknowledged,
        seconds=_seconds(wake.tried_at, acknowledged),
    )


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if end and end >= start else None


def route_out(row: WakeRoute, tries: Sequence[WakeOut]) -> WakeRouteOut:
    """A route with what its newest tries say of it."""
    proven = sorted(one.seconds for one in tries if one.seconds is not None)
    return WakeRouteOut(
        route=row.route,
        position=row.position,
        state=_state(row, tries),
        url=row.url,
        failures=row.failures,
        last_error=row.last_error,
        tries=len(tries),
        acknowledged=len(proven),
        typical_seconds=proven[len(proven) // 2] if proven else None,
    )


def _state(row: WakeRoute, tries: Sequence[WakeOut]) -> str:
    if row.paused_at is not None:
        return "paused"
    if row.failing:
        return "failing"
    if any(one.acknowledged_at for one in tries):
        return "proven"
    return "unproven" if tries else "unused"
