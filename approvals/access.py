"""Who may see a request: who asked, who may decide or was asked to, and owners. Everybody else
hears that there is none, because what will run may hold words of a place that they do not see."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.chart import Company, Seat
from approvals.gating import stage_at
from approvals.models import OPEN, ApprovalRequest, Asked, Decision, Policy
from audit.topics import inbox_topic
from orgchart.models import Member
from teammcp.core.cursors import number_in
from teammcp.core.errors import NotFound

_SIGN = re.compile(r"a-(?=\d)", re.IGNORECASE)
MOST_OPEN = 1_000  # requests that are looked at one by one for who may decide


def _requests(*, lock: bool) -> QuerySet[ApprovalRequest]:
    rows = ApprovalRequest.objects.select_related("requester", "on_behalf_of")
    return rows.select_for_update(of=("self",)) if lock else rows


def seen_requests(
    actor: Member, deciding: Iterable[int] = (), *, lock: bool = False
) -> QuerySet[ApprovalRequest]:
    """Requests that the actor may see; `deciding` are those on which they may decide now."""
    rows = _requests(lock=lock)
    if actor.has_scope("owner"):
        return rows
    asked = Asked.objects.filter(request=OuterRef("pk"), member=actor)
    decided = Decision.objects.filter(request=OuterRef("pk"), member=actor)
    return rows.filter(
        Q(requester=actor) | Q(on_behalf_of=actor) | Exists(asked) | Exists(decided)
        | Q(pk__in=list(deciding))
    )  # fmt: skip


def may_decide_on(actor: Member, company: Company | None = None) -> dict[int, list[Seat]]:
    """The open requests on which the actor may decide now, with their free seats. Four statements,
    whatever there is."""
    rows = list(ApprovalRequest.objects.filter(status=ApprovalRequest.Status.OPEN).order_by("pk")
                [:MOST_OPEN])  # fmt: skip
    if not rows:
        return {}
    company = company or Company.load()
    taken: dict[tuple[int, int], set[int]] = {}
    decisions = Decision.objects.filter(request__in=[row.pk for row in rows])
    for pk, number, member, seat in decisions.values_list(
        "request_id", "round", "member_id", "seat_id"
    ):
        taken.setdefault((pk, number), set()).update((-member, seat))
    found = {}
    for row in rows:
        mine = free_seats(row, actor, company, taken.get((row.pk, row.round), set()))
        if mine:
            found[row.pk] = mine
    return found


def free_seats(
    request: ApprovalRequest, actor: Member, company: Company, taken: set[int]
) -> list[Seat]:
    """The seats from which the actor may decide now, their own first. `taken` has the seats that
    were used in this round, and the members who used one as negative numbers."""
    if -actor.pk in taken:
        return []
    stage = stage_at(request, request.stage)
    seats = company.seats(request, stage, levels=request.escalated)
    mine = [seat for seat in seats if seat.member == actor.pk and seat.owner not in taken]
    return sorted(mine, key=lambda seat: seat.owner != actor.pk)


def taken_in(request: ApprovalRequest) -> set[int]:
    """The seats that were used in this round of a request, and by whom (as negative numbers)."""
    rows = Decision.objects.filter(request=request, round=request.round)
    return {pk for member, seat in rows.values_list("member_id", "seat_id")
            for pk in (-member, seat)}  # fmt: skip


def access_request(
    *, actor: Member, request: str, lock: bool = False, company: Company | None = None
) -> ApprovalRequest:
    """A request that the actor may see. Raises NotFound."""
    number = number_in(_SIGN.sub("", request.strip(), count=1))
    found = None
    if number:
        found = seen_requests(actor, lock=lock).filter(pk=number).first()
        found = found or _as_approver(actor, _requests(lock=lock).filter(pk=number), company)
    if found is None:
        name = f"A-{number}" if number else request[:20]
        raise NotFound(
            f"There is no request {name}.", next="list_approvals shows those that you may see."
        )
    return found


def _as_approver(
    actor: Member, rows: QuerySet[ApprovalRequest], company: Company | None
) -> ApprovalRequest | None:
    """The request of these, if the actor could decide on it, though nobody has asked them yet."""
    found = rows.filter(status__in=OPEN).first()
    if found is None:
        return None
    seats = free_seats(found, actor, company or Company.load(), set())
    return found if seats else None


def find_policy(named: str) -> Policy | None:
    """A policy by its name or number."""
    named = named.strip()
    rows = Policy.objects.select_related("created_by")
    found = rows.filter(name__iexact=named).first()
    number = number_in(named)
    return found or (rows.filter(pk=number).first() if number else None)


def access_policy(*, policy: str, lock: bool = False) -> Policy:
    """A policy, which every member may read; `lock` to change it. Raises NotFound."""
    found = find_policy(policy)
    if found is None:
        raise NotFound(f"There is no policy {policy[:80]!r}.", next="list_policies shows them all.")
    return Policy.objects.select_for_update().get(pk=found.pk) if lock else found


def topics_of(request: ApprovalRequest, *members: int, wake: Iterable[int] = ()) -> list[str]:
    """The topics of an event about a request: labels by which it is found, and whom it concerns.
    `wake` are those whose waiting calls it answers."""
    concerned = {request.requester_id, *members}
    if request.on_behalf_of_id is not None:
        concerned.add(request.on_behalf_of_id)
    return [
        "approvals", f"approval-{request.pk}", *(f"member-{pk}" for pk in sorted(concerned)),
        *(inbox_topic(pk) for pk in wake),
    ]  # fmt: skip
