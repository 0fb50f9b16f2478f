"""What messaging knows of a member that retires: questions.

Nobody is shown what they may not see because somebody else has left. A question passes to a
successor who can read the place where it was asked; elsewhere it is closed and its asker is told
whom to ask now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Count, F
from django.utils import timezone

from audit.ledger import record
from audit.topics import inbox_topic
from messaging import events, hot
from messaging.access import visible_channels
from messaging.models import Channel, Delivery, Question, Schedule
from messaging.services.notes import tell
from orgchart.holdings import (
    HandOver,
    Holding,
    HoldingKind,
    holding_kind,
)
from orgchart.models import Member

State = Schedule.State


# Questions that were asked of the member


def _asked_of(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = Question.objects.filter(
        closed_at=None,
        message__deleted_at=None,
        message__deliveries__recipient__in=member_ids,
        message__deliveries__round=0,
        message__deliveries__withdrawn_at=None,
    )
    found = rows.order_by().values_list("message__deliveries__recipient")
    return dict(found.annotate(number=Count("pk")))


def _questions_asked_of(member: Member) -> list[Question]:
    rows = Question.objects.filter(
        closed_at=None,
        message__deleted_at=None,
        message__deliveries__recipient=member,
        message__deliveries__round=0,
        message__deliveries__withdrawn_at=None,
    )
    return list(rows.select_related("message__channel", "asker").order_by("pk"))


def _questions_to_answer(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = Question.objects.filter(
        pk__in=[question.pk for question in _questions_asked_of(member)],
        message__channel__in=visible_channels(viewer),
    )
    rows = rows.select_related("asker", "message__channel").order_by("pk")[:limit]
    return [_question_held("question", row, f"of @{row.asker.handle}") for row in rows]


def _question_held(kind: str, row: Question, whose: str) -> Holding:
    channel = row.message.channel
    where = f"in #{channel.name}" if channel.name else "in a direct conversation"
    text = f"Question {row.pk} {whose} {where}"
    return Holding(kind, row.pk, text, f"/messages/{row.pk}/", row.due_at)


def _pass_questions_on(over: HandOver) -> None:
    readable = readable_by(over.successor)
    for question in _questions_asked_of(over.member):
        if question.asker_id == over.successor.pk:
            _close(over, question)
        elif question.message.channel_id in readable:
            _ask_instead(over, question)
        else:
            _send_back(over, question)
        _withdraw(over.member, question)


def readable_by(member: Member) -> set[int]:
    return set(visible_channels(member).values_list("pk", flat=True))


def _ask_instead(over: HandOver, question: Question) -> None:
    first = Delivery.objects.filter(message=question.message, recipient=over.member, round=0).get()
    Delivery.objects.update_or_create(
        message=question.message,
        recipient=over.successor,
        round=0,
        defaults={
            "reason": Delivery.Reason.DIRECT,
            "rank": first.rank,
            "stored_at": timezone.now(),
            "acknowledged_at": None,
            "withdrawn_at": None,
            "withdrawn_reason": "",
        },
    )
    _passed(over, question, over.successor, inbox_topic(over.successor.pk))


def _send_back(over: HandOver, question: Question) -> None:
    """The successor may not read it, so its asker hears whom to ask."""
    _close(over, question)
    tell(
        question.asker,
        f"@{over.member.handle} has retired without an answer to your question (message"
        f" {question.pk}). @{over.successor.handle} takes over: ask them, where they can read it.",
    )
    over.notes.append(
        f"Question {question.pk} of @{question.asker.handle} was asked where"
        f" @{over.successor.handle} cannot read; @{question.asker.handle} was told whom to ask."
    )


def _close(over: HandOver, question: Question) -> None:
    Question.objects.filter(pk=question.pk).update(closed_at=timezone.now())
    channel = Channel.objects.filter(pk=question.message.channel_id)
    channel.update(open_questions=F("open_questions") - 1)
    _passed(over, question, None)


def _withdraw(member: Member, question: Question) -> None:
    rows = Delivery.objects.filter(message=question.message, recipient=member, withdrawn_at=None)
    rows.update(withdrawn_at=timezone.now(), withdrawn_reason=Delivery.Withdrawn.LEFT)


def _passed(over: HandOver, question: Question, to: Member | None, *wakes: str) -> None:
    record(
        events.HANDED_OVER,
        actor=over.actor,
        target=f"message:{question.pk}",
        topics=[f"channel-{question.message.channel_id}", *wakes],
        data={
            "question": question.pk,
            "handle": over.member.handle,
            "to": f"@{to.handle}" if to else "nobody",
        },
    )


# Questions that the member asked


def _asked_by(member_ids: Collection[int]) -> Mapping[int, int]:
    rows = Question.objects.filter(closed_at=None, asker__in=member_ids).order_by()
    return dict(rows.values_list(F("asker")).annotate(number=Count("pk")))


def _answers_awaited(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = Question.objects.filter(closed_at=None, asker=member, message__deleted_at=None)
    rows = rows.filter(message__channel__in=visible_channels(viewer))
    rows = rows.select_related("message__channel").order_by("pk")[:limit]
    return [_question_held("awaited", row, "waits for an answer") for row in rows]


def _pass_awaited_on(over: HandOver) -> None:
    """The answer goes to the successor where they can read it and are not asked themselves;
    elsewhere nobody needs it any more."""
    readable = readable_by(over.successor)
    rows = Question.objects.filter(closed_at=None, asker=over.member).order_by("pk")
    for question in rows.select_related("message__channel", "asker"):
        asked = Delivery.objects.filter(message=question.message, recipient=over.successor, round=0)
        if question.message.channel_id not in readable or asked.exists():
            _close(over, question)
            continue
        Question.objects.filter(pk=question.pk).update(asker=over.successor)
        thread = question.message.thread_id or question.pk
        hot.follow(thread, {over.successor.pk}, returning=over.successor.pk)
        _passed(over, question, over.successor)


holding_kind(
    HoldingKind(
        "question", one="question to answer", many="questions to answer", relation="owes",
        items=_questions_to_answer, count=_asked_of, pass_on=_pass_questions_on,
    )
)  # fmt: skip
holding_kind(
    HoldingKind(
        "awaited", one="question without an answer yet", many="questions without an answer yet",
        items=_answers_awaited, count=_asked_by, pass_on=_pass_awaited_on, load=False,
    )
)  # fmt: skip
