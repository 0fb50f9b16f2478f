"""Conditions on which a scheduled message is sent or not: "unless answered 91".

A register, so that an app above adds kinds of its own:

    @condition("when", "when T-12 is done", check=check_task)
    def when_done(author: Member, rest: str) -> Verdict: ...

The longest words win: "when answered 91" is not read as a task's.

`check` reads what stands after the words when the schedule is made, refuses with an AppError what
its author may not see, and gives it back in the form in which it is kept. The condition is asked at
each due time, again as the author.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.db.models import Q

from messaging.access import access_message
from messaging.models import Channel, Delivery, Message
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core.errors import Forbidden, InvalidInput


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition says at a due time, and the fact that it says so for."""

    what: Literal["send", "skip", "cancel"]
    """skip: not this time; cancel: never again"""
    cause: str = ""


Check = Callable[[Member, str], str]
Judge = Callable[[Member, str], Verdict]
SEND = Verdict("send")
CONDITION_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of condition: the words that it begins with, and who reads and judges the rest."""

    words: str
    example: str
    check: Check
    judge: Judge


_kinds: dict[str, Kind] = {}


def condition(words: str, example: str, *, check: Check) -> Callable[[Judge], Judge]:
    """Register the function that judges conditions which begin with these words."""

    def register(judge: Judge) -> Judge:
        if words in _kinds:
            raise RuntimeError(f"a second condition named {words}")
        _kinds[words] = Kind(words, example, check, judge)
        return judge

    return register


def examples() -> list[str]:
    """One condition of each kind, as it is written."""
    return [kind.example for kind in _kinds.values()]


def clean_condition(author: Member, text: str) -> str:
    """A condition in the form in which it is kept. Raises AppError, also for what the author may
    not see."""
    kind, rest = _parted(text)
    return f"{kind.words} {kind.check(author, rest)}"


def verdict_of(author: Member, text: str) -> Verdict:
    """What a kept condition says now. Raises AppError where its author may not ask any more."""
    kind, rest = _parted(text)
    return kind.judge(author, kind.check(author, rest))


def _parted(text: str) -> tuple[Kind, str]:
    plain = " ".join(text.split())
    for words in sorted(_kinds, key=len, reverse=True):
        if plain.lower().startswith(f"{words} "):
            return _kinds[words], plain[len(words) + 1 :]
    raise InvalidInput(
        f"{text[:60]!r} is no condition.",
        fields={"condition": "not a condition"},
        next=f"Write it like one of these: {'; '.join(examples())}.",
    )


# About messages

_ABOUT_A_MESSAGE = re.compile(r"#?(\d{1,18})(?: by @?(\S{1,40}))?", re.IGNORECASE | re.ASCII)


def _about(author: Member, rest: str) -> tuple[Message, Member | None]:
    """ "91 by @kay": the message, and who is meant. Raises AppError."""
    found = _ABOUT_A_MESSAGE.fullmatch(rest)
    if found is None:
        raise InvalidInput(
            f"{rest[:60]!r} names no message.",
            fields={"condition": "no message"},
            next="Give its id, and who is meant if not everybody: '91' or '91 by @kay'.",
        )
    message = access_message(actor=author, message_id=int(found[1]))
    return message, access_member(actor=author, handle=found[2]) if found[2] else None


def _kept(message: Message, who: Member | None) -> str:
    return f"{message.pk} by @{who.handle}" if who else str(message.pk)


def _check_message(author: Member, rest: str) -> str:
    return _kept(*_about(author, rest))


def _check_recipient(author: Member, rest: str) -> str:
    message, who = _about(author, rest)
    if message.author_id != author.pk and not author.has_scope("admin"):
        raise Forbidden(
            "Only its author sees whom this message reached.",
            next="Use 'when answered' instead.",
        )
    rows = Delivery.objects.filter(message=message, round=0)
    if not (rows.filter(recipient=who) if who else rows).exists():
        named = f"@{who.handle}" if who else "anybody"
        raise InvalidInput(
            f"Message {message.pk} was not for {named} to acknowledge.",
            fields={"condition": "nobody to acknowledge it"},
            next="list_deliveries shows for whom it is.",
        )
    return _kept(message, who)


def answer_to(message: Message, who: Member | None) -> Message | None:
    """The first message of somebody else after it in its thread, or in a direct conversation."""
    root = message.thread_id or message.pk
    place = Q(thread_id=root)
    if message.channel.kind == Channel.Kind.DIRECT:
        place |= Q(channel_id=message.channel_id)
    rows = Message.objects.filter(place, seq__gt=message.seq, deleted_at=None)
    rows = rows.exclude(author=message.author_id)
    if who is not None:
        rows = rows.filter(author=who)
    return rows.select_related("author").order_by("seq").first()


@condition("unless answered", "unless answered 91 by @kay", check=_check_message)
def unless_answered(author: Member, rest: str) -> Verdict:
    """Sent, unless the message has an answer by then: that ends the schedule."""
    answer = answer_to(*_about(author, rest))
    return Verdict("cancel", f"answered in {_by(answer)}") if answer else SEND


@condition("when answered", "when answered 91", check=_check_message)
def when_answered(author: Member, rest: str) -> Verdict:
    """Sent at due times at which the message has an answer."""
    message, who = _about(author, rest)
    if answer_to(message, who):
        return SEND
    return Verdict("skip", f"{message.pk} was not answered{_of(who)}")


@condition("when acknowledged", "when acknowledged 91 by @kay", check=_check_recipient)
def when_acknowledged(author: Member, rest: str) -> Verdict:
    """Sent at due times at which a recipient has acknowledged the message."""
    message, who = _about(author, rest)
    rows = Delivery.objects.filter(message=message, round=0, acknowledged_at__isnull=False)
    if (rows.filter(recipient=who) if who else rows).exists():
        return SEND
    return Verdict("skip", f"{message.pk} was not acknowledged{_of(who)}")


def _by(answer: Message) -> str:
    return f"{answer.pk} by @{answer.author.handle}"


def _of(who: Member | None) -> str:
    return f" by @{who.handle}" if who else ""
