"""Telling people of questions: who is asked, and who waits for the answer. One inbox item for each
occasion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from approvals import events
from approvals.asks import ask_topics
from approvals.chart import Company, Seat
from approvals.models import Hearer, Question
from approvals.services.mailing import mail_about
from audit.ledger import record
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.context import current_call
from teammcp.core.lane import run_write

MOST_TOLD = 50  # who is not told finds it in the queue all the same


def note_ask(
    kind: str,
    question: Question,
    *members: int,
    actor: Member | None = None,
    on_behalf_of: Member | None = None,
    wake: bool = False,
    **data: Any,
) -> None:
    """Record an event about a question, in the server's own name where nobody did it. Whoever was
    told of it reads it, so that an answer shows on the open pages of the others."""
    told = Hearer.objects.filter(question=question, told_at__isnull=False)
    if "reason" in data:  # a sentence of its own; here the end of another
        data["reason"] = str(data["reason"]).rstrip(".")
    record(
        kind,
        actor=actor or system_member(),
        on_behalf_of=on_behalf_of,
        target=f"ask:{question.pk}",
        topics=ask_topics(
            question, {*members, *told.values_list("member_id", flat=True)}, wake=wake
        ),
        data={"ask": question.pk, "name": question.name, **data},
    )


def tell_of(question: Question, company: Company, seats: Iterable[Seat]) -> list[int]:
    """Put a question into the inbox of those whom it is for; who they are. Once, when it is
    asked."""
    members = list(dict.fromkeys(seat.member for seat in seats))[:MOST_TOLD]
    now = timezone.now()
    Hearer.objects.bulk_create(
        Hearer(question=question, member_id=pk, told_at=now) for pk in members
    )
    for pk in members:
        tell(company.members[pk], _asked(question))
    mail_about(question, [company.members[pk] for pk in members])
    return members


def _asked(question: Question) -> str:
    options = f" {' / '.join(question.options)}." if question.options else ""
    costs = {"high": " Waiting costs much: ", "low": " It can wait: "}.get(question.cost, "")
    why = f"{costs or ' '}{question.cost_reason}." if question.cost_reason else ""
    return (
        f"{question.name}: @{question.asker.handle} asks “{question.text}”{options}{why}"
        f" {until(question)} show_question(question='{question.name}') has the whole;"
        f" answer_question(question='{question.name}', answer=...) answers."
    )


def until(question: Question) -> str:
    """By when, and what holds otherwise."""
    end = f"{question.answer_by:%Y-%m-%d %H:%M} UTC"
    if question.default:
        return f"By {end}; after that it is “{question.default}” by default."
    return f"By {end}; after that it ends unanswered."


def tell_asker(question: Question, body: str) -> None:
    """Put one item into the inbox of who asked."""
    if question.asker.status != Member.Status.RETIRED:
        tell(question.asker, body)


def tell_asked_ones(question: Question, body: str) -> None:
    """Put one item into the inbox of everybody who was told of it."""
    rows = Hearer.objects.filter(question=question, told_at__isnull=False)
    for row in rows.select_related("member").order_by("pk"):
        if row.member.status != Member.Status.RETIRED:
            tell(row.member, body)


def note_ask_shown(actor: Member, question: Question) -> None:
    """Write down that this member sees a question now, the first time. For faces that really show
    it: show_question and its page on the dashboard."""
    if actor.pk == question.asker_id or not question.is_open:
        return
    seen = Hearer.objects.filter(question=question, member=actor, shown_at__isnull=False)
    if not seen.exists():
        run_write(lambda: _write(actor, question))


def _write(actor: Member, question: Question) -> None:
    row, _ = Hearer.objects.get_or_create(question=question, member=actor)
    face, now = current_call().face, timezone.now()
    unseen = Hearer.objects.filter(pk=row.pk, shown_at=None)
    if unseen.update(shown_at=now, face=face):
        note_ask(events.ASK_SHOWN, question, actor.pk, actor=actor, face=face)
