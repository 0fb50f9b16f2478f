"""What a member decides about being woken: the order of routes, a webhook."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.models import Delivery, Route, WakeRoute
from messaging.schemas import WakeReport, WakeRouteOut, WebhookOut
from messaging.selectors.waking import route_out
from messaging.services.waking import note_wake, unused_route
from messaging.webhooks import check_target, secret_of
from orgchart.models import Member
from orgchart.selectors import access_own_or_administered
from teammcp.core.actions import action
from teammcp.core.errors import Conflict

Handle = Annotated[str, MaxLen(40)]
RouteName = Literal["waiting", "subscription", "connector", "stream", "channel", "hook", "webhook"]


@action(scope="profile:write")
def set_wake_route(
    *,
    actor: Member,
    route: RouteName,
    position: Annotated[int, Ge(0), Le(1000)] | None = None,
    paused: bool | None = None,
    member: Handle = "",
) -> WakeRouteOut:
    """Put a way of waking you earlier or later (lower positions first), or pause it.

    For yourself; admins for anybody.
    """
    owner = access_own_or_administered(actor=actor, handle=member)
    row = _route(owner, route)
    if position is not None:
        row.position = position
    if paused is not None:
        row.paused_at = timezone.now() if paused else None
        row.failures = row.failures if paused else 0
    row.save()
    _record(actor, owner, row, change="paused" if row.paused_at else "set")
    return route_out(row, [])


@action(scope="profile:write")
def set_webhook(
    *, actor: Member, url: Annotated[str, MaxLen(500)], member: Handle = ""
) -> WebhookOut:
    """Be woken by a signed POST to this address, after the routes before it had no effect.

    The answer has the secret, shown once: verify `webhook-signature` with it (Standard Webhooks).
    Setting it again makes a new secret. Private and loopback addresses are refused.
    """
    owner = access_own_or_administered(actor=actor, handle=member)
    check_target(url)
    row = _route(owner, Route.WEBHOOK)
    row.url, row.paused_at, row.failures, row.last_error = url, None, 0, ""
    row.secret_version += 1
    row.save()
    _record(actor, owner, row, change="set")
    return WebhookOut(url=url, secret=secret_of(row.pk, row.secret_version))


@action(scope="profile:write")
def remove_webhook(*, actor: Member, member: Handle = "") -> WakeRouteOut:
    """Be woken by webhook no more."""
    owner = access_own_or_administered(actor=actor, handle=member)
    row = WakeRoute.objects.filter(member=owner, route=Route.WEBHOOK).exclude(url="").first()
    if row is None:
        raise Conflict("There is no webhook.", next="Call set_webhook to have one.")
    row.url = ""
    row.save(update_fields=["url"])
    _record(actor, owner, row, change="removed")
    return route_out(row, [])


@action(scope="inbox:read")
def report_wake(
    *,
    actor: Member,
    route: Literal["channel", "hook", "connector"],
    up_to: Annotated[int, Ge(0), Le(2**62)] = 0,
    error: Annotated[str, MaxLen(200)] = "",
) -> WakeReport:
    """For connectors and hooks: say that you tried to wake the agent, or why it failed.

    `up_to` is the newest delivery that the notice pointed to. It acknowledges nothing.
    """
    open_rows = Delivery.objects.filter(
        recipient=actor, acknowledged_at=None, withdrawn_at=None, pk__lte=up_to
    )
    wake = note_wake(
        actor,
        route,
        up_to=up_to,
        count=open_rows.count(),
        now=timezone.now(),
        error=error,
        actor=actor,
    )
    return WakeReport(wake=wake.pk)


def _route(owner: Member, route: str) -> WakeRoute:
    found = WakeRoute.objects.filter(member=owner, route=route).first()
    return found or unused_route(owner, route)


def _record(actor: Member, owner: Member, row: WakeRoute, *, change: str) -> None:
    record(
        events.ROUTE_SET,
        actor=actor,
        target=f"member:{owner.pk}",
        topics=[f"member-{owner.pk}"],
        data={
            "handle": owner.handle,
            "route": row.route,
            "change": change,
            "position": row.position,
        },
    )
