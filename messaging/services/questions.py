"""Questions: what expects a reply stays open in both inboxes until it has one, and climbs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import Place, place_name, topics_of
from messaging.models import Channel, Delivery, Message, Question
from orgchart.models import Member
from orgchart.selectors import system_member
from orgchart.walls import seen_among
from teammcp.core.ticker import every

FIRST_STEP = timedelta(hours=4)  # after which those who were asked are reminded
NEXT_STEP = timedelta(hours=4)  # then their manager hears of it, then the manager's manager
SWEEP_SECONDS = 60
AT_ONCE = 50


def open_question(actor: Member, place: Place, message: Message, asked: list[int]) -> None:
    """Keep a message that expects a reply open, if it is for somebody. For sending only."""
    if not asked or actor.kind == Member.Kind.SYSTEM:
        return
    due_at = message.created_at + FIRST_STEP
    Question.objects.create(message=message, asker=actor, due_at=due_at)
    Channel.objects.filter(pk=place.channel.pk).update(open_questions=F("open_questions") + 1)


def settle_questions(actor: Member, place: Place, message: Message) -> None:
    """A message was stored: it answers what was asked of its author in this thread, or in this
    direct conversation. Asks the database only where something is open in the channel."""
    if place.thread is None and place.channel.kind != Channel.Kind.DIRECT:
        return
    if not place.channel.open_questions:
        return
    rows = Question.objects.filter(closed_at=None, message__channel=place.channel)
    rows = rows.filter(message__deliveries__recipient=actor).exclude(asker=actor)
    if place.thread is not None:
        rows = rows.filter(Q(message=place.thread) | Q(message__thread=place.thread))
    for question in rows.distinct():
        _close(question, place, actor, message)


def _close(question: Question, place: Place, actor: Member, message: Message) -> None:
    question.answer, question.closed_at = message, message.created_at
    question.save(update_fields=["answer", "closed_at"])
    Channel.objects.filter(pk=place.channel.pk).update(open_questions=F("open_questions") - 1)
    record(
        events.ANSWERED,
        actor=actor,
        target=f"message:{question.pk}",
        topics=topics_of(place.channel),
        data={
            "question": question.pk,
            "answer": message.pk,
            "where": place_name(place.channel),
        },
    )


@every(SWEEP_SECONDS)
def sweep() -> None:
    """Take the steps that are due now."""
    climb(timezone.now())


def climb(now: datetime) -> int:
    """Remind those who were asked, then their managers, one level at each step; how many questions
    took one. Each step is taken once, and nothing happens above the top."""
    due = Question.objects.filter(closed_at=None, due_at__lte=now).order_by("due_at")[:AT_ONCE]
    rows = list(due.select_related("message__channel", "asker"))
    for question in rows:
        _step(question, now)
    return len(rows)


def _step(question: Question, now: datetime) -> None:
    from messaging.services.notes import tell

    steps = question.steps
    taken = Question.objects.filter(pk=question.pk, steps=steps, closed_at=None)
    if not taken.update(steps=steps + 1, due_at=now + NEXT_STEP):
        return
    told = {member.pk: member for asked in _owing(question) if (member := _above(asked, steps))}
    told.pop(question.asker_id, None)
    for member in told.values():
        tell(member, _reminder(question, steps, member))
        record(
            events.CLIMBED,
            actor=system_member(),
            target=f"message:{question.pk}",
            topics=[f"member-{member.pk}", f"member-{question.asker_id}"],
            data={"question": question.pk, "handle": member.handle, "step": steps + 1},
        )
    if not told:  # above the top: it stays open, and nobody is left to tell
        Question.objects.filter(pk=question.pk).update(due_at=now + timedelta(days=36_500))


def _owing(question: Question) -> list[Member]:
    rows = Delivery.objects.filter(message=question.message, round=0)
    rows = rows.select_related("recipient__manager").exclude(recipient=question.asker)
    rows = rows.exclude(withdrawn_reason=Delivery.Withdrawn.LEFT)  # who has left is not asked
    return [row.recipient for row in rows if row.recipient.status == Member.Status.ACTIVE]


def _above(member: Member, levels: int) -> Member | None:
    """The member so many levels up the reporting line; nobody above its top."""
    for _ in range(levels):
        if member.manager is None:
            return None
        member = member.manager
    return member


def _reminder(question: Question, steps: int, member: Member) -> str:
    """What those who are told hear: a manager, who may not see the place, no word of the text, and
    no name from beyond a wall."""
    owing = _owing(question)
    known = seen_among(member, {question.asker_id, *(one.pk for one in owing)})
    asker = f"@{question.asker.handle}" if question.asker_id in known else "Somebody"
    asked = f"{asker} asked something (message {question.pk}) at"
    since = f"{asked} {question.message.created_at:%Y-%m-%d %H:%M} UTC"
    if steps == 0:
        return f"{since}; you have not answered: send(to='thread:{question.pk}', ...)."
    handles = ", ".join(f"@{one.handle}" for one in owing if one.pk in known)
    return f"{since}; {handles} has not answered. You are told as their manager."
