"""The page of a question: what is asked, what holds otherwise, a form for each option; and the form
by which somebody asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict

from approvals import services
from approvals.schemas import AskDetail
from approvals.views.diffs import given_in
from approvals.views.words import action_words
from orgchart.faces import faces_of
from orgchart.models import Department, Member
from orgchart.selectors import visible_members
from teammcp.core.actions import Action
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    form_values,
    go,
    page,
    page_or_part,
    signed_in,
)

HANDLES = 200
DIGITS = 5
UNITS = {"minutes": 1, "hours": 60, "days": 1440}
COSTS = {
    "low": "Little: it can wait",
    "medium": "Something, as usual",
    "high": "Much: work stands still",
}


@signed_in
def show(request: WebRequest, *, number: int, refused: Refused | None = None) -> HttpResponse:
    """The page, which counts as shown to its reader; for htmx the part that follows it."""
    found = services.show_question(actor=request.user, question=f"Q-{number}")
    context = _context(request.user, found, number)
    context |= {"refused": refused, "kept": refused.kept if refused else {}}
    return page_or_part(request, "approvals/question.html", context)


def _context(actor: Member, found: AskDetail, number: int) -> dict[str, Any]:
    waits = [handle.removeprefix("@") for handle in found.waits_for]
    seen = [one.member for one in found.showings]
    given, _ = given_in(found.about_action or "", found.arguments, actor, live=False)
    return {
        "found": found,
        "number": number,
        "asks": action_words(found.about_action or ""),
        "given": given,
        "open": found.status == "open",
        "mine": actor.handle == found.asker,
        "unseen": [handle for handle in waits if handle not in seen],
        "faces": faces_of([found.asker, found.answered_by, found.answering_for, *waits, *seen]),
    }


def _question(*, number: int) -> dict[str, Any]:
    return {"question": f"Q-{number}"}


def _done(request: WebRequest, answer: Any, *, number: int) -> HttpResponse:
    return changed(request, f"/approvals/questions/{number}/", f"ask-{number}", "approvals")


answer = by_method(
    post=action_form(services.answer_question, done=_done, again=show, given=_question)
)
withdraw = by_method(
    post=action_form(services.withdraw_question, done=_done, again=show, given=_question)
)


# Asking


@signed_in
def draw(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """An empty form, or what was typed into it."""
    kept = dict(refused.kept) if refused else {"within": "1", "unit": "days", "cost": "medium"}
    handles = visible_members(request.user).exclude(pk=request.user.pk).order_by("handle")
    context = {
        "refused": refused,
        "fields": refused.fields if refused else {},
        "kept": kept,
        "units": UNITS,
        "costs": COSTS,
        "may_ask": request.user.has_scope("approvals:write"),
        "groups": [
            *(f"@{handle}" for handle in handles.values_list("handle", flat=True)[:HANDLES]),
            *(f"authority:{name}" for name in ("owner", "admin")),
            *(f"department:{slug}" for slug in Department.objects.values_list("slug", flat=True)),
            "manager",
        ],
    }
    return page(request, "approvals/ask.html", context)


def _typed(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """The arguments of ask_question: options are lines, and the time has a unit."""
    named = ("question", "details", "asked", "default", "cost", "cost_reason")
    chosen = QueryDict(mutable=True)
    for name in form.keys() & set(named):
        chosen.setlist(name, form.getlist(name))
    values = form_values(action, chosen)
    lines = [line.strip() for text in form.getlist("options") for line in text.splitlines()]
    values["options"] = [line for line in lines if line]
    if within := form.get("within", ""):
        plain = within.isascii() and within.isdecimal() and len(within) <= DIGITS
        size = UNITS.get(form.get("unit", ""), 1)
        values["answer_minutes"] = int(within) * size if plain else within
    return values


def _asked(request: WebRequest, answer: AskDetail) -> HttpResponse:
    return go(request, f"/approvals/questions/{answer.id.removeprefix('Q-')}/")


ask = by_method(get=draw, post=action_form(services.ask_question, done=_asked, again=draw,
                                           read=_typed))  # fmt: skip
