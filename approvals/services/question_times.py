"""What happens to a question while nobody answers: reminders, and at its end the default, which is
recorded as one. Each step is taken once, by whoever takes the row's time away."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals import events
from approvals.asks import seats_for
from approvals.chart import Company
from approvals.models import Hearer, Question
from approvals.services.question_acts import policies_over
from approvals.services.question_notes import note_ask, tell_asked_ones, tell_asker, until
from approvals.timing import reminded_by
from messaging.services.notes import tell
from orgchart.hours import at_work_from
from orgchart.models import Member
from teammcp.core.due import DueRows
from teammcp.core.errors import AppError

Status = Question.Status
REMIND = timedelta(hours=4)


def step_questions(now: datetime) -> int:
    """Take the steps that are due; how many questions were looked at. For any number of callers."""
    return TO_LOOK_AT.run_due(now)


def next_look(question: Question, company: Company) -> datetime:
    """The first of what comes: a reminder when somebody who may answer is at work, or the end."""
    planned = question.created_at + _every(question) * (question.reminded + 1)
    waiting = {seat.member for seat in seats_for(question, company)}
    times = [at_work_from(company.members[pk], planned) for pk in waiting]
    return min([question.answer_by, *times])


def _every(question: Question) -> timedelta:
    return min(REMIND, (question.answer_by - question.created_at) / 2)


def _look(pk: int, now: datetime) -> None:
    question = Question.objects.select_related("asker").get(pk=pk)
    if not question.is_open:
        return
    if now >= question.answer_by:
        _end(question, now)
        return
    company = Company.load(now)
    _remind(question, company, now)
    question.due_at = next_look(question, company)
    question.save(update_fields=["due_at", "reminded"])


def _remind(question: Question, company: Company, now: datetime) -> None:
    """Those who are at work. That nobody has even looked is told as such."""
    question.reminded = reminded_by(
        now, since=question.created_at, every=_every(question), before=question.reminded
    )
    shown = Hearer.objects.filter(question=question, shown_at__isnull=False)
    unseen = not shown.exclude(member=question.asker_id).exists()
    state = ", and nobody has looked at it yet" if unseen else ""
    for pk in sorted({seat.member for seat in seats_for(question, company)}):
        member = company.members[pk]
        if at_work_from(member, now) > now:
            continue
        tell(
            member,
            f"{question.name} of @{question.asker.handle} still waits for an answer{state}:"
            f" “{question.text}”. {until(question)} show_question(question='{question.name}').",
        )
        note_ask(events.ASK_REMINDED, question, pk, handle=member.handle, unseen=unseen)


def _end(question: Question, now: datetime) -> None:
    """The time is over: the default holds, and is told as what it is."""
    question.closed_at = now
    why_not = _why_no_default(question)
    if why_not:
        question.status, question.reason = Status.UNANSWERED, why_not
        question.save()
        note_ask(events.ASK_UNANSWERED, question, wake=True, reason=why_not)
        said = f"{question.name} (“{question.text}”) ended without an answer: {why_not}."
    else:
        question.status, question.answer = Status.DEFAULTED, question.default
        question.reason = "nobody answered in time"
        question.save()
        note_ask(events.ASK_DEFAULTED, question, wake=True, answer=question.answer)
        said = (
            f"Nobody answered {question.name} (“{question.text}”) in time. By default it is:"
            f" {question.answer}."
        )
    tell_asker(question, said)
    tell_asked_ones(question, said)


def _why_no_default(question: Question) -> str:
    """Why nothing holds now; "" where the default does. A policy may have come since."""
    if not question.default:
        return "nobody answered in time"
    if not question.about_action:
        return ""
    try:
        held = policies_over(Member.objects.get(pk=question.asker_id), question)
    except AppError:  # the act would be refused by now; who asked hears that when they try
        return ""
    if not held:
        return ""
    names = "”, “".join(held)
    return f"nobody did in time, and the policy “{names}” holds {question.about_action} by now"


TO_LOOK_AT = DueRows(rows=Question.objects.all, field="due_at", face="system", run=_look)
