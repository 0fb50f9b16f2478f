"""Breaking the glass: an owner lets a held act run at once, and somebody else reviews that."""

from __future__ import annotations

from django.utils import timezone

from approvals import events
from approvals.access import access_request
from approvals.chart import Company
from approvals.gating import stage_at
from approvals.models import OPEN, ApprovalRequest, Asked, BreakGlass
from approvals.schemas import GlassOut, Reason, Ref, RequestDetail
from approvals.selectors.requests import detail_of, glass_out
from approvals.services.asking import about, note, tell_requester
from approvals.services.deciding import check_words
from approvals.services.executing import approve, moved, supersede, whats_moved
from approvals.services.stepping import end_if_over
from messaging.services.notes import tell
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden

Status = ApprovalRequest.Status


@action(scope="owner")
def break_glass(*, actor: Member, request: Ref, reason: Reason) -> RequestDetail:
    """Let a held call run at once, whoever has not agreed. For owners, in need.

    Everybody whom the policy names is told, and a review stays open until somebody else closes it.
    It still runs once, as who asked, and only if they may and nothing has changed.
    """
    reason = check_words("reason", reason)
    row = access_request(actor=actor, request=request, lock=True)
    if row.status not in OPEN:
        raise Conflict(
            f"{row.name} is {row.status}; there is nothing to run.",
            next="Call the action again: that asks anew.",
            status=row.status,
        )
    if end_if_over(row):
        return detail_of(actor, row)
    if moved(row):
        supersede(row, whats_moved(row))
        return detail_of(actor, row)
    BreakGlass.objects.create(request=row, member=actor, reason=reason, at=timezone.now())
    company = Company.load()
    named = _named(row, company)
    _let_see(row, named)
    note(events.GLASS_BROKEN, row, *(member.pk for member in named), actor=actor, reason=reason)
    for member in named:
        if member.pk not in {actor.pk, row.requester_id}:
            tell(
                member,
                f"@{actor.handle} let {row.name} run at once without its approvals: “{reason}”."
                f" It was `{about(row)}` of @{row.requester.handle}. A review is open:"
                f" review_break_glass(request='{row.name}', ...).",
            )
    if actor.pk != row.requester_id:
        tell_requester(row, f"@{actor.handle} lets {row.name} run at once: “{reason}”.")
    approve(row, f"@{actor.handle} broke the glass: {reason}")
    return detail_of(actor, row)


def _let_see(row: ApprovalRequest, named: list[Member]) -> None:
    """Who may review it sees it from now on, those of stages that were never reached too."""
    now = timezone.now()
    rows = (
        Asked(request=row, member=one, round=row.round, stage=row.stage, why="review", at=now)
        for one in named
    )
    Asked.objects.bulk_create(rows, ignore_conflicts=True)


def _named(row: ApprovalRequest, company: Company) -> list[Member]:
    """Everybody whom a stage of the policies means, and the other owners."""
    requester = company.members[row.on_behalf_of_id or row.requester_id]
    found: dict[int, Member] = {}
    for number in range(len(row.stages)):
        for member in company.approvers(stage_at(row, number), requester):
            found.setdefault(member.pk, member)
    for member in company.members.values():
        if member.authority == Member.Authority.OWNER:
            found.setdefault(member.pk, member)
    return [member for member in found.values() if company.present(member)]


@action(scope="approvals:write")
def review_break_glass(
    *, actor: Member, request: Ref, justified: bool, finding: Reason
) -> GlassOut:
    """Close the review of a broken glass: for those whom the policy names and owners, but neither
    for who broke it nor for who asked, nor for their agents."""
    row = access_request(actor=actor, request=request, lock=True)
    glass = BreakGlass.objects.select_related("member", "request").filter(request=row).first()
    if glass is None:
        raise Conflict(
            f"Nobody broke the glass for {row.name}.", next="list_broken_glass shows the reviews."
        )
    if glass.closed_at is not None:
        raise Conflict("Its review is closed already.", next="Nothing is left to do.")
    company = Company.load()
    askers = {glass.member_id, row.requester_id}
    if actor.pk in company.barred(askers, without_registrar=False):
        raise Forbidden(
            "Whoever broke the glass, or asked for what ran, does not review it.",
            next="Ask another approver or owner.",
        )
    if actor.pk not in {member.pk for member in _named(row, company)}:
        raise Forbidden(
            "Its review is for those whom the policy names, and owners.", next="Ask one of them."
        )
    glass.closed_by, glass.closed_at = actor, timezone.now()
    glass.finding, glass.justified = check_words("finding", finding), justified
    glass.save(update_fields=["closed_by", "closed_at", "finding", "justified"])
    verdict = "justified" if justified else "not justified"
    note(events.GLASS_REVIEWED, row, glass.member_id, actor=actor, verdict=verdict,
         finding=glass.finding)  # fmt: skip
    of = f"{row.name}: {verdict}. “{glass.finding}”"
    tell(glass.member, f"@{actor.handle} reviewed your break of the glass for {of}")
    return glass_out(glass)
