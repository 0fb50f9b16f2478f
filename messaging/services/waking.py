"""Waking: which way to a member is tried next, and what became of it.

A wake is a pointer ("look into your inbox"), never the content. It has had its effect when the
recipient fetched what it points to; that is an offer, and only their own call acknowledges.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.models import Delivery, Route, Wake, WakeRoute, Waking
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import system_member

PATIENCE = timedelta(seconds=30)  # for the effect of a try, before the next route is tried
HOUR = timedelta(hours=1)
UNASKED = (Route.WAITING, Route.CHANNEL, Route.HOOK)  # these come from the client's own side


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was written down; a webhook is then called, everything else was told already."""

    id: int
    route: str
    up_to: int
    count: int
    url: str = ""
    secret_version: int = 0


def try_next(member_id: int, connected: Collection[str], now: datetime) -> Try | None:
    """Write down the next try to wake this member, if one is called for. For jobs only.

    None where nothing waits unseen, where a try is still open (bursts coalesce), where the hour has
    had its tries, or where no route is left: then the next delivery begins anew.
    """
    member = Member.objects.get(pk=member_id)
    state = Waking.objects.filter(member=member).first() or Waking(member=member)
    waiting = _unseen(member).aggregate(count=Count("pk"), up_to=Max("pk"))
    if not waiting["count"] or member.status != Member.Status.ACTIVE:
        _settle(state)
        return None
    if _unseen(member).filter(pk__lte=state.up_to).exists():
        if state.due_at is not None and state.due_at > now:
            return None
        if state.due_at is None and waiting["up_to"] <= state.up_to:
            return None  # every route was tried for this
        _failed(state)
    else:
        _settle(state)
    if (free_at := _full_until(member, now)) is not None:
        state.due_at = free_at
        state.save()
        return None
    return _try(member, state, connected, now, waiting["count"], waiting["up_to"])


def _unseen(member: Member) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        recipient=member, acknowledged_at=None, withdrawn_at=None, offered_at=None
    )


def _settle(state: Waking) -> None:
    """What was open had its effect."""
    if state.route:
        route_rows = WakeRoute.objects.filter(member_id=state.member_id, route=state.route)
        route_rows.update(failures=0, last_error="")
    if state.route or state.due_at or state.tried:
        state.route, state.tried, state.due_at = "", [], None
        state.save()


def _failed(state: Waking) -> None:
    """The open try had no effect in time."""
    if state.route:
        _count_failure(state.member_id, state.route, "not fetched in time")
        state.route = ""


def _full_until(member: Member, now: datetime) -> datetime | None:
    """When the next wake is allowed, where this hour has had its number."""
    rows = Wake.objects.filter(member=member, tried_at__gt=now - HOUR).exclude(
        route__in=list(UNASKED)
    )
    times = list(rows.order_by("-pk").values_list("tried_at", flat=True)[: settings.WAKES_PER_HOUR])
    return times[-1] + HOUR if len(times) == settings.WAKES_PER_HOUR else None


def _try(
    member: Member, state: Waking, connected: Collection[str], now: datetime, count: int, up_to: int
) -> Try | None:
    ways = ways_to(member, connected)
    left = [one for one in ways if one.route not in state.tried]
    if not left and up_to > state.up_to:  # something newer came: begin anew
        left, state.tried = ways, []
    if not ways and state._state.adding:
        return None  # nothing was ever tried, and nothing can be
    state.up_to = up_to
    if not left:
        state.route, state.due_at = "", None
        state.save()
        return None
    chosen = left[0]
    state.route, state.due_at = chosen.route, now + PATIENCE
    state.tried = [*state.tried, chosen.route]
    state.save()
    wake = note_wake(member, chosen.route, up_to=up_to, count=count, now=now)
    return Try(wake.pk, chosen.route, up_to, count, chosen.url, chosen.secret_version)


