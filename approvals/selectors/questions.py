"""Reading questions to people: lists, one in full, and how one stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen
from django.db.models import Case, IntegerField, QuerySet, Value, When

from approvals.asks import access_question, may_answer, seats_for, seen_questions
from approvals.chart import Company
from approvals.models import Hearer, Question
from approvals.naming import named_for, one_named_for
from approvals.schemas import AskDetail, AskOut, AskPage, Progress, ShowingOut, Wanted, Which
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.cursors import cursor_in

Status, Cost = Question.Status, Question.Cost
DEAREST = {Cost.HIGH: 0, Cost.MEDIUM: 1, Cost.LOW: 2}
"""What comes first of what waits. A call that was held counts as medium."""


@query(scope="approvals:read")
def list_asked_questions(
    *,
    actor: Member,
    which: Which = "",
    status: Wanted = "open",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[str, MaxLen(20)] = "",
) -> AskPage:
    """Questions that were put to people by ask_question: yours ("mine"), those that wait for your
    answer ("waiting"), without `which` all that you may see. `cursor` is the `after` of the next
    page."""
    rows, answering = _wanted(actor, which, status, Company.load())
    if after:
        rows = rows.filter(pk__lt=cursor_in(after, "after", advice="Begin without `after`."))
    total = rows.count()
    page = list(rows.order_by("-pk")[:limit])
    return AskPage(
        items=_listed(actor, page, answering),
        remaining=total - len(page),
        cursor=str(page[-1].pk) if total > len(page) else None,
    )


def most_pressing(
    actor: Member, which: Which, status: Wanted, limit: int, company: Company
) -> tuple[list[AskOut], int]:
    """The questions that belong beside a list of requests, what costs most while it waits first,
    and how many more there are."""
    rows, answering = _wanted(actor, which, status, company)
    if status == "open":
        rank = Case(
            *(When(cost=cost, then=Value(place)) for cost, place in DEAREST.items()),
            output_field=IntegerField(),
        )
        rows = rows.order_by(rank, "answer_by", "pk")
    else:
        rows = rows.order_by("-pk")
    page = list(rows[:limit])
    more = rows.count() - limit if len(page) == limit else 0
    return _listed(actor, page, answering), more


def _wanted(
    actor: Member, which: Which, status: Wanted, company: Company
) -> tuple[QuerySet[Question], set[int]]:
    """The rows that are meant, and the ids of those that the actor may answer."""
    answering = set(may_answer(actor, company))
    rows = seen_questions(actor, answering)
    if which == "mine":
        rows = rows.filter(asker=actor)
    elif which == "waiting":
        rows = rows.filter(pk__in=answering)
    if status:
        is_open = {"status": Status.OPEN}
        rows = rows.filter(**is_open) if status == "open" else rows.exclude(**is_open)
    return rows, answering


def _listed(actor: Member, rows: Sequence[Question], answering: set[int]) -> list[AskOut]:
    seen = _seen(rows)
    return [AskOut(**_facts(actor, row, row.pk in seen, row.pk in answering)) for row in rows]


def _seen(rows: Iterable[Question]) -> set[int]:
    """Those that somebody else than who asked was shown."""
    askers = {row.pk: row.asker_id for row in rows}
    if not askers:
        return set()
    shown = Hearer.objects.filter(question__in=list(askers), shown_at__isnull=False)
    pairs = shown.values_list("question_id", "member_id")
    return {pk for pk, member in pairs if member != askers[pk]}


def _facts(actor: Member, row: Question, seen: bool, mine: bool) -> dict[str, Any]:  # noqa: FBT001
    by = row.answered_by
    return {
        "id": row.name,
        "status": row.status,
        "text": row.text,
        "asker": row.asker.handle,
        "asked": named_for(actor, row.asked),
        "options": row.options,
        "default": row.default,
        "answer_by": row.answer_by,
        "cost": row.cost,
        "cost_reason": row.cost_reason,
        "seen": seen,
        "may_answer": mine,
        "answer": row.answer,
        "answered_by": one_named_for(actor, by.handle) if by else None,
        "created_at": row.created_at,
        "closed_at": row.closed_at,
        "reason": row.reason,
    }


def ask_detail(actor: Member, row: Question) -> AskDetail:
    """All about a question, for who may see it."""
    company = Company.load()
    who = {seat.member for seat in seats_for(row, company)} if row.is_open else set()
    shown = Hearer.objects.filter(question=row, shown_at__isnull=False).order_by("shown_at", "pk")
    showings = [(one.member, one) for one in shown.select_related("member")]
    others = [one for member, one in showings if member.pk != row.asker_id]
    seat = row.seat if row.seat_id != row.answered_by_id else None
    return AskDetail(
        **_facts(actor, row, bool(others), actor.pk in who),
        details=row.details,
        about_action=row.about_action or None,
        arguments=row.arguments,
        waits_for=named_for(actor, company.handles(who)),
        comment=row.comment,
        answering_for=one_named_for(actor, seat.handle) if seat else None,
        answer_face=row.answer_face,
        showings=[
            ShowingOut(member=one_named_for(actor, member.handle), face=one.face, at=one.shown_at)
            for member, one in showings
            if one.shown_at
        ],
    )


def ask_progress(actor: Member, question: str, head: int) -> Progress:
    """How a question stands, in the shape of a request."""
    row = access_question(actor=actor, question=question)
    found = ask_detail(actor, row)
    answered = row.status in {Status.ANSWERED, Status.DEFAULTED}
    result = {
        "answer": found.answer,
        "by": found.answered_by,
        "comment": found.comment,
        "is_default": row.status == Status.DEFAULTED,
    }
    return Progress(
        id=row.name,
        status=row.status,
        open=row.is_open,
        action="ask_question",
        stage=1,
        stages=1,
        waits_for=found.waits_for,
        seen=found.seen,
        deadline=row.answer_by,
        reason=row.reason,
        comments=[],
        result=result if answered else None,
        error=None,
        head=head,
    )
