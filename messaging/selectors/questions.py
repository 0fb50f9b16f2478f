"""Reading what is asked and not answered yet."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Exists, OuterRef, Q

from messaging import hot
from messaging.access import direct_labels, visible_channels
from messaging.models import Channel, Delivery, Question
from messaging.schemas import QuestionOut, QuestionPage
from orgchart.models import Member
from orgchart.walls import seen_handles
from teammcp.core.actions import query

LEFT_NOT = ~Q(withdrawn_reason=Delivery.Withdrawn.LEFT)
"""Who has left the channel, or the company, is not asked any more."""


@query(scope="inbox:read")
def list_questions(*, actor: Member, limit: Annotated[int, Ge(1), Le(100)] = 20) -> QuestionPage:
    """Questions that are still open: those asked of you, and those that you asked; oldest first.

    A message with expects_reply is one, until somebody whom it is for answers it in its thread or
    in the same direct conversation. Acknowledging it does not close it.
    """
    found = open_questions(actor, limit + 1)
    return QuestionPage(items=found[:limit], more=len(found) > limit)


def open_questions(actor: Member, limit: int) -> list[QuestionOut]:
    """Those that concern one member, in channels that they may still see."""
    if not hot.has_open_question(actor.pk):
        return []
    of_me = Delivery.objects.filter(LEFT_NOT, message=OuterRef("pk"), recipient=actor, round=0)
    rows = Question.objects.filter(
        Q(asker=actor) | Q(Exists(of_me)),
        closed_at=None,
        message__deleted_at=None,
        message__channel__in=visible_channels(actor),
    )
    rows = rows.select_related("asker", "message__channel").order_by("pk")
    page = list(rows[:limit])
    if not page:
        return []
    direct = {q.message.channel for q in page if q.message.channel.kind == Channel.Kind.DIRECT}
    labels = direct_labels(direct, actor) if direct else {}
    asked: dict[int, list[str]] = {}
    deliveries = Delivery.objects.filter(LEFT_NOT, message__in=[q.pk for q in page], round=0)
    for pk, handle in deliveries.order_by("pk").values_list("message_id", "recipient__handle"):
        asked.setdefault(pk, []).append(handle)
    known = seen_handles(actor, [handle for handles in asked.values() for handle in handles])
    return [
        QuestionOut(
            message=question.pk,
            asked_by=question.asker.handle,
            of=[handle for handle in asked.get(question.pk, []) if handle in known],
            channel=labels.get(question.message.channel_id) or f"#{question.message.channel.name}",
            due_at=question.due_at,
            steps=question.steps,
        )
        for question in page
    ]