def ways_to(member: Member, connected: Collection[str]) -> list[WakeRoute]:
    """The routes that the server itself can try now, in order; those that fail come last."""
    known = {row.route: row for row in WakeRoute.objects.filter(member=member)}
    open_now = {name for name in connected if name in Route.values}
    rows = [known.get(name) or unused_route(member, name) for name in open_now]
    if (hook := known.get(Route.WEBHOOK)) is not None and hook.url:
        rows.append(hook)
    usable = [row for row in rows if row.paused_at is None]
    return sorted(usable, key=lambda row: (row.failing, row.position))


def unused_route(member: Member, route: str) -> WakeRoute:
    """A route of which nothing is known yet, in its usual place."""
    return WakeRoute(member=member, route=route, position=Route.values.index(route) * 10)


def note_wake(
    member: Member,
    route: str,
    *,
    up_to: int,
    count: int,
    now: datetime,
    error: str = "",
    actor: Member | None = None,
) -> Wake:
    """Write down one try, of the server's own where no `actor` made it. For actions and jobs."""
    wake = Wake.objects.create(
        member=member, route=route, tried_at=now, up_to=up_to, count=count, error=error
    )
    record(
        events.WAKE_TRIED,
        actor=actor or system_member(),
        target=f"wake:{wake.pk}",
        topics=[f"member-{member.pk}"],
        data={"handle": member.handle, "route": route, "up_to": up_to, "count": count},
    )
    return wake


def note_answered_wait(member: Member, deliveries: Sequence[int]) -> None:
    """A waiting call returned with these: it woke its own caller. For what shows them."""
    newest, count = max(deliveries), len(deliveries)
    note_wake(member, Route.WAITING, up_to=newest, count=count, now=timezone.now(), actor=member)


def note_failure(wake_id: int, error: str) -> None:
    """A try could not even be made: the next route is due at once. For jobs only."""
    wake = Wake.objects.get(pk=wake_id)
    Wake.objects.filter(pk=wake_id).update(error=error[:200])
    _count_failure(wake.member_id, wake.route, error)
    open_try = Waking.objects.filter(member_id=wake.member_id, route=wake.route, up_to=wake.up_to)
    open_try.update(due_at=timezone.now(), route="")


def _count_failure(member_id: int, route: str, error: str) -> None:
    member = Member.objects.get(pk=member_id)
    row, _ = WakeRoute.objects.get_or_create(
        member=member, route=route, defaults={"position": unused_route(member, route).position}
    )
    WakeRoute.objects.filter(pk=row.pk).update(failures=F("failures") + 1, last_error=error[:200])
    row.refresh_from_db()
    if row.failures == WakeRoute.FAILING:
        record(
            events.ROUTE_FAILING,
            actor=system_member(),
            topics=[f"member-{member_id}", "admin"],
            data={"handle": member.handle, "route": route},
        )
    if route == Route.WEBHOOK and row.failures == settings.WEBHOOK_FAILURES:
        WakeRoute.objects.filter(pk=row.pk).update(paused_at=timezone.now())
        tell(
            member,
            f"Your webhook failed {row.failures} times in a row and is paused: {error[:120]}. Put"
            " it right, then call `set_wake_route(route='webhook', paused=false)`.",
        )


def due_members(now: datetime) -> list[int]:
    """Whose open try has had its time."""
    return list(Waking.objects.filter(due_at__lte=now).values_list("pk", flat=True)[:200])


def unseen_members() -> Sequence[int]:
    """Everybody for whom something waits that no try has pointed to yet: after a start."""
    newest = (
        Delivery.objects.filter(acknowledged_at=None, withdrawn_at=None, offered_at=None)
        .values("recipient")
        .annotate(newest=Max("pk"))
        .values_list("recipient", "newest")
    )
    known = dict(Waking.objects.values_list("pk", "up_to"))
    return [pk for pk, up_to in newest if up_to > known.get(pk, 0)]


def webhook_members() -> set[int]:
    """Who has a webhook that may be called."""
    rows = WakeRoute.objects.filter(~Q(url=""), route=Route.WEBHOOK, paused_at=None)
    return set(rows.values_list("member_id", flat=True))
