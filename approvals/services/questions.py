"""Asking people what consents to nothing: who asks goes on, and is woken by the answer."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from approvals import events
from approvals.asks import access_question, own_seats, seats_for
from approvals.chart import Company
from approvals.groups import check_approvers
from approvals.models import Question
from approvals.schemas import (
    AnswerMinutes,
    AskDetail,
    AskedGroups,
    Cost,
    Default,
    Details,
    Options,
    QuestionRef,
    Reason,
    Text,
    Why,
    Wording,
)
from approvals.selectors.questions import ask_detail
from approvals.services.question_acts import about, check_free
from approvals.services.question_notes import note_ask, tell_asked_ones, tell_asker, tell_of
from approvals.services.question_times import next_look
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.context import current_call
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.plain import Plain
from teammcp.core.texts import clean_line, clean_text

Status = Question.Status
DAY = 24 * 60
FEWEST = 2  # options: one alone asks nothing


@action(scope="approvals:write")
def ask_question(
    *,
    actor: Member,
    question: Wording,
    asked: AskedGroups,
    options: Options = [],  # noqa: B006
    default: Default = "",
    answer_minutes: AnswerMinutes = DAY,
    cost: Cost = "medium",
    cost_reason: Why = "",
    details: Details = "",
    about_action: Why = "",
    arguments: Plain = {},  # noqa: B006
) -> AskDetail:
    """Ask people something and go on; the first answer wakes you.

    `asked`: "@ada", "manager", "department:ops". After `answer_minutes` the `default`, one of the
    `options` holds. `cost` of waiting sorts their queue; say why it is "high". An answer is no
    approval: `about_action` and `arguments` say what you mean to do. A default for what a policy
    holds is refused.
    """
    now = timezone.now()
    options = _options(options)
    row = Question(
        asker=actor,
        face=current_call().face,
        text=clean_line("question", question, required=True),
        details=clean_text("details", details).strip(),
        asked=_groups(actor, asked),
        options=options,
        default=_default(default, options),
        cost=cost,
        cost_reason=_cost_reason(cost, cost_reason),
        answer_by=now + timedelta(minutes=answer_minutes),
        created_at=now,
    )
    row.about_action, row.arguments = about(about_action.strip(), arguments)
    if row.default and row.about_action:
        check_free(actor, row)
    company = Company.load()
    seats = seats_for(row, company)
    if not seats:
        raise Conflict(
            f"Nobody is here who could answer that: {', '.join(row.asked)}.",
            next="Name somebody who is active and no observer, other than you: find_people.",
        )
    row.save()
    members = tell_of(row, company, seats)
    note_ask(
        events.ASK_OPENED, row, *members, actor=actor, asked=", ".join(row.asked), text=row.text,
        until=f"{row.answer_by:%Y-%m-%d %H:%M} UTC", options=row.options, default=row.default,
        answer_by=row.answer_by.isoformat(), cost=row.cost, about=row.about_action,
    )  # fmt: skip
    row.due_at = next_look(row, company)
    row.save(update_fields=["due_at"])
    return ask_detail(actor, row)


def _options(given: list[str]) -> list[str]:
    """Raises InvalidInput for options among which nobody could choose."""
    found = [clean_line("options", one, required=True) for one in given]
    if len(found) == 1:
        raise InvalidInput(
            "One option alone is no choice.", fields={"options": f"at least {FEWEST}, or none"},
            next="Give two to eight options, or none, so that any text answers it.",
        )  # fmt: skip
    if len({one.casefold() for one in found}) < len(found):
        raise InvalidInput(
            "Two of the options are the same.", fields={"options": "not different"},
            next="Give options that differ.",
        )  # fmt: skip
    return found


def _chosen(text: str, options: list[str]) -> str | None:
    """The option that a text names, whatever its capitals."""
    wanted = text.strip().casefold()
    return next((one for one in options if one.casefold() == wanted), None)


def _default(text: str, options: list[str]) -> str:
    if not text.strip():
        return ""
    found = _chosen(text, options)
    if found is None:
        raise InvalidInput(
            "The default is none of the options.", fields={"default": "no option"},
            next=f"Use one of {', '.join(map(repr, options))}, or no default."
            if options else "Give options with it, or no default: then it ends unanswered.",
        )  # fmt: skip
    return found


def _cost_reason(cost: str, text: str) -> str:
    """Everybody would be in a hurry, if nobody had to say why."""
    text = clean_line("cost_reason", text)
    if cost == "high" and not text:
        raise InvalidInput(
            "A high cost of waiting needs its reason.", fields={"cost_reason": "empty"},
            next="Say in a sentence what stands still, or use 'medium'.",
        )  # fmt: skip
    return text


def _groups(actor: Member, asked: list[str]) -> list[str]:
    found = list(dict.fromkeys(group.strip().lower() for group in asked))
    for group in found:
        check_approvers(actor, group, "asked")
    return found


# Answering


@action(scope="approvals:write")
def answer_question(
    *, actor: Member, question: QuestionRef, answer: Reason, comment: Text = ""
) -> AskDetail:
    """Answer a question that was put to you, with one of its options where it has some. It counts
    once, for everybody who was asked."""
    company = Company.load()
    row = access_question(actor=actor, question=question, lock=True, company=company)
    _check_open(row)
    seats = own_seats(row, actor, company)
    if not seats:
        own = " Who asks does not answer." if actor.pk == row.asker_id else ""
        raise Forbidden(
            f"{row.name} is not for you to answer: it is put to {', '.join(row.asked)}.{own}",
            next="Send what you know about it to who asked.",
        )
    row.answer = _answer(row, answer)
    row.comment = clean_text("comment", comment).strip()
    row.status, row.answered_by, row.seat_id = Status.ANSWERED, actor, seats[0].owner
    row.answer_face, row.closed_at, row.due_at = current_call().face, timezone.now(), None
    row.save()
    owner = company.members[seats[0].owner] if seats[0].owner != actor.pk else None
    note_ask(
        events.ASK_ANSWERED, row, actor.pk, *([owner.pk] if owner else []), actor=actor,
        on_behalf_of=owner, wake=True, answer=row.answer, comment=row.comment,
        standing_in=f" for @{owner.handle}" if owner else "",
    )  # fmt: skip
    said = f" “{row.comment}”" if row.comment else ""
    stood = f" for @{owner.handle}" if owner else ""
    tell_asker(
        row, f"@{actor.handle} answered {row.name}{stood} (“{row.text}”): {row.answer}.{said}"
    )
    return ask_detail(actor, row)


def _check_open(row: Question) -> None:
    if not row.is_open:
        by = f" by @{row.answered_by.handle}: {row.answer}" if row.answered_by else ""
        raise Conflict(
            f"{row.name} is {row.status} already{by}. Your answer was not counted.",
            next="list_asked_questions(which='waiting') shows what waits for you.",
            status=row.status,
            answer=row.answer,
        )
    if timezone.now() >= row.answer_by:
        raise Conflict(
            f"The time of {row.name} is over; your answer was not counted.",
            next=f"show_question(question='{row.name}') tells how it ends.",
            status=row.status,
        )


def _answer(row: Question, given: str) -> str:
    text = clean_text("answer", given, required=True).strip()
    if not row.options:
        return text
    found = _chosen(text, row.options)
    if found is None:
        raise InvalidInput(
            f"{text[:60]!r} is none of the options of {row.name}.",
            fields={"answer": "no option"},
            next=f"Answer one of {', '.join(map(repr, row.options))}; `comment` adds the rest.",
        )
    return found


@action(scope="approvals:write")
def withdraw_question(*, actor: Member, question: QuestionRef, reason: Text = "") -> AskDetail:
    """Take back what you asked, as long as nobody has answered."""
    row = access_question(actor=actor, question=question, lock=True)
    if actor.pk != row.asker_id:
        raise Forbidden(
            f"Only @{row.asker.handle} can withdraw {row.name}.",
            next=f"answer_question(question='{row.name}', answer=...) ends it too.",
        )
    if not row.is_open:
        raise Conflict(
            f"{row.name} is {row.status}; it can no longer be withdrawn.",
            next=f"show_question(question='{row.name}') tells how it ended.",
            status=row.status,
        )
    row.reason = clean_text("reason", reason).strip()
    row.status, row.closed_at, row.due_at = Status.WITHDRAWN, timezone.now(), None
    row.save()
    note_ask(events.ASK_WITHDRAWN, row, actor=actor, wake=True, reason=row.reason)
    why = f": “{row.reason}”" if row.reason else "."
    tell_asked_ones(row, f"@{actor.handle} withdrew {row.name} (“{row.text}”){why}")
    return ask_detail(actor, row)
