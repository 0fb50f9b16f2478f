"""Who may see and answer a question: who asked, whom it is for or was told of it, and owners.
Everybody else hears that there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.chart import Company, Seat
from approvals.models import Hearer, Question
from audit.topics import inbox_topic
from orgchart.models import Member
from orgchart.walls import seen_among
from teammcp.core.cursors import number_in
from teammcp.core.errors import NotFound

_SIGN = re.compile(r"q-(?=\d)", re.IGNORECASE)
MOST_OPEN = 1_000  # questions that are looked at one by one for who may answer


def names_question(text: str) -> bool:
    """Whether a name is that of a question and not of a request: "Q-7"."""
    return bool(_SIGN.match(text.strip()))


def _questions(*, lock: bool) -> QuerySet[Question]:
    rows = Question.objects.select_related("asker", "answered_by", "seat")
    return rows.select_for_update(of=("self",)) if lock else rows


def seen_questions(
    actor: Member, answering: Iterable[int] = (), *, lock: bool = False
) -> QuerySet[Question]:
    """Questions that the actor may see; `answering` are those that they may answer now."""
    rows = _questions(lock=lock)
    if actor.has_scope("owner"):
        return rows
    told = Hearer.objects.filter(question=OuterRef("pk"), member=actor, told_at__isnull=False)
    return rows.filter(
        Q(asker=actor) | Q(answered_by=actor) | Exists(told) | Q(pk__in=list(answering))
    )


def may_answer(actor: Member, company: Company | None = None) -> dict[int, list[Seat]]:
    """The open questions that the actor may answer now, and from which places. The same number of
    statements, whatever there is."""
    rows = list(Question.objects.filter(status=Question.Status.OPEN).order_by("pk")[:MOST_OPEN])
    if not rows:
        return {}
    company = company or Company.load()
    found = {}
    for row in rows:
        mine = _own(actor, company.answering(row.asker_id, row.asked))
        if mine:
            found[row.pk] = mine
    askers = {row.pk: row.asker_id for row in rows}
    known = seen_among(actor, {askers[pk] for pk in found})
    return {pk: seats for pk, seats in found.items() if askers[pk] in known}


def seats_for(question: Question, company: Company) -> list[Seat]:
    """Everybody who may answer a question, of those of whom its asker may know."""
    seats = company.answering(question.asker_id, question.asked)
    asker = company.members[question.asker_id]
    known = seen_among(asker, {seat.member for seat in seats})
    return [seat for seat in seats if seat.member in known]


def own_seats(question: Question, actor: Member, company: Company) -> list[Seat]:
    """The places from which the actor may answer, their own first."""
    return _own(actor, seats_for(question, company))


def _own(actor: Member, seats: Iterable[Seat]) -> list[Seat]:
    mine = [seat for seat in seats if seat.member == actor.pk]
    return sorted(mine, key=lambda seat: seat.owner != actor.pk)


def access_question(
    *, actor: Member, question: str, lock: bool = False, company: Company | None = None
) -> Question:
    """A question that the actor may see. Raises NotFound."""
    number = number_in(_SIGN.sub("", question.strip(), count=1))
    found = None
    if number:
        found = seen_questions(actor, lock=lock).filter(pk=number).first()
        found = found or _as_asked(actor, _questions(lock=lock).filter(pk=number), company)
    if found is None:
        name = f"Q-{number}" if number else question[:20]
        raise NotFound(
            f"There is no question {name}.",
            next="list_asked_questions shows those that you may see.",
        )
    return found


def _as_asked(actor: Member, rows: QuerySet[Question], company: Company | None) -> Question | None:
    """The question of these, if the actor may answer it, though nobody has told them of it."""
    found = rows.filter(status=Question.Status.OPEN).first()
    if found is None:
        return None
    return found if own_seats(found, actor, company or Company.load()) else None


def ask_topics(question: Question, members: Iterable[int], *, wake: bool = False) -> list[str]:
    """The topics of an event about a question; with `wake` it answers a waiting call of its
    asker."""
    concerned = sorted({question.asker_id, *members})
    topics = ["approvals", f"ask-{question.pk}", *(f"member-{pk}" for pk in concerned)]
    return [*topics, inbox_topic(question.asker_id)] if wake else topics
