"""Who sees a promise, and what they may do with it: one rule for every face."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from orgchart import chart
from orgchart.models import Member
from tasks.models import Promise
from teammcp.core.errors import NotFound

State = Promise.State
SHOWN = ("member", "made_by", "to", "closed_by", "task__home", "message")


def visible_promises(actor: Member) -> QuerySet[Promise]:
    """Those that one owes, made, or was given; and those of whom one manages."""
    return Promise.objects.filter(concerning(actor) | Q(member__in=managed_by(actor)))


def concerning(member: Member) -> Q:
    return Q(member=member) | Q(made_by=member) | Q(to=member)


def managed_by(actor: Member) -> QuerySet[Member]:
    """To whom the actor may give orders, as `chart.manages` says. One statement beside."""
    if actor.has_scope("owner"):
        return Member.objects.all()
    ranks = [name for name, rank in chart.RANKS.items() if rank <= chart.RANKS[actor.authority]]
    below = Q(pk__in=chart.branch_below(actor.pk), authority__in=ranks)
    if actor.has_scope("admin"):
        below |= Q(authority__in=["member", "observer"])
    return Member.objects.filter(below)


def access_promise(*, actor: Member, promise_id: int) -> Promise:
    """A promise that the actor may see. Raises NotFound."""
    rows = visible_promises(actor).select_related(*SHOWN)
    found = rows.filter(pk=promise_id).first()
    if found is None:
        raise NotFound(
            f"There is no promise {promise_id}.",
            next="list_promises shows those that you may see.",
        )
    return found


def may_do(actor: Member, row: Promise, *, manages: bool) -> list[str]:
    """What this member may do with a promise now: keep, break, release."""
    if not actor.has_scope("tasks:write"):
        return []
    own, given = row.member_id == actor.pk, row.to_id == actor.pk
    may = []
    if row.state == State.OPEN and own:
        may.append("keep")
    if (row.state == State.OPEN and (own or given or manages)) or (
        row.state == State.KEPT and given
    ):
        may.append("break")
    if row.state == State.OPEN and (own or manages):
        may.append("release")
    return may


def topics_of(row: Promise) -> list[str]:
    """Those whom it concerns read its events."""
    ids = dict.fromkeys((row.member_id, row.made_by_id, row.to_id))
    return [f"member-{pk}" for pk in ids if pk]


def facts_of(row: Promise) -> dict[str, Any]:
    """What every event about a promise says of it."""
    return {
        "member": row.member_id,
        "to": row.to_id,
        "state": row.state,
        "due_at": row.due_at.isoformat(),
        "closed_by": row.closed_by_id,
    }
