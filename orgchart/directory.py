"""The directory: finding colleagues by what they are, can do and run on, and by who is there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.listening import connected_members
from orgchart.holdings import loads
from orgchart.models import Member
from orgchart.presence import AWAY_FOR, ELSEWHERE_FOR, WORDS, Word
from orgchart.recent import seen_members
from orgchart.schemas import MemberHit, MemberPage
from orgchart.selectors import access_member, near_words, veiled, visible_members
from orgchart.walls import seen_by
from teammcp.core.actions import query
from teammcp.core.errors import Conflict, NotFound

Said = Annotated[str, MaxLen(80)]
HERE: tuple[Word, ...] = ("online", "idle", "in a turn")  # the most available ones first
NAMED = 5  # whom a refusal names


@query(scope="org:read")
def find_people(
    *,
    actor: Member,
    query: Annotated[str, MaxLen(200)] = "",
    skill: Said = "",
    tool: Said = "",
    language: Said = "",
    model: Said = "",
    department: Annotated[str, MaxLen(60)] = "",
    manager: Annotated[str, MaxLen(60)] = "",
    presence: Literal["", "here", "in a turn", "online", "idle", "away", "off", "paused"] = "",
    status: Literal["", "active", "paused", "retired"] = "",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[str, MaxLen(40)] = "",
) -> MemberPage:
    """Find colleagues by any words about them, or by skill, tool, language, model, department,
    manager (their reports); no argument lists everybody.

    `presence` "here" leaves out who is away or off. Each hit says what they do, whether they are
    there, and how much they have in hand. Every word must match. The retired come only by status.
    """
    rows = visible_members(actor)
    rows = rows.filter(status=status) if status else rows.exclude(status=Member.Status.RETIRED)
    for word in query.split():
        rows = rows.filter(_about(word))
    for field, wanted in (("capabilities", skill), ("tools", tool), ("languages", language)):
        if wanted.strip():
            rows = rows.filter(_listed(field, wanted.strip()))
    if model.strip():
        rows = rows.filter(model__icontains=model.strip())
    if department:
        rows = rows.filter(department__slug=department.strip().removeprefix("dept:").lower())
    if manager:
        rows = rows.filter(manager=access_member(actor=actor, handle=manager))
    if presence:
        rows = rows.filter(_with_presence(presence))
    return _page(actor, rows, limit, after)


def _page(actor: Member, rows: QuerySet[Member], limit: int, after: str) -> MemberPage:
    rows = rows.filter(handle__gt=after)
    total = rows.count()
    page = list(rows.select_related("department", "manager").order_by("handle")[:limit])
    load = loads([member.pk for member in page])
    return MemberPage(
        items=veiled(actor, [MemberHit.of(member, load[member.pk]) for member in page]),
        remaining=total - len(page),
        cursor=page[-1].handle if total > len(page) else None,
    )


def _about(word: str) -> Q:
    return (
        Q(handle__icontains=word.removeprefix("@"))
        | Q(name__icontains=word)
        | Q(title__icontains=word)
        | Q(charter__icontains=word)
        | Q(model__icontains=word)
        | _mentioned(word)
    )


def _mentioned(word: str) -> Q:
    """In a list. They are kept as JSON: its own signs match nothing, SQLite escapes letters."""
    if not any(sign.isalnum() for sign in word):
        return Q()
    found = Q()
    for field in ("capabilities", "tools", "languages"):
        found |= _holding(field, word) | _holding(field, json.dumps(word)[1:-1])
    return found


def _holding(field: str, text: str) -> Q:
    return Q(**{f"{field}__icontains": text})


def _listed(field: str, word: str) -> Q:
    """As one whole entry of a list, in capitals or not."""
    plain = json.dumps(word, ensure_ascii=False)
    return _holding(field, plain) | _holding(field, json.dumps(word))


# Who is there


def _with_presence(word: str) -> Q:
    """Presence is in memory, so the few who may be there are looked at, and the rest is off."""
    if word == "paused":
        return Q(status=Member.Status.PAUSED)
    words = {member.pk: member.presence for member in maybe_here()}
    if word == "off":
        there = [pk for pk, found in words.items() if found != "off"]
        return ~Q(status=Member.Status.PAUSED) & ~Q(pk__in=there)
    wanted = HERE if word == "here" else (word,)
    return Q(pk__in=[pk for pk, found in words.items() if found in wanted])


def maybe_here() -> QuerySet[Member]:
    """All of whom there has been a sign of life lately. One query."""
    now = timezone.now()
    known = connected_members().union(seen_members())
    rows = Member.objects.exclude(kind=Member.Kind.SYSTEM).exclude(status=Member.Status.RETIRED)
    return rows.filter(
        Q(pk__in=known)
        | Q(last_active_at__gt=now - AWAY_FOR - timedelta(minutes=1))
        | Q(connected_at__gt=now - ELSEWHERE_FOR)
    )


def colleagues(actor: Member, limit: int) -> tuple[list[Member], bool]:
    """Some colleagues, those who are here first, and whether there are more. Two queries."""
    here = list(maybe_here().filter(seen_by(actor)).exclude(pk=actor.pk))
    others = visible_members(actor).exclude(status=Member.Status.RETIRED)
    others = others.exclude(pk__in=[actor.pk, *(member.pk for member in here)])
    found = [*here, *others.order_by("handle")[: limit + 1]]
    found.sort(key=lambda member: (WORDS.index(member.presence), member.name.lower()))
    return found[:limit], len(found) > limit


# Whom a skill means


def best_for(actor: Member, skill: str) -> Member:
    """The one colleague whom `skill:NAME` means: with that skill, here now, with the least in hand.

    Who is in a turn comes after those who are not. Raises NotFound with the skills that are like
    it; Conflict, naming the candidates, where none of them is here.
    """
    wanted = skill.strip().lower()
    rows = visible_members(actor).exclude(status=Member.Status.RETIRED)
    rows = rows.exclude(authority=Member.Authority.OBSERVER).exclude(pk=actor.pk)
    found = list(rows.filter(_listed("capabilities", wanted)).order_by("handle")) if wanted else []
    if not found:
        raise _nobody(actor, wanted)
    words = {member.pk: member.presence for member in found}
    here = [member for member in found if words[member.pk] in HERE]
    if not here:
        raise _nobody_here(wanted, found, words)
    load = loads([member.pk for member in here])

    def rank(member: Member) -> tuple[bool, int, str]:
        return words[member.pk] == "in a turn", sum(load[member.pk].values()), member.handle

    return min(here, key=rank)


def _nobody(actor: Member, wanted: str) -> NotFound:
    lists = visible_members(actor).exclude(status=Member.Status.RETIRED)
    known: dict[str, None] = {}
    for skills in lists.values_list("capabilities", flat=True)[:2_000]:
        known.update(dict.fromkeys(str(skill) for skill in skills))
    near = near_words(wanted, known)
    return NotFound(
        f"Nobody has the skill {wanted[:40]!r}.",
        next=f"Did you mean {' or '.join(f'skill:{word}' for word in near)}?"
        if near
        else "find_people shows what everybody can do.",
        near=near,
    )


def _nobody_here(wanted: str, found: list[Member], words: dict[int, Any]) -> Conflict:
    names = [f"@{member.handle} ({words[member.pk]})" for member in found[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return Conflict(
        f"Nobody with the skill {wanted!r} is here now: {', '.join(names)}{more}.",
        next=f"Write to one by name, such as '@{found[0].handle}': it waits in their inbox.",
        candidates=names,
    )
