"""Reading requests: lists, one in full, and how one stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from django.db.models import Q

from approvals.access import access_request, may_decide_on, seen_requests, taken_in
from approvals.asks import names_question
from approvals.chart import Company
from approvals.gating import stage_at
from approvals.models import (
    OPEN,
    ApprovalRequest,
    BreakGlass,
    Comment,
    Decision,
    Showing,
)
from approvals.naming import named_for, one_named_for
from approvals.schemas import (
    ChangeOut,
    CommentOut,
    DecisionOut,
    GlassOut,
    Progress,
    Ref,
    RequestDetail,
    RequestOut,
    RequestPage,
    ShowingOut,
    StageOut,
    Wanted,
    Which,
)
from approvals.selectors.questions import ask_progress, most_pressing
from audit.selectors import head_seq
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.cursors import cursor_in

Status = ApprovalRequest.Status
SHOWN = 200  # characters of a call in a list
WAIT_LIMIT = 50


@query(scope="approvals:read")
def list_approvals(
    *,
    actor: Member,
    which: Which = "",
    status: Wanted = "open",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[str, MaxLen(20)] = "",
) -> RequestPage:
    """Calls that wait for approval: what you asked for ("mine") and what waits for you to decide
    ("waiting"); without `which` all that you may see. `cursor` is the `after` of the next page.
    The first page has the questions to people too."""
    company = Company.load()
    deciding = may_decide_on(actor, company)
    rows = seen_requests(actor, deciding)
    if which == "mine":
        rows = rows.filter(Q(requester=actor) | Q(on_behalf_of=actor))
    elif which == "waiting":
        rows = rows.filter(pk__in=list(deciding))
    if status:
        live = [*OPEN, Status.APPROVED]
        rows = rows.filter(status__in=live) if status == "open" else rows.exclude(status__in=live)
    total = None
    if after:
        rows = rows.filter(pk__lt=cursor_in(after, "after", advice="Begin without `after`."))
    total = rows.count()
    page = list(rows.order_by("-pk")[:limit])
    seen = _seen(page)
    questions, more = ([], 0) if after else most_pressing(actor, which, status, limit, company)
    return RequestPage(
        items=[_listed(actor, row, company, seen, row.pk in deciding) for row in page],
        remaining=total - len(page),
        cursor=str(page[-1].pk) if total > len(page) else None,
        questions=questions,
        more_questions=more,
    )


def _seen(rows: Sequence[ApprovalRequest]) -> dict[int, set[int]]:
    """By request: who used a seat in its present round, and -1 where anybody was shown it."""
    found: dict[int, set[int]] = {row.pk: set() for row in rows}
    rounds = {row.pk: row.round for row in rows}
    decisions = Decision.objects.filter(request__in=list(found))
    for pk, number, member, seat in decisions.values_list(
        "request_id", "round", "member_id", "seat_id"
    ):
        found[pk].add(0)
        if number == rounds[pk]:
            found[pk] |= {-member, seat}
    requesters = {row.pk: row.requester_id for row in rows}
    shown = Showing.objects.filter(request__in=list(found))
    for pk, member in shown.values_list("request_id", "member_id"):
        if member != requesters[pk]:
            found[pk].add(0)
    return found


def _listed(
    actor: Member,
    row: ApprovalRequest,
    company: Company,
    seen: dict[int, set[int]],
    mine: bool,  # noqa: FBT001
) -> RequestOut:
    return RequestOut(
        id=row.name,
        status=row.status,
        action=row.action,
        requester=one_named_for(actor, company.members[row.requester_id].handle),
        about=in_one_line(row),
        policies=_policies(row),
        stage=row.stage + 1,
        stages=len(row.stages),
        waits_for=named_for(actor, waits_for(row, company, seen[row.pk])),
        seen=0 in seen[row.pk],
        may_decide=mine,
        created_at=row.created_at,
        deadline=row.deadline,
        closed_at=row.closed_at,
        reason=row.reason,
    )


def in_one_line(row: ApprovalRequest) -> str:
    """The call: "send_message(to='#general', body='Hello.')", cut where it is long."""
    given = ", ".join(f"{name}={value!r}" for name, value in row.arguments.items() if value)
    line = f"{row.action}({given})"
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def waits_for(row: ApprovalRequest, company: Company, taken: set[int]) -> list[str]:
    """Who may decide now and has not; who asked, where changes were asked for."""
    if row.status == Status.CHANGES_REQUESTED:
        return [f"@{company.members[row.requester_id].handle}"]
    if row.status != Status.OPEN:
        return []
    seats = company.seats(row, stage_at(row, row.stage), levels=row.escalated)
    free = {s.member for s in seats if s.owner not in taken and -s.member not in taken}
    return company.handles(free)


def _policies(row: ApprovalRequest) -> list[str]:
    return list(dict.fromkeys(name for _, name, _ in row.policies))


# One request


def detail_of(actor: Member, row: ApprovalRequest) -> RequestDetail:
    """All about a request, for who may see it."""
    company = Company.load()
    decisions = list(
        Decision.objects.filter(request=row).select_related("member", "seat").order_by("pk")
    )
    taken = taken_in(row)
    deciding = row.status == Status.OPEN and any(
        seat.member == actor.pk and seat.owner not in taken and -actor.pk not in taken
        for seat in company.seats(row, stage_at(row, row.stage), levels=row.escalated)
    )
    showings = Showing.objects.filter(request=row).select_related("member").order_by("pk")
    comments = Comment.objects.filter(request=row).select_related("member").order_by("pk")
    glass = BreakGlass.objects.filter(request=row).select_related(
        "request", "member", "closed_by"
    ).first()  # fmt: skip
    failed = row.status == Status.FAILED
    return RequestDetail(
        id=row.name,
        status=row.status,
        action=row.action,
        arguments=row.arguments,
        before=row.before,
        requester=row.requester.handle,
        on_behalf_of=row.on_behalf_of.handle if row.on_behalf_of else None,
        face=row.face,
        policies=_policies(row),
        digest=row.digest,
        changes=[ChangeOut.model_validate(one) for one in row.preview],
        touches=[name for _, _, name in row.touched],
        stage=row.stage + 1,
        round=row.round,
        stages=stages_out(actor, row, decisions, waits_for(row, company, taken)),
        decisions=[decision_out(actor, one) for one in decisions],
        comments=[CommentOut(member=c.member.handle, body=c.body, at=c.at) for c in comments],
        showings=[ShowingOut(member=s.member.handle, face=s.face, at=s.at) for s in showings],
        may_decide=deciding,
        deadline=row.deadline,
        created_at=row.created_at,
        closed_at=row.closed_at,
        reason=row.reason,
        result=_answer(actor, row) if not failed else None,
        error=row.result if failed else None,
        broken_glass=glass_out(glass) if glass else None,
    )


def _answer(actor: Member, row: ApprovalRequest) -> dict[str, Any] | None:
    """What the act answered is for who asked: it may say more than the request does."""
    return row.result if actor.pk in {row.requester_id, row.on_behalf_of_id} else None


def stages_out(
    actor: Member, row: ApprovalRequest, decisions: Iterable[Decision], who: list[str]
) -> list[StageOut]:
    """The stages as they stand in the present round."""
    yes = [d.stage for d in decisions if d.round == row.round and d.verdict == "approve"]
    done = row.status in {Status.APPROVED, Status.EXECUTED, Status.FAILED}
    found = []
    for number, kept in enumerate(row.stages):
        state: Literal["waiting", "open", "done"] = "waiting"
        if done or number < row.stage:
            state = "done"
        elif number == row.stage and row.is_open:
            state = "open"
        found.append(
            StageOut(
                number=number + 1, policy=kept["policy"],
                approvers=named_for(actor, kept["approvers"]),
                quorum=kept["quorum"], approved=yes.count(number), state=state,
                who=named_for(actor, who) if state == "open" and row.status == Status.OPEN else [],
            )
        )  # fmt: skip
    return found


def decision_out(actor: Member, row: Decision) -> DecisionOut:
    return DecisionOut(
        member=one_named_for(actor, row.member.handle),
        deciding_for=None
        if row.seat_id == row.member_id
        else one_named_for(actor, row.seat.handle),
        verdict=row.verdict,  # type: ignore[arg-type]
        comment=row.comment,
        stage=row.stage + 1,
        round=row.round,
        face=row.face,
        at=row.at,
    )


def glass_out(row: BreakGlass) -> GlassOut:
    return GlassOut(
        request=row.request.name,
        action=row.request.action,
        member=row.member.handle,
        reason=row.reason,
        at=row.at,
        closed_by=row.closed_by.handle if row.closed_by else None,
        finding=row.finding,
        justified=row.justified,
        closed_at=row.closed_at,
    )


@query(scope="approvals:read")
def wait_for_approval(
    *, actor: Member, request: Ref, wait_seconds: Annotated[int, Ge(0), Le(WAIT_LIMIT)] = 0
) -> Progress:
    """How a request ("A-12") stands, or a question ("Q-7"): who has to decide, what was said, and
    what it answered.

    With `wait_seconds` (up to 50) it answers as soon as something about your own request happens.
    Nobody has to wait: the decision comes into your inbox.
    """
    head = head_seq()  # read first: what commits later wakes a waiter
    if names_question(request):
        return ask_progress(actor, request, head)
    row = access_request(actor=actor, request=request)
    company = Company.load()
    seen = _seen([row])
    comments = Comment.objects.filter(request=row).select_related("member").order_by("pk")
    failed = row.status == Status.FAILED
    return Progress(
        id=row.name,
        status=row.status,
        open=row.status == Status.OPEN or row.status == Status.APPROVED,
        action=row.action,
        stage=row.stage + 1,
        stages=len(row.stages),
        waits_for=named_for(actor, waits_for(row, company, seen[row.pk])),
        seen=0 in seen[row.pk],
        deadline=row.deadline,
        reason=row.reason,
        comments=[f"@{c.member.handle}: {c.body}" for c in comments],
        result=_answer(actor, row) if not failed else None,
        error=row.result if failed else None,
        head=head,
    )
