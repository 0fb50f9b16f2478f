"""A long thread in few words, its own: an extract with the id of every message, without a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge, Le
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from messaging.access import access_message, channel_label
from messaging.budget import shorten, tokens_in
from messaging.models import Delivery, Follow, Message, Reaction
from messaging.responses import Cited, ThreadSummary
from messaging.selectors.messages import RowId
from orgchart.models import Member
from teammcp.core.actions import query

CITED = 20  # of one kind at the most
PEOPLE = 20
SHARES = {"opening": 0.2, "decisions": 0.25, "open_questions": 0.2, "latest": 0.35}
OVERHEAD = 30  # tokens of an item beside its text
LEAST = 8  # tokens of text that are worth an item


@query(scope="messages:read")
def summarise_thread(
    *,
    actor: Member,
    thread: RowId,
    last: Annotated[int, Ge(1), Le(20)] = 5,
    max_tokens: Annotated[int, Ge(200), Le(20_000)] = 1_500,
) -> ThreadSummary:
    """A long thread as an extract: its opening, decisions, open questions and last messages.

    `thread` is the id of any message in it. Everything is quoted with its message id; nothing is
    made up. Long messages are shortened to stay within `max_tokens`.
    """
    message = access_message(actor=actor, message_id=thread)
    root = message.thread_id or message.pk
    rows = Message.objects.filter(Q(pk=root) | Q(thread=root)).select_related("author")
    opening = rows.get(pk=root)
    said = rows.exclude(pk=root).filter(deleted_at=None)
    decisions = _newest(_decisions(said))
    questions = _newest(_unanswered(rows.filter(deleted_at=None), root))
    above = {row.pk for row in (*decisions, *questions)}
    parts = _cited(
        max_tokens,
        opening=[opening],
        decisions=decisions,
        open_questions=questions,
        latest=[row for row in _newest(said, last) if row.pk not in above],
    )
    shown = {cited.id for part in parts.values() for cited in part}
    return ThreadSummary(
        thread=root,
        channel=channel_label(message.channel, actor),
        replies=opening.reply_count,
        people=_people(rows),
        opening=parts["opening"][0],
        decisions=parts["decisions"],
        open_questions=parts["open_questions"],
        latest=parts["latest"],
        left_out=max(0, 1 + opening.reply_count - len(shown)),
    )


def follows(actor: Member, thread: int) -> bool:
    """Whether the replies of this thread come into the actor's inbox."""
    return Follow.objects.filter(thread=thread, member=actor, left_at=None).exists()


def _newest(rows: QuerySet[Message], limit: int = CITED) -> list[Message]:
    return list(rows.order_by("-seq")[:limit])


def _decisions(rows: QuerySet[Message]) -> QuerySet[Message]:
    marked = Reaction.objects.filter(message=OuterRef("pk"), emoji="✅")
    said = Q(body__istartswith="decision:") | Q(body__istartswith="**decision")
    return rows.filter(Q(pinned_at__isnull=False) | said | Exists(marked))


def _unanswered(rows: QuerySet[Message], root: int) -> QuerySet[Message]:
    """Questions after which none of those who were asked by name has written, or, where nobody
    was, nobody but the author."""
    asked = Delivery.objects.filter(message=OuterRef("pk"), reason__in=["mention", "direct"])
    after = Message.objects.filter(thread=root, seq__gt=OuterRef("seq"), deleted_at=None)
    others = after.exclude(author=OuterRef("author"))
    named = Delivery.objects.filter(
        message=OuterRef(OuterRef("pk")), reason__in=["mention", "direct"]
    )
    answers = after.filter(author__in=named.values("recipient"))
    open_to_all = ~Exists(asked) & ~Exists(others)
    return rows.filter(expects_reply=True).filter(
        Q(open_to_all) | Q(Exists(asked) & ~Exists(answers))
    )


def _people(rows: QuerySet[Message]) -> list[str]:
    counted = rows.values("author__handle").annotate(said=Count("pk")).order_by("-said", "author")
    return [row["author__handle"] for row in counted[:PEOPLE]]


def _cited(max_tokens: int, **parts: list[Message]) -> dict[str, list[Cited]]:
    """The messages of each part, newest first, as far as its share goes and what others left of
    theirs; given back in their order."""
    found: dict[str, list[Cited]] = {}
    over = 0.0
    for name, messages in parts.items():
        room = over + max_tokens * SHARES[name]
        found[name], over = _fitting(messages, room, always=name in {"opening", "latest"})
    return found


def _fitting(
    messages: Iterable[Message], room: float, *, always: bool
) -> tuple[list[Cited], float]:
    messages = list(messages)
    cited: list[Cited] = []
    for position, message in enumerate(messages):
        fair = room / min(3, len(messages) - position)  # one long message leaves room for two more
        most = int(fair) - OVERHEAD
        if most < LEAST and not (always and not cited):
            break
        cited.append(_cite(message, max(most, LEAST)))
        room -= OVERHEAD + tokens_in(cited[-1].body)
    return cited[::-1], max(0.0, room)


def _cite(message: Message, most: int) -> Cited:
    body = shorten(message.text, most)
    return Cited(
        id=message.pk,
        seq=message.seq,
        author=message.author.handle,
        author_kind=message.author_kind,
        created_at=message.created_at,
        body=body,
        cut=True if body != message.text else None,
    )
