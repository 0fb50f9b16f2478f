"""What of leases on names and of goals is somebody's when they leave: leases end, and the successor
hears what they were; goals get a new owner."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Count, QuerySet

from messaging.access import at_home
from orgchart.holdings import HandOver, Holding, HoldingKind, holding_kind
from orgchart.models import Member
from tasks import events
from tasks.access import sees_home
from tasks.models import Goal, Lease
from tasks.selectors.leases import seen
from tasks.services.lease_rows import finish, on
from tasks.services.rolling_up import keep_goal
from tasks.times import said


def _live(member_ids: Collection[int]) -> QuerySet[Lease]:
    rows = Lease.objects.exclude(state=Lease.State.OVER).filter(holder__in=member_ids)
    return rows.select_related("holder", "home").order_by("pk")


def _count(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = _live(member_ids).order_by().values_list("holder")
    return dict(rows.annotate(number=Count("pk")))


def _items(member: Member, viewer: Member, limit: int) -> list[Holding]:
    shown = seen(viewer, _live([member.pk]))[:limit]
    return [Holding("lease", lease.name, _line(lease), due=lease.ends_at) for lease in shown]


def _line(lease: Lease) -> str:
    state = "waits for it" if lease.ends_at is None else f"until {said(lease.ends_at)}"
    why = f", {lease.why}" if lease.why else ""
    return f"{on(lease)} ({state}{why})"


def _give_up(over: HandOver) -> None:
    """Nobody inherits a lease: it protects work under way, which ended. What a successor sees of it
    is named, so that they can take it anew."""
    leases = list(_live([over.member.pk]))
    known = [one for one in seen(over.successor, leases) if one.ends_at is not None]
    for lease in sorted(leases, key=lambda one: one.ends_at is not None):  # else turns come up
        finish(over.actor, lease, events.LEASE_GIVEN_UP)
    if known:
        names = "; ".join(_line(lease) for lease in known)
        over.notes.append(
            f"@{over.member.handle} held leases, which ended: {names}. take_lease what you need."
        )


holding_kind(
    HoldingKind(
        "lease",
        one="lease",
        many="leases",
        items=_items,
        count=_count,
        pass_on=_give_up,
        load=False,
    )
)


# Goals


def _owned(member_ids: Collection[int]) -> QuerySet[Goal]:
    rows = Goal.objects.filter(status=Goal.Status.OPEN, owner__in=member_ids)
    return rows.select_related("home", "owner").order_by("pk")


def _count_goals(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = _owned(member_ids).order_by().values_list("owner")
    return dict(rows.annotate(number=Count("pk")))


def _goals(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = _owned([member.pk]).filter(at_home(viewer))
    return [
        Holding("goal", goal.name, f"{goal.title} ({goal.percent:g} %)", due=goal.due_at)
        for goal in rows[:limit]
    ]


def _pass_goals_on(over: HandOver) -> None:
    """To the successor, as far as they may see them; the others have no owner until somebody who
    sees them names one."""
    for goal in _owned([over.member.pk]):
        heir = over.successor if sees_home(over.successor, goal.home) else None
        to = f"@{heir.handle}" if heir else "nobody"
        former = over.member.handle
        keep_goal(over.actor, goal, events.GOAL_HANDED_OVER, {"owner": heir}, former=former, to=to)


holding_kind(
    HoldingKind(
        "goal",
        one="goal",
        many="goals",
        items=_goals,
        count=_count_goals,
        pass_on=_pass_goals_on,
        load=False,  # what is done for it is counted as tasks
    )
)
